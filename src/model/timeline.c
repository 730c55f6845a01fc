// SPDX-License-Identifier: MIT
// timeline.c - laying clips over plans.
#include "reeld/model/timeline.h"

#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"

enum { MICROSECONDS = 1000000 };

struct timeline *timeline_new(void)
{
    return NEW(struct timeline);
}

void timeline_free(struct timeline *t)
{
    if (!t)
        return;
    for (uint32_t i = 0; i < t->clips; i++) {
        asset_unref(t->clip[i].asset);
        free(t->clip[i].border);
    }
    free(t->clip);
    free(t);
}

static int64_t shortest_ticks(const struct plan *p)
{
    return scale_round(TIMELINE_SHORTEST_US, p->timescale, MICROSECONDS);
}

// The first GOP border behind `ticks` (its end, for the last GOP).
static int64_t gop_behind(const struct plan *p, int64_t ticks)
{
    uint32_t low = 0, high = p->gops;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->gop_border[middle] > ticks)
            high = middle;
        else
            low = middle + 1;
    }
    return p->gop_border[low];
}

// The last GOP border before `ticks`.
static int64_t gop_before(const struct plan *p, int64_t ticks)
{
    uint32_t low = 0, high = p->gops;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (p->gop_border[middle] < ticks)
            low = middle;
        else
            high = middle - 1;
    }
    return p->gop_border[low];
}

// A head shorter than TIMELINE_SHORTEST_US takes the next GOP in, and with it
// the whole segment where that has no other.
static void join_head(const struct plan *p, struct clip *c)
{
    int64_t *b = c->border;
    if (c->segments < 2 || b[1] - b[0] >= shortest_ticks(p))
        return;
    int64_t next = gop_behind(p, b[1]);
    if (next < b[2]) {
        b[1] = next;
        return;
    }
    memmove(b + 1, b + 2, (c->segments - 1) * sizeof *b);
    c->segments--;
}

static void join_tail(const struct plan *p, struct clip *c)
{
    int64_t *last = c->border + c->segments;
    if (c->segments < 2 || last[0] - last[-1] >= shortest_ticks(p))
        return;
    int64_t former = gop_before(p, last[-1]);
    if (former > last[-2]) {
        last[-1] = former;
        return;
    }
    last[-1] = last[0];
    c->segments--;
}

static void lay(struct clip *c)
{
    const struct plan *p = c->asset->plan;
    uint32_t first = plan_segment_at(p, c->from);
    uint32_t last = plan_segment_at(p, c->to - 1);
    c->segments = last - first + 1;
    c->border = NEW_ARRAY(c->segments + 1, int64_t);
    c->border[0] = c->from;
    for (uint32_t s = first + 1; s <= last; s++)
        c->border[s - first] = plan_segment_from(p, s);
    c->border[c->segments] = c->to;
    if (c->from != plan_segment_from(p, first))
        join_head(p, c);
    if (c->to != plan_segment_to(p, last))
        join_tail(p, c);
}

static void append(struct timeline *t, const struct asset *a, int64_t from,
                   int64_t to)
{
    size_t capacity = t->clips;
    t->clip =
        mem_grow(t->clip, &capacity, (size_t)t->clips + 1, sizeof *t->clip);
    struct clip *c = &t->clip[t->clips++];
    *c = (struct clip){.asset = asset_ref(a),
                       .from = from,
                       .to = to,
                       .first_segment = t->segments};
    lay(c);
    t->segments += c->segments;
    t->duration_us += scale_round(to - from, MICROSECONDS, a->plan->timescale);
}

struct timeline *timeline_of_asset(const struct asset *a)
{
    struct timeline *t = timeline_new();
    append(t, a, 0, a->plan->gop_border[a->plan->gops]);
    return t;
}

static enum err check_clip(const struct timeline *t, const struct asset *a)
{
    if (t->clips == TIMELINE_CLIPS_MAX)
        return fail(ERR_TOO_LARGE, "more than %d clips", TIMELINE_CLIPS_MAX);
    if (a->kind == ASSET_IMAGE)
        return fail(ERR_BAD_INPUT, "an image cannot be played");
    return OK;
}

enum err timeline_add(struct timeline *t, const struct asset *a,
                      int64_t start_us, int64_t end_us, enum timeline_snap snap)
{
    const struct plan *p = a->plan;
    TRY(check_clip(t, a));
    int64_t from, to;
    TRY(plan_range(p, start_us, end_us, &from, &to));
    if (snap == SNAP_KEYFRAME) {
        from = plan_segment_from(p, plan_segment_at(p, from));
        to = plan_segment_to(p, plan_segment_at(p, to - 1));
    }
    append(t, a, from, to);
    return OK;
}

