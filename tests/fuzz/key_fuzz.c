// SPDX-License-Identifier: MIT
// key_fuzz.c - NAL units and VOPs of key packets.
//
// The first byte chooses the codec, the next two cut the rest into extradata
// and packet. A packet in memory and the same one read from a file must give
// the same answer where both are told by lengths.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/media/probe_key.h"
#include "reeld/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct probe_packet classify(const AVCodecParameters *codec,
                                    const struct key_bytes *bytes)
{
    struct probe_stream s = {.rule = codec_rule_of(codec->codec_id)};
    struct probe_packet one = {0};
    probe_classify(&s, codec, bytes, &one);
    buf_done(&s.sets.known);
    if (one.is_idr && one.key != KEY_CLEAN)
        abort();
    return one;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum AVCodecID codecs[] = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC,
                                            AV_CODEC_ID_MPEG4,
                                            AV_CODEC_ID_MPEG2VIDEO};
    if (size < 4)
        return 0;
    size_t rest = size - 3;
    size_t extra = (size_t)(data[1] << 8 | data[2]) % rest;
    uint8_t *copy = malloc(rest + 1);
    memcpy(copy, data + 3, rest);
    AVCodecParameters codec = {.codec_id = codecs[data[0] % 4],
                               .extradata = copy,
                               .extradata_size = (int)extra};
    scoped(fd) int fd = memfd_create("packet", MFD_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, copy, rest) != OK)
        abort();
    struct key_bytes memory = {.memory = copy + extra,
                               .size_bytes = (int64_t)(rest - extra)};
    struct key_bytes file = {.fd = fd,
                             .position = (int64_t)extra,
                             .size_bytes = (int64_t)(rest - extra)};
    struct probe_packet a = classify(&codec, &memory);
    struct probe_packet b = classify(&codec, &file);
    bool has_lengths = extra >= 23 && copy[0] == 1 && data[0] % 4 < 2;
    if (has_lengths && (a.key != b.key || a.is_idr != b.is_idr))
        abort();
    free(copy);
    return 0;
}
