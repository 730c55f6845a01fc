// SPDX-License-Identifier: MIT
// cmaf_read_piece.c - pieces: where their samples lie and when they are shown.
#include "cmaf_read.h"

#include <stdlib.h>

#include "cmaf_read_box.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

enum {
    SAMPLES_MAX = 1 << 18, // of a piece: 12 minutes at 360 a second
    // ISO/IEC 14496-12 section 8.8.7: what a tfhd has
    TFHD_BASE_OFFSET = 0x1,
    TFHD_ENTRY = 0x2,
    TFHD_DURATION = 0x8,
    TFHD_BYTES = 0x10,
    TFHD_FLAGS = 0x20,
    // section 8.8.8: what a trun has
    TRUN_DATA_OFFSET = 0x1,
    TRUN_FIRST_FLAGS = 0x4,
    TRUN_DURATION = 0x100,
    TRUN_BYTES = 0x200,
    TRUN_FLAGS = 0x400,
    TRUN_COMPOSITION = 0x800,
    NON_SYNC = 0x10000, // section 8.8.3.1
};

// Seconds: no time of ours lies later, no piece is longer. What comes behind
// counts on it when it changes timescales.
static const int64_t time_max_s = INT64_C(1) << 31;
static const int64_t piece_max_s = INT64_C(4) * 3600;

// A movie fragment being read.
struct fragment {
    struct read_piece *piece;
    size_t start, len; // of the moof in the piece, of the piece
    uint32_t duration, bytes, flags;
    int64_t dts, latest;
    size_t offset; // of the next sample
};

static enum err read_tfhd(struct bytes tfhd, struct fragment *f)
{
    uint32_t flags = bytes_u32(&tfhd) & 0xFFFFFF;
    bytes_skip(&tfhd, 4); // track
    if (flags & TFHD_BASE_OFFSET)
        return fail(ERR_UNSUPPORTED, "cmaf: tfhd with a base data offset");
    if (flags & TFHD_ENTRY)
        bytes_skip(&tfhd, 4);
    if (flags & TFHD_DURATION)
        f->duration = bytes_u32(&tfhd);
    if (flags & TFHD_BYTES)
        f->bytes = bytes_u32(&tfhd);
    if (flags & TFHD_FLAGS)
        f->flags = bytes_u32(&tfhd);
    if (tfhd.is_short)
        return fail(ERR_BAD_INPUT, "cmaf: tfhd is cut");
    return OK;
}

static enum err read_tfdt(struct bytes tfdt, struct fragment *f)
{
    uint8_t version = bytes_u8(&tfdt);
    bytes_skip(&tfdt, 3);
    uint64_t time = bytes_number(&tfdt, version == 1 ? 8 : 4);
    if (tfdt.is_short || time > (uint64_t)f->latest)
        return fail(ERR_BAD_INPUT, "cmaf: tfdt is cut or too large");
    if (f->piece->samples > 0 && (int64_t)time < f->piece->end)
        return fail(ERR_BAD_INPUT, "cmaf: time goes back");
    f->dts = (int64_t)time;
    return OK;
}

static enum err add_sample(struct fragment *f, size_t bytes, uint32_t duration,
                           uint32_t flags, int64_t composition)
{
    struct read_piece *p = f->piece;
    if (bytes == 0 || bytes > f->len - f->offset)
        return fail(ERR_BAD_INPUT, "cmaf: a sample lies outside its piece");
    if (p->samples >= SAMPLES_MAX || f->dts > f->latest)
        return fail(ERR_TOO_LARGE, "cmaf: more samples than a piece has");
    struct read_sample sample = {.offset = f->offset,
                                 .bytes = bytes,
                                 .dts = f->dts,
                                 .pts = f->dts + composition,
                                 .duration = duration,
                                 .is_sync = !(flags & NON_SYNC)};
    if (p->samples == 0)
        p->from = f->dts;
    PUSH(p->sample, p->samples, p->capacity, sample);
    f->offset += bytes;
    f->dts += duration;
    return OK;
}

static enum err read_trun(struct bytes trun, struct fragment *f)
{
    uint32_t flags = bytes_u32(&trun);
    bool is_signed = flags >> 24 == 1;
    uint32_t count = bytes_u32(&trun);
    if (!(flags & TRUN_DATA_OFFSET))
        return fail(ERR_UNSUPPORTED, "cmaf: trun without a data offset");
    uint32_t offset = bytes_u32(&trun); // negative ones end up outside, too
    if (offset > f->len - f->start)
        return fail(ERR_BAD_INPUT, "cmaf: data lies outside the piece");
    f->offset = f->start + offset;
    bool has_first = flags & TRUN_FIRST_FLAGS;
    uint32_t first = has_first ? bytes_u32(&trun) : 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t duration =
            flags & TRUN_DURATION ? bytes_u32(&trun) : f->duration;
        uint32_t bytes = flags & TRUN_BYTES ? bytes_u32(&trun) : f->bytes;
        uint32_t own = has_first && i == 0 ? first : f->flags;
        if (flags & TRUN_FLAGS)
            own = bytes_u32(&trun);
        uint32_t raw = flags & TRUN_COMPOSITION ? bytes_u32(&trun) : 0;
        int64_t composition = is_signed ? (int64_t)(int32_t)raw : (int64_t)raw;
        if (trun.is_short)
            return fail(ERR_BAD_INPUT, "cmaf: trun is cut");
        TRY(add_sample(f, bytes, duration, own, composition));
    }
    return OK;
}

static enum err read_moof(const struct read_track *track, struct bytes moof,
                          struct fragment *f)
{
    struct bytes traf, found;
    TRY(box_find(moof, BOX('t', 'r', 'a', 'f'), &traf));
    f->duration = track->default_duration;
    f->bytes = track->default_bytes;
    f->flags = track->default_flags;
    TRY(box_find(traf, BOX('t', 'f', 'h', 'd'), &found));
    TRY(read_tfhd(found, f));
    TRY(box_find(traf, BOX('t', 'f', 'd', 't'), &found));
    TRY(read_tfdt(found, f));
    while (traf.left > 0) {
        struct box box;
        TRY(box_next(&traf, &box));
        if (box.type == BOX('t', 'r', 'u', 'n'))
            TRY(read_trun(box.body, f));
    }
    return OK;
}

enum err cmaf_read_piece(const struct read_track *track, const uint8_t *bytes,
                         size_t len, struct read_piece *ret)
{
    struct bytes file = {bytes, len, false};
    while (file.left > 0) {
        struct fragment f = {.piece = ret,
                             .start = len - file.left,
                             .len = len,
                             .latest = time_max_s * track->timescale};
        struct box box;
        TRY(box_next(&file, &box));
        if (box.type != BOX('m', 'o', 'o', 'f'))
            continue;
        TRY(read_moof(track, box.body, &f));
        if (ret->samples > 0)
            ret->end = f.dts;
    }
    if (ret->end - ret->from > piece_max_s * track->timescale)
        return fail(ERR_TOO_LARGE, "cmaf: a piece of hours");
    return OK;
}

void read_piece_done(struct read_piece *p)
{
    free(p->sample);
    *p = (struct read_piece){0};
}
