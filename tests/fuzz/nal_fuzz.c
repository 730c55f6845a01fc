// SPDX-License-Identifier: MIT
// nal_fuzz.c - samples and parameter sets of H.264, ADTS headers of AAC.
//
// The first byte says how long the lengths before units are (0: Annex B). What
// is written from a sample must be whole units behind four bytes each, none of
// those that have no place in a sample; an avcC that is written must be read
// again to the same avcC.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/media/aac.h"
#include "../../src/media/nal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SAMPLE_BYTES_MAX = 1 << 20 };

static void check_sample(struct nal_walk w)
{
    scoped(buf) struct buf out;
    buf_init(&out, SAMPLE_BYTES_MAX);
    nal_write_sample(w, true, &out);
    if (buf_end(&out) != OK)
        return;
    struct nal_walk again = nal_walk_over(out.bytes, out.len, 4);
    struct nal n;
    size_t bytes = 0;
    while (nal_next(&again, &n)) {
        unsigned type = nal_type_of(n);
        if (type == NAL_SPS || type == NAL_PPS || type == NAL_AUD ||
            type == NAL_SEI)
            abort();
        bytes += 4 + n.len;
    }
    if (bytes != out.len)
        abort();
}

static void check_avcc(struct nal_walk w)
{
    scoped(buf) struct buf first, sets, second;
    buf_init(&first, SAMPLE_BYTES_MAX);
    buf_init(&sets, SAMPLE_BYTES_MAX);
    buf_init(&second, SAMPLE_BYTES_MAX);
    if (nal_write_avcc(w, &first) != OK || buf_end(&first) != OK)
        return;
    if (nal_length_size(first.bytes, first.len) != 4)
        abort();
    // Start codes inside a unit that stood behind a length would be taken for
    // other units: only Annex B comes back as it was.
    if (w.length_size != 0)
        return;
    nal_unpack_avcc(first.bytes, first.len, &sets);
    if (nal_write_avcc(nal_walk_over(sets.bytes, sets.len, 0), &second) != OK ||
        second.len != first.len ||
        memcmp(first.bytes, second.bytes, first.len) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    int length_size = data[0] % 5;
    size_t len = size - 1;
    // Its own memory, so that reading past the end is seen.
    uint8_t *bytes = malloc(len + 1);
    memcpy(bytes, data + 1, len);
    check_sample(nal_walk_over(bytes, len, length_size));
    check_avcc(nal_walk_over(bytes, len, length_size));
    scoped(buf) struct buf sets;
    buf_init(&sets, SAMPLE_BYTES_MAX);
    nal_unpack_avcc(bytes, len, &sets);
    size_t header = aac_adts_header(bytes, len);
    uint8_t config[AAC_CONFIG_BYTES];
    if (header > 0)
        aac_config_of_adts(bytes, config);
    if (header >= len && header > 0)
        abort();
    free(bytes);
    return 0;
}
