// SPDX-License-Identifier: MIT
// plan_cut.c - a part of a plan as a plan of its own.
//
//   whole    |----0----|----1----|----2----|----3----|
//   part          |-0--|----1----|----2----|-3-|
//
// Nothing is laid anew: GOPs and segments are the ones of the whole, the first
// and the last may be edges, and each is decoded from where it was. All that
// moves is the zero.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/plan.h"

enum { SHORTEST_SECONDS = 1 }; // a shorter edge is joined to its neighbour

// ---- borders and pictures --------------------------------------------------

static void add_runs(const struct plan *p, uint32_t gop, int64_t from,
                     int64_t to, struct plan *part, size_t *capacity)
{
    int64_t at = p->gop_border[gop];
    size_t runs = part->runs;
    for (uint32_t r = p->gop_run[gop]; r < p->gop_run[gop + 1]; r++) {
        const struct plan_run *run = &p->run[r];
        int64_t end = at + run->step * run->count;
        int64_t first = max_i64(at, from), behind = min_i64(end, to);
        if (first < behind) {
            struct plan_run kept = {run->step,
                                    (uint32_t)((behind - first) / run->step)};
            PUSH(part->run, runs, *capacity, kept);
        }
        at = end;
    }
    part->runs = (uint32_t)runs;
}

static void cut_gops(const struct plan *p, int64_t from, int64_t to,
                     struct plan *part)
{
    uint32_t first = plan_gop_at(p, from);
    part->gops = plan_gop_at(p, to - 1) + 1 - first;
    part->gop_border = NEW_ARRAY((size_t)part->gops + 1, int64_t);
    part->gop_entry = NEW_ARRAY(part->gops, struct plan_entry);
    part->gop_run = NEW_ARRAY((size_t)part->gops + 1, uint32_t);
    size_t capacity = 0;
    for (uint32_t i = 0; i < part->gops; i++) {
        part->gop_border[i] = max_i64(0, p->gop_border[first + i] - from);
        part->gop_entry[i] = p->gop_entry[first + i];
        part->gop_run[i] = part->runs;
        add_runs(p, first + i, from, to, part, &capacity);
    }
    part->gop_border[part->gops] = to - from;
    part->gop_run[part->gops] = part->runs;
}

static void cut_segments(const struct plan *p, int64_t from, int64_t to,
                         struct plan *part)
{
    uint32_t first = plan_segment_at(p, from), gop = plan_gop_at(p, from);
    part->segments = plan_segment_at(p, to - 1) + 1 - first;
    part->segment_gop = NEW_ARRAY((size_t)part->segments + 1, uint32_t);
    for (uint32_t i = 1; i < part->segments; i++)
        part->segment_gop[i] = p->segment_gop[first + i] - gop;
    part->segment_gop[part->segments] = part->gops;
}

// ---- edges -----------------------------------------------------------------

static void join_segments(struct plan *p, uint32_t second)
{
    memmove(p->segment_gop + second, p->segment_gop + second + 1,
            (p->segments - second) * sizeof *p->segment_gop);
    p->segments--;
}

// Joins GOP `second` to the one before it, and their segments where these
// differ: decoding begins where that of the first does.
static void join_gops(struct plan *p, uint32_t second)
{
    for (uint32_t s = 1; s < p->segments; s++)
        if (p->segment_gop[s] == second)
            join_segments(p, s);
    size_t behind = p->gops - second;
    memmove(p->gop_border + second, p->gop_border + second + 1,
            behind * sizeof *p->gop_border);
    memmove(p->gop_entry + second, p->gop_entry + second + 1,
            (behind - 1) * sizeof *p->gop_entry);
    memmove(p->gop_run + second, p->gop_run + second + 1,
            behind * sizeof *p->gop_run);
    p->gops--;
    for (uint32_t s = 1; s <= p->segments; s++)
        if (p->segment_gop[s] > second)
            p->segment_gop[s]--;
}

