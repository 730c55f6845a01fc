// SPDX-License-Identifier: MIT
// plan_pack.c - a plan as bytes: a version, then varints of differences.
//
//   version  timescale  video_track+1  timebase  origin  first-origin  flags
//   gops  segments  audios  jumps
//   gops  x (border difference, entry dts difference, position difference)
//   gops x (runs, runs x (step, count)), where there is video
//   segments x GOPs of it
//   audios x (track, rate, grid_origin, packets, is_copied)
//   jumps x (position difference, shift difference)
//
// Varints are little-endian groups of 7 bits; signed numbers are zigzagged.
#include <stdlib.h>

#include "reeld/base/mem.h"
#include "reeld/model/plan.h"

enum {
    PACK_VERSION = 1,
    FLAG_BY_BYTE = 1,
    FLAG_COPIED = 2,
    FLAG_EDGES = 4,
    FLAGS_ALL = 7,
    GOP_BYTES_LEAST = 3, // what a GOP takes at the least
};

static void put(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_u8(out, (uint8_t)(value & 0x7f) | 0x80);
        value >>= 7;
    }
    buf_u8(out, (uint8_t)value);
}

static void put_signed(struct buf *out, int64_t value)
{
    put(out, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

// Differences wrap, so that any pair of numbers has one.
static void put_step(struct buf *out, int64_t from, int64_t to)
{
    put_signed(out, (int64_t)((uint64_t)to - (uint64_t)from));
}

void plan_pack(const struct plan *p, struct buf *out)
{
    buf_u8(out, PACK_VERSION);
    put(out, p->timescale);
    put(out, (uint64_t)p->video_track + 1); // -1: 0
    put(out, (uint64_t)p->source_timebase.num);
    put(out, (uint64_t)p->source_timebase.den);
    put_signed(out, p->origin_pts);
    put_step(out, p->origin_pts, p->first_pts);
    put(out, (p->seeks_by_byte ? FLAG_BY_BYTE : 0) |
                 (p->is_video_copied ? FLAG_COPIED : 0) |
                 (p->takes_edges ? FLAG_EDGES : 0));
    put(out, p->gops);
    put(out, p->segments);
    put(out, p->audios);
    put(out, p->jumps);
    struct plan_entry last = {0, 0};
    for (uint32_t i = 0; i < p->gops; i++) {
        put_step(out, p->gop_border[i], p->gop_border[i + 1]);
        put_step(out, last.dts, p->gop_entry[i].dts);
        put_step(out, last.position, p->gop_entry[i].position);
        last = p->gop_entry[i];
    }
    for (uint32_t i = 0; i < p->gops && p->runs > 0; i++) {
        put(out, p->gop_run[i + 1] - p->gop_run[i]);
        for (uint32_t r = p->gop_run[i]; r < p->gop_run[i + 1]; r++) {
            put(out, (uint64_t)p->run[r].step);
            put(out, p->run[r].count);
        }
    }
    for (uint32_t i = 0; i < p->segments; i++)
        put(out, p->segment_gop[i + 1] - p->segment_gop[i]);
    for (uint32_t i = 0; i < p->audios; i++) {
        const struct plan_audio *a = &p->audio[i];
        put(out, (uint64_t)a->track);
        put(out, a->rate);
        put(out, (uint64_t)a->grid_origin);
        put(out, (uint64_t)a->packets);
        put(out, a->is_copied);
    }
    struct plan_jump jump = {0, 0};
    for (uint32_t i = 0; i < p->jumps; i++) {
        put_step(out, jump.position, p->jump[i].position);
        put_step(out, jump.shift, p->jump[i].shift);
        jump = p->jump[i];
    }
}

struct unpack {
    struct str rest;
    bool is_bad; // past the end, a number that is too long or too large
};

static uint64_t get(struct unpack *u, uint64_t most)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (u->is_bad || u->rest.len == 0)
            break;
        uint8_t byte = (uint8_t)u->rest.ptr[0];
        u->rest = str_skip(u->rest, 1);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (value <= most)
                return value;
            break;
        }
    }
    u->is_bad = true;
    return 0;
}

