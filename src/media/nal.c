// SPDX-License-Identifier: MIT
// nal.c - H.264 NAL units: taken apart, put behind lengths, put into avcC.
#include "nal.h"

#include <string.h>

struct nal_walk nal_walk_over(const uint8_t *bytes, size_t len, int length_size)
{
    return (struct nal_walk){bytes, bytes ? bytes + len : NULL, length_size};
}

// The first 00 00 01 at or after `at`, or `end`.
static const uint8_t *start_code(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 3) {
        const uint8_t *one = memchr(at + 2, 1, (size_t)(end - at - 2));
        if (!one)
            return end;
        if (one[-1] == 0 && one[-2] == 0)
            return one - 2;
        at = one - 1;
    }
    return end;
}

static bool next_annex_b(struct nal_walk *w, struct nal *ret)
{
    for (;;) {
        const uint8_t *from = start_code(w->at, w->end);
        if (from == w->end)
            return false;
        from += 3;
        const uint8_t *to = start_code(from, w->end);
        w->at = to;
        while (to > from && to[-1] == 0) // trailing_zero_8bits, Annex B.1
            to--;
        if (to == from)
            continue;
        *ret = (struct nal){from, (size_t)(to - from)};
        return true;
    }
}

bool nal_next(struct nal_walk *w, struct nal *ret)
{
    if (w->length_size == 0)
        return next_annex_b(w, ret);
    while (w->end - w->at >= w->length_size) {
        size_t len = 0;
        for (int i = 0; i < w->length_size; i++)
            len = len << 8 | *w->at++;
        if (len > (size_t)(w->end - w->at)) {
            w->at = w->end;
            return false;
        }
        *ret = (struct nal){w->at, len};
        w->at += len;
        if (len > 0)
            return true;
    }
    return false;
}

int nal_length_size(const uint8_t *extradata, size_t len)
{
    if (len < 7 || extradata[0] != 1)
        return 0;
    return (extradata[4] & 3) + 1;
}

void nal_write_sample(struct nal_walk w, bool drop_sei, struct buf *out)
{
    struct nal n;
    while (nal_next(&w, &n)) {
        unsigned type = nal_type_of(n);
        if (type == NAL_SPS || type == NAL_PPS || type == NAL_AUD ||
            type == NAL_FILLER || type == NAL_SPS_EXTENSION ||
            (drop_sei && type == NAL_SEI))
            continue;
        buf_u32(out, (uint32_t)n.len);
        buf_add(out, n.bytes, n.len);
    }
}

uint16_t nal_read_ue(const uint8_t *bytes, int64_t len)
{
    int64_t bits = len * 8, at = 0;
    int zeros = 0;
    while (at < bits && zeros <= 16 && !(bytes[at / 8] >> (7 - at % 8) & 1)) {
        zeros++;
        at++;
    }
    if (zeros > 16 || at + 1 + zeros > bits)
        return UINT16_MAX;
    uint32_t value = 0;
    for (int i = 0; i <= zeros; i++, at++)
        value = value << 1 | (bytes[at / 8] >> (7 - at % 8) & 1);
    return value - 1 > UINT16_MAX ? UINT16_MAX : (uint16_t)(value - 1);
}

bool nal_has_set_id(struct nal_walk w, unsigned id)
{
    struct nal n;
    while (nal_next(&w, &n)) {
        unsigned type = nal_type_of(n);
        // Behind the header; an SPS has profile, constraints and level first.
        size_t at = type == NAL_SPS ? 4 : 1;
        if ((type == NAL_SPS || type == NAL_PPS) && n.len > at &&
            nal_read_ue(n.bytes + at, (int64_t)(n.len - at)) == id)
            return true;
    }
    return false;
}