static void join_short_edges(struct plan *p, bool has_head, bool has_tail)
{
    int64_t shortest = (int64_t)SHORTEST_SECONDS * p->timescale;
    while (has_head && p->gops > 1 && p->gop_border[1] < shortest)
        join_gops(p, 1);
    while (has_tail && p->gops > 1 &&
           p->gop_border[p->gops] - p->gop_border[p->gops - 1] < shortest)
        join_gops(p, p->gops - 1);
}

// ---- clocks ----------------------------------------------------------------

// Many times of a fine clock share a tick: the first of them is that of the
// first picture, or comes before it.
static enum err cut_clock(const struct plan *p, int64_t from, struct plan *part)
{
    if (from == 0)
        return OK;
    int64_t per_second = p->source_timebase.num * (int64_t)p->timescale;
    int64_t pts =
        p->origin_pts + scale_round(from, p->source_timebase.den, per_second);
    while (plan_ticks(p, pts) > from)
        pts--;
    while (plan_ticks(p, pts) < from)
        pts++;
    if (plan_ticks(p, pts) != from)
        return fail(ERR_UNSUPPORTED, "no time of the source is that of its "
                                     "picture");
    while (plan_ticks(p, pts - 1) == from)
        pts--;
    part->origin_pts = part->first_pts = pts;
    return OK;
}

static int64_t samples_at(const struct plan *p, const struct plan_audio *a,
                          int64_t ticks)
{
    return scale_ceil(ticks, a->rate, p->timescale);
}

// The first packet that begins at or behind a sample of the whole.
static int64_t packet_behind(const struct plan_audio *a, int64_t sample)
{
    return scale_ceil(sample - a->grid_origin, 1, AAC_FRAME_SAMPLES);
}

// Packets of the source stay where they are, to the nearest sample; encoded
// ones begin with the pictures.
static void cut_audio(const struct plan *p, int64_t from, int64_t to,
                      struct plan_audio *a)
{
    const struct plan_audio whole = *a;
    bool is_to_end = to == p->gop_border[p->gops];
    int64_t end =
        is_to_end ? whole.packets : packet_behind(&whole, samples_at(p, a, to));
    int64_t zero = scale_round(from, a->rate, p->timescale);
    int64_t first = from > 0 ? packet_behind(&whole, zero) : 0;
    a->is_copied = whole.is_copied && first < end;
    if (from == 0 || a->is_copied) {
        a->grid_origin =
            (int32_t)(whole.grid_origin + first * AAC_FRAME_SAMPLES - zero);
        a->packets = max_i64(1, end - first);
        return;
    }
    a->grid_origin = 0;
    a->packets = max_i64(1, packet_behind(a, samples_at(p, a, to - from)));
}

enum err plan_cut(const struct plan *p, int64_t from, int64_t to,
                  struct plan **ret)
{
    assert(p->video_track >= 0);
    int64_t end = p->gop_border[p->gops];
    if (from < 0 || to <= from || to > end ||
        plan_frame_from(p, from) != from || plan_frame_from(p, to) != to)
        return fail(ERR_BAD_INPUT, "no pictures lie at the ends of the range");
    scoped(plan) struct plan *part = NEW(struct plan);
    *part = *p;
    part->gop_border = NULL;
    part->gop_entry = NULL;
    part->segment_gop = part->gop_run = NULL;
    part->run = NULL;
    part->runs = 0;
    part->is_video_copied = p->is_video_copied && from == 0 && to == end;
    part->takes_edges = p->takes_edges && part->is_video_copied;
    cut_gops(p, from, to, part);
    cut_segments(p, from, to, part);
    join_short_edges(part, from > 0, to < end);
    TRY(cut_clock(p, from, part));
    for (uint32_t i = 0; i < part->audios; i++)
        cut_audio(p, from, to, &part->audio[i]);
    TRY(plan_check(part));
    *ret = take(part);
    return OK;
}
