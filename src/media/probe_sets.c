// SPDX-License-Identifier: MIT
// probe_sets.c - the parameter sets that a container has of H.264.
#include "probe.h"

#include <string.h>

#include "nal.h"

enum { SETS_BYTES_MAX = 64 << 10 };

void probe_read_sets(const AVCodecParameters *codec, struct buf *ret)
{
    buf_init(ret, SETS_BYTES_MAX);
    if (codec->codec_id == AV_CODEC_ID_H264 && codec->extradata_size > 0)
        nal_unpack_avcc(codec->extradata, (size_t)codec->extradata_size, ret);
}

bool probe_find_sps(const AVCodecParameters *codec, uint8_t ret[static 4])
{
    scoped(buf) struct buf sets;
    probe_read_sets(codec, &sets);
    struct nal_walk walk = nal_walk_over(sets.bytes, sets.len, 0);
    struct nal n;
    while (nal_next(&walk, &n)) {
        if (nal_type_of(n) != NAL_SPS || n.len < 4)
            continue;
        memcpy(ret, n.bytes, 4);
        return true;
    }
    return false;
}