static int64_t get_signed(struct unpack *u)
{
    uint64_t value = get(u, UINT64_MAX);
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

static int64_t get_step(struct unpack *u, int64_t from)
{
    return (int64_t)((uint64_t)from + (uint64_t)get_signed(u));
}

static void get_head(struct unpack *u, struct plan *p)
{
    if (get(u, UINT8_MAX) != PACK_VERSION)
        u->is_bad = true;
    p->timescale = (uint32_t)get(u, UINT32_MAX);
    p->video_track = (int32_t)get(u, TRACKS_MAX) - 1;
    p->source_timebase.num = (int64_t)get(u, INT32_MAX);
    p->source_timebase.den = (int64_t)get(u, INT32_MAX);
    p->origin_pts = get_signed(u);
    p->first_pts = get_step(u, p->origin_pts);
    uint64_t flags = get(u, FLAGS_ALL);
    p->seeks_by_byte = flags & FLAG_BY_BYTE;
    p->is_video_copied = flags & FLAG_COPIED;
    p->takes_edges = flags & FLAG_EDGES;
    p->gops = (uint32_t)get(u, PLAN_GOPS_MAX);
    p->segments = (uint32_t)get(u, p->gops);
    p->audios = (uint32_t)get(u, TRACKS_MAX);
    p->jumps = (uint32_t)get(u, PLAN_JUMPS_MAX);
    // A count is believed only as far as there are bytes for it.
    if (p->gops > u->rest.len / GOP_BYTES_LEAST)
        u->is_bad = true;
}

static void get_borders(struct unpack *u, struct plan *p)
{
    p->gop_border = NEW_ARRAY((size_t)p->gops + 1, int64_t);
    p->gop_entry = NEW_ARRAY((size_t)p->gops + 1, struct plan_entry);
    p->segment_gop = NEW_ARRAY((size_t)p->segments + 1, uint32_t);
    struct plan_entry last = {0, 0};
    for (uint32_t i = 0; i < p->gops && !u->is_bad; i++) {
        p->gop_border[i + 1] = get_step(u, p->gop_border[i]);
        last.dts = get_step(u, last.dts);
        last.position = get_step(u, last.position);
        p->gop_entry[i] = last;
    }
}

static void get_runs(struct unpack *u, struct plan *p)
{
    size_t runs = 0, capacity = 0;
    p->gop_run = NEW_ARRAY((size_t)p->gops + 1, uint32_t);
    for (uint32_t i = 0; i < p->gops && !u->is_bad; i++) {
        uint64_t count = get(u, PLAN_RUNS_MAX);
        // Each run takes two bytes at least: memory grows with what is there.
        for (uint64_t r = 0; r < count && !u->is_bad; r++) {
            struct plan_run run = {.step = (int64_t)get(u, INT64_MAX),
                                   .count = (uint32_t)get(u, UINT32_MAX)};
            PUSH(p->run, runs, capacity, run);
        }
        p->gop_run[i + 1] = (uint32_t)runs;
    }
    p->runs = (uint32_t)runs;
}

static void get_segments(struct unpack *u, struct plan *p)
{
    for (uint32_t i = 0; i < p->segments && !u->is_bad; i++)
        p->segment_gop[i + 1] =
            p->segment_gop[i] + (uint32_t)get(u, PLAN_SEGMENT_GOPS_MAX);
}

static void get_rest(struct unpack *u, struct plan *p)
{
    for (uint32_t i = 0; i < p->audios && !u->is_bad; i++) {
        struct plan_audio *a = &p->audio[i];
        a->track = (int32_t)get(u, TRACKS_MAX);
        a->rate = (uint32_t)get(u, UINT32_MAX);
        a->grid_origin = (int32_t)get(u, AAC_FRAME_SAMPLES);
        a->packets = (int64_t)get(u, INT64_MAX);
        a->is_copied = get(u, 1);
    }
    struct plan_jump jump = {0, 0};
    for (uint32_t i = 0; i < p->jumps && !u->is_bad; i++) {
        jump.position = get_step(u, jump.position);
        jump.shift = get_step(u, jump.shift);
        p->jump[i] = jump;
    }
}

enum err plan_unpack(struct str packed, struct plan **ret)
{
    if (packed.len > PLAN_PACKED_BYTES_MAX)
        return fail(ERR_BAD_INPUT, "a packed plan of %zu bytes", packed.len);
    struct unpack u = {.rest = packed};
    scoped(plan) struct plan *p = NEW(struct plan);
    get_head(&u, p);
    if (!u.is_bad)
        get_borders(&u, p);
    if (!u.is_bad && p->video_track >= 0)
        get_runs(&u, p);
    if (!u.is_bad)
        get_segments(&u, p);
    if (!u.is_bad)
        get_rest(&u, p);
    if (u.is_bad || u.rest.len > 0)
        return fail(ERR_BAD_INPUT, "a packed plan is broken");
    TRY(plan_check(p));
    *ret = take(p);
    return OK;
}