void nal_unpack_avcc(const uint8_t *extradata, size_t len, struct buf *to)
{
    if (nal_length_size(extradata, len) == 0) {
        buf_add(to, extradata, len);
        return;
    }
    // 14496-15 clause 5.3.3.1.2: SPS, PPS, each list behind its count.
    const uint8_t *at = extradata + 5;
    const uint8_t *end = extradata + len;
    for (int list = 0; list < 2 && at < end; list++) {
        unsigned count = list == 0 ? *at & 31u : *at;
        at++;
        for (unsigned i = 0; i < count && end - at >= 2; i++) {
            size_t bytes = (size_t)(at[0] << 8 | at[1]);
            at += 2;
            if (bytes > (size_t)(end - at))
                return;
            buf_add(to, "\0\0\1", 3);
            buf_add(to, at, bytes);
            at += bytes;
        }
    }
}

enum { SPS_MAX = 31, PPS_MAX = 255, SET_BYTES_MAX = 65535 };

// Appends the units of one type, each behind its length; tells how many. The
// same unit is taken once: streams repeat their parameter sets.
static unsigned write_sets(struct nal_walk w, unsigned type, unsigned most,
                           struct buf *out)
{
    struct nal taken[PPS_MAX];
    unsigned count = 0;
    struct nal n;
    while (count < most && nal_next(&w, &n)) {
        bool is_new = nal_type_of(n) == type && n.len >= 4 - (type == NAL_PPS);
        for (unsigned i = 0; i < count && is_new; i++)
            is_new = taken[i].len != n.len ||
                     memcmp(taken[i].bytes, n.bytes, n.len) != 0;
        if (!is_new || n.len > SET_BYTES_MAX)
            continue;
        buf_u16(out, (uint16_t)n.len);
        buf_add(out, n.bytes, n.len);
        taken[count++] = n;
    }
    return count;
}

static bool has_chroma_fields(uint8_t profile)
{
    return profile == 100 || profile == 110 || profile == 122 || profile == 144;
}

// Profile, constraints that all keep, level; of SPS alone.
static void write_profile(struct nal_walk w, struct buf *out, uint8_t *ret)
{
    uint8_t profile = 0, constraints = 0xFF, level = 0;
    struct nal n;
    while (nal_next(&w, &n)) {
        profile = n.bytes[1] > profile ? n.bytes[1] : profile;
        constraints &= n.bytes[2];
        level = n.bytes[3] > level ? n.bytes[3] : level;
    }
    buf_u8(out, profile);
    buf_u8(out, constraints);
    buf_u8(out, level);
    *ret = profile;
}

enum err nal_write_avcc(struct nal_walk w, struct buf *out)
{
    enum { SETS_BYTES_MAX = 1 << 20 };
    scoped(buf) struct buf sps, pps;
    buf_init(&sps, SETS_BYTES_MAX);
    buf_init(&pps, SETS_BYTES_MAX);
    unsigned sps_count = write_sets(w, NAL_SPS, SPS_MAX, &sps);
    unsigned pps_count = write_sets(w, NAL_PPS, PPS_MAX, &pps);
    if (sps_count == 0 || pps_count == 0)
        return fail(ERR_BAD_INPUT, "no parameter sets");
    TRY(buf_end(&sps));
    TRY(buf_end(&pps));
    buf_u8(out, 1);
    uint8_t profile;
    // Of those that stand in the record, not of a 32nd.
    write_profile(nal_walk_over(sps.bytes, sps.len, 2), out, &profile);
    buf_u8(out, 0xFC | 3); // lengths of four bytes
    buf_u8(out, (uint8_t)(0xE0 | sps_count));
    buf_str(out, buf_view(&sps));
    buf_u8(out, (uint8_t)pps_count);
    buf_str(out, buf_view(&pps));
    if (has_chroma_fields(profile)) {
        buf_u8(out, 0xFC | 1); // 4:2:0
        buf_u8(out, 0xF8);     // 8 bits of luma
        buf_u8(out, 0xF8);     // 8 bits of chroma
        buf_u8(out, 0);        // no SPS extensions
    }
    return OK;
}
