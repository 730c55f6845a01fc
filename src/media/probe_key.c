// SPDX-License-Identifier: MIT
// probe_key.c - NAL unit types of H.264 and HEVC key packets.
//
// Only the heads of the units are needed, so for packets whose data was not
// fetched a small window is read from the file. Clause numbers are of ITU-T
// H.264 and H.265.
#include "probe_key.h"

#include <string.h>

#include "input_vop.h"
#include "nal.h"
#include "reeld/base/fd.h"

enum {
    WINDOW_BYTES = 4096,
    UNITS_MAX = 512, // before the first slice of a picture
    SEI_RECOVERY_POINT = 6,
};

enum hevc_type { // H.265 table 7-1
    HEVC_SLICE_LAST = 31,
    HEVC_BLA_FIRST = 16,
    HEVC_IDR_LAST = 20,
    HEVC_CRA = 21,
};

struct window {
    const struct key_bytes *from;
    uint8_t read[WINDOW_BYTES];
    const uint8_t *bytes; // of [at, at + len)
    int64_t at, len;
};

// Makes `len` bytes at `at` of the packet visible, fewer at its end.
static bool show(struct window *w, int64_t at, int64_t len)
{
    const struct key_bytes *from = w->from;
    int64_t rest = from->size_bytes - at;
    if (rest <= 0)
        return false;
    len = min_i64(len, rest);
    if (at >= w->at && at + len <= w->at + w->len)
        return true;
    if (from->memory) {
        *w = (struct window){
            .from = from, .bytes = from->memory, .len = from->size_bytes};
        return true;
    }
    w->at = at;
    w->len = min_i64(WINDOW_BYTES, rest);
    w->bytes = w->read;
    if (fd_pread_all(from->fd, w->read, (size_t)w->len, from->position + at) ==
        OK)
        return true;
    w->len = 0;
    return false;
}

struct unit {
    const uint8_t *bytes;
    int64_t len;  // what the stream says
    int64_t have; // what is visible
};

// The next unit behind a length of `length_size` bytes.
static bool next_unit(struct window *w, int64_t *at, int length_size,
                      struct unit *ret)
{
    if (!show(w, *at, length_size + 1))
        return false;
    int64_t len = 0;
    for (int i = 0; i < length_size; i++) {
        if (*at + i >= w->at + w->len)
            return false;
        len = len << 8 | w->bytes[*at + i - w->at];
    }
    *at += length_size;
    if (len < 1 || len > w->from->size_bytes - *at ||
        !show(w, *at, min_i64(len, WINDOW_BYTES)))
        return false;
    ret->bytes = w->bytes + (*at - w->at);
    ret->len = len;
    ret->have = min_i64(len, w->at + w->len - *at);
    *at += len;
    return true;
}

static bool has_set(const struct buf *known, struct unit u)
{
    struct nal_walk walk = nal_walk_over(known->bytes, known->len, 0);
    struct nal n;
    while (nal_next(&walk, &n))
        if (n.len == (size_t)u.len && memcmp(n.bytes, u.bytes, n.len) == 0)
            return true;
    return false;
}

// The init of a copied rung carries the sets of the extradata alone.
static void note_set(struct probe_sets *sets, struct unit u)
{
    while (u.len == u.have && u.len > 1 && u.bytes[u.len - 1] == 0)
        u.have = --u.len; // trailing zeros, Annex B.1
    if (u.len > u.have || !has_set(&sets->known, u))
        sets->has_changed = true;
}

// recovery_frame_cnt of a recovery point message, D.1.8; else `otherwise`.
static uint16_t read_sei(struct unit u, uint16_t otherwise)
{
    int64_t at = 1;
    while (at + 2 <= u.have && u.bytes[at] != 0x80) {
        int64_t number[2] = {0, 0}; // payload type and size
        for (int i = 0; i < 2; i++) {
            while (at < u.have && u.bytes[at] == 0xff) {
                number[i] += 0xff;
                at++;
            }
            if (at >= u.have)
                return otherwise;
            number[i] += u.bytes[at++];
        }
        if (number[0] == SEI_RECOVERY_POINT)
            return nal_read_ue(u.bytes + at, min_i64(number[1], u.have - at));
        at += number[1];
    }
    return otherwise;
}

// True: the first slice was seen, nothing more is to be learnt.
static bool note_h264(struct probe_stream *s, struct unit u,
                      struct probe_packet *ret)
{
    switch (u.bytes[0] & 31) {
    case NAL_IDR:
        ret->key = KEY_CLEAN;
        ret->is_idr = true;
        return true;
    case NAL_SLICE:
    case 2: // data partition A
        return true;
    case NAL_SEI:
        ret->recovery = read_sei(u, ret->recovery);
        return false;
    case NAL_SPS:
    case NAL_PPS:
        note_set(&s->sets, u);
        return false;
    default:
        return false;
    }
}

static bool note_hevc(struct unit u, struct probe_packet *ret)
{
    int type = u.bytes[0] >> 1 & 63;
    if (type > HEVC_SLICE_LAST)
        return false;
    if (type >= HEVC_BLA_FIRST && type <= HEVC_IDR_LAST)
        ret->key = KEY_CLEAN;
    return true;
}

static bool note_unit(struct probe_stream *s, struct unit u,
                      struct probe_packet *ret)
{
    return s->rule->entry == ENTRY_H264 ? note_h264(s, u, ret)
                                        : note_hevc(u, ret);
}

static int length_size_of(const AVCodecParameters *codec)
{
    const uint8_t *extra = codec->extradata;
    size_t len = (size_t)max_i64(codec->extradata_size, 0);
    if (codec->codec_id == AV_CODEC_ID_H264)
        return nal_length_size(extra, len);
    // hvcC, 14496-15 clause 8.3.3.1.2.
    return len >= 23 && extra[0] == 1 ? (extra[21] & 3) + 1 : 0;
}

static void learn_sets(struct probe_stream *s, const AVCodecParameters *codec)
{
    if (s->sets.known.limit == 0)
        probe_read_sets(codec, &s->sets.known);
}

void probe_classify(struct probe_stream *s, const AVCodecParameters *codec,
                    const struct key_bytes *bytes, struct probe_packet *ret)
{
    ret->key = s->rule->entry == ENTRY_EXACT ? KEY_CLEAN : KEY_OPEN;
    // AVI's index calls empty pictures keys, and others, too.
    if (s->rule->id == AV_CODEC_ID_MPEG4 && bytes->memory &&
        !input_vop_is_intra(bytes->memory, (size_t)bytes->size_bytes))
        ret->key = KEY_NONE;
    if (s->rule->entry != ENTRY_H264 && s->rule->entry != ENTRY_HEVC)
        return;
    learn_sets(s, codec);
    int length_size = length_size_of(codec);
    bool is_done = false;
    if (length_size > 0) {
        struct window w = {.from = bytes};
        struct unit u;
        int64_t at = 0;
        for (int i = 0; i < UNITS_MAX && !is_done; i++)
            is_done =
                !next_unit(&w, &at, length_size, &u) || note_unit(s, u, ret);
    } else if (bytes->memory) {
        struct nal_walk walk =
            nal_walk_over(bytes->memory, (size_t)bytes->size_bytes, 0);
        struct nal n;
        while (!is_done && nal_next(&walk, &n)) {
            struct unit u = {n.bytes, (int64_t)n.len, (int64_t)n.len};
            is_done = note_unit(s, u, ret);
        }
    }
}