enum err timeline_add_ticks(struct timeline *t, const struct asset *a,
                            int64_t from, int64_t to)
{
    const struct plan *p = a->plan;
    TRY(check_clip(t, a));
    if (from < 0 || to <= from || to > p->gop_border[p->gops] ||
        plan_frame_from(p, from) != from || plan_frame_from(p, to) != to)
        return fail(ERR_BAD_INPUT, "no pictures lie at the ends of the range");
    append(t, a, from, to);
    return OK;
}

enum err timeline_find(const struct timeline *t, uint32_t number,
                       const struct clip **ret, uint32_t *ret_segment)
{
    if (number >= t->segments)
        return fail(ERR_NOT_FOUND, "there is no segment %u", number);
    uint32_t low = 0, high = t->clips - 1;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (t->clip[middle].first_segment <= number)
            low = middle;
        else
            high = middle - 1;
    }
    *ret = &t->clip[low];
    *ret_segment = number - t->clip[low].first_segment;
    return OK;
}

bool clip_segment_is_whole(const struct clip *c, uint32_t s,
                           uint32_t *ret_number)
{
    const struct plan *p = c->asset->plan;
    uint32_t number = plan_segment_at(p, c->border[s]);
    *ret_number = number;
    return c->border[s] == plan_segment_from(p, number) &&
           c->border[s + 1] == plan_segment_to(p, number);
}

bool clip_is_whole(const struct clip *c)
{
    uint32_t number;
    for (uint32_t s = 0; s < c->segments; s++)
        if (!clip_segment_is_whole(c, s, &number))
            return false;
    return true;
}

// Packets of audio `a` that belong to [from, to): from the one that sounds at
// `from` to the one before that which sounds at `to`. The last border of the
// plan takes what is left; one there is in any case.
static void audio_borders(const struct plan *p, const struct plan_audio *a,
                          int64_t from, int64_t to, int64_t *border)
{
    int64_t edge[2] = {from, to};
    for (int i = 0; i < 2; i++)
        border[i] = plan_packet_at(p, a, edge[i]);
    if (to == p->gop_border[p->gops])
        border[1] = a->packets;
    if (border[1] <= border[0]) {
        border[0] = clamp_i64(border[0], 0, a->packets - 1);
        border[1] = border[0] + 1;
    }
}

// GOP borders inside (from, to), but for those that would leave a GOP shorter
// than TIMELINE_SHORTEST_US beside a cut.
static enum err video_borders(const struct plan *p, int64_t from, int64_t to,
                              int64_t *border, uint32_t *ret_count)
{
    int64_t shortest = shortest_ticks(p);
    uint32_t count = 0;
    border[count++] = from;
    int64_t g = gop_behind(p, from);
    bool is_cut = gop_before(p, from + 1) != from;
    if (is_cut && g - from < shortest && g < to)
        g = gop_behind(p, g);
    for (; g < to; g = gop_behind(p, g)) {
        bool leaves_tail = to - g < shortest && gop_before(p, to + 1) != to &&
                           to != p->gop_border[p->gops];
        if (leaves_tail)
            break;
        if (count + 1 == ASSET_BORDERS_MAX)
            return fail(ERR_TOO_LARGE, "an edge of too many GOPs");
        border[count++] = g;
    }
    border[count++] = to;
    *ret_count = count;
    return OK;
}

enum err clip_other_borders(const struct clip *c, const struct rendition *other,
                            uint32_t s, int64_t *border, uint32_t *ret_count)
{
    const struct plan *p = c->asset->plan;
    int64_t from = c->border[s], to = c->border[s + 1];
    if (other->audio < 0)
        return video_borders(p, from, to, border, ret_count);
    struct plan_audio grid = rendition_grid(c->asset, other);
    audio_borders(p, &grid, from, to, border);
    *ret_count = 2;
    return OK;
}

enum err clip_piece_borders(const struct clip *c, uint32_t r, uint32_t s,
                            int64_t *border, uint32_t *ret_count)
{
    uint32_t number;
    if (clip_segment_is_whole(c, s, &number))
        return asset_piece_borders(c->asset, r, PIECE_SEGMENT, number, border,
                                   ret_count);
    uint32_t maker;
    TRY(asset_edge_maker(c->asset, r, &maker));
    return clip_other_borders(c, &c->asset->rendition[maker], s, border,
                              ret_count);
}
