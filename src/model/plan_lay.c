// SPDX-License-Identifier: MIT
// plan_lay.c - decides where segments and GOPs begin.
//
// Segments aim at the bootstrap durations first and then at multiples of the
// wished duration; each begins at the first frame at or after its target that
// may begin one: an IDR of the source where packets are copied, else any. GOPs
// divide a segment evenly.
#include <stdlib.h>

#include "plan_runs.h"
#include "reeld/base/mem.h"
#include "reeld/model/plan.h"

enum {
    MICROSECONDS = 1000000,
    TAIL_SECONDS = 1, // a shorter last segment is joined to the one before
};

struct lay {
    struct plan *plan;
    const struct plan_wish *wish;
    const struct plan_frame *frames;
    size_t count;
    int64_t end;
    bool on_idr; // borders of segments are IDRs
    size_t gop_capacity, entry_capacity, segment_capacity;
    size_t gops, entries, segments;
    size_t entry; // of the last border: index of its frame, count: none yet
    size_t entry_next;
};

static int64_t ticks_of(const struct plan *p, int64_t us)
{
    return scale_round(us, p->timescale, MICROSECONDS);
}

// The first frame at or after `ticks`, or count.
static size_t frame_at(const struct lay *l, int64_t ticks)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->frames[middle].ticks < ticks)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool may_begin(const struct lay *l, size_t i)
{
    return l->frames[i].is_shown && (!l->on_idr || l->frames[i].is_idr);
}

// The first target that leaves a segment begun at `from` a decent length.
static int64_t next_target(const struct plan *p, const struct plan_wish *wish,
                           int64_t from)
{
    const uint32_t most = sizeof wish->bootstrap_us / sizeof(int64_t);
    int64_t sum = 0;
    for (uint32_t i = 0; i < wish->bootstraps && i < most; i++) {
        int64_t duration = ticks_of(p, wish->bootstrap_us[i]);
        sum += duration;
        if (sum >= from + duration / 2 && sum > from)
            return sum;
    }
    int64_t step = max_i64(ticks_of(p, wish->segment_us), 1);
    int64_t least = max_i64(from + max_i64(step / 2, 1), sum + step / 2);
    return scale_ceil(least, 1, step) * step;
}

// Where the segment begun at `from` ends; l->end when it is the last. False:
// no IDR lies near enough.
static bool segment_end(const struct lay *l, int64_t from, int64_t *ret)
{
    int64_t most = l->end;
    if (l->on_idr)
        most = from + ticks_of(l->plan, l->wish->segment_max_us);
    int64_t target = next_target(l->plan, l->wish, from);
    size_t at = frame_at(l, target);
    size_t i = at;
    while (i < l->count && !may_begin(l, i) && l->frames[i].ticks <= most)
        i++;
    if (i < l->count && may_begin(l, i) && l->frames[i].ticks <= most) {
        *ret = l->frames[i].ticks;
        return true;
    }
    if (!l->on_idr || l->end <= most) {
        *ret = l->end;
        return true;
    }
    while (at > 0 && l->frames[at - 1].ticks > from) {
        at--;
        if (may_begin(l, at) && l->frames[at].ticks <= most) {
            *ret = l->frames[at].ticks;
            return true;
        }
    }
    return false;
}

static void add_border(struct lay *l, int64_t border)
{
    struct plan *p = l->plan;
    while (l->entry_next < l->count &&
           l->frames[l->entry_next].ticks <= border) {
        if (l->frames[l->entry_next].is_entry)
            l->entry = l->entry_next;
        l->entry_next++;
    }
    PUSH(p->gop_border, l->gops, l->gop_capacity, border);
    struct plan_entry entry = {l->frames[l->entry].dts,
                               l->frames[l->entry].position};
    PUSH(p->gop_entry, l->entries, l->entry_capacity, entry);
}

// Divides [from, to) into GOPs of about the wished duration.
static enum err add_segment(struct lay *l, int64_t from, int64_t to)
{
    int64_t wished = max_i64(ticks_of(l->plan, l->wish->gop_us), 1);
    int64_t parts =
        clamp_i64((to - from + wished / 2) / wished, 1, PLAN_SEGMENT_GOPS_MAX);
    PUSH(l->plan->segment_gop, l->segments, l->segment_capacity,
         (uint32_t)l->gops);
    add_border(l, from);
    int64_t last = from;
    for (int64_t i = 1; i < parts; i++) {
        size_t at = frame_at(l, from + scale_round(to - from, i, parts));
        while (at < l->count && !l->frames[at].is_shown)
            at++;
        if (at == l->count || l->frames[at].ticks >= to)
            break;
        if (l->frames[at].ticks > last)
            add_border(l, last = l->frames[at].ticks);
    }
    if (l->gops > PLAN_GOPS_MAX)
        return fail(ERR_TOO_LARGE, "more than %d GOPs", PLAN_GOPS_MAX);
    return OK;
}

static void start_over(struct lay *l)
{
    l->gops = l->entries = l->segments = 0;
    l->entry_next = 0;
    // Without a key frame up to a border, decoding begins as early as it can.
    l->entry = 0;
    for (size_t i = 1; i < l->count; i++)
        if (l->frames[i].dts < l->frames[l->entry].dts)
            l->entry = i;
}

// ERR_NOT_FOUND: IDRs lie too far apart.
static enum err lay_segments(struct lay *l)
{
    int64_t tail = (int64_t)l->plan->timescale * TAIL_SECONDS;
    start_over(l);
    for (int64_t from = 0, to; from < l->end; from = to) {
        if (!segment_end(l, from, &to))
            return fail(ERR_NOT_FOUND, "no IDR near enough");
        if (l->end - to < tail)
            to = l->end;
        TRY(add_segment(l, from, to));
    }
    struct plan *p = l->plan;
    PUSH(p->gop_border, l->gops, l->gop_capacity, l->end);
    PUSH(p->segment_gop, l->segments, l->segment_capacity,
         (uint32_t)l->entries);
    p->gops = (uint32_t)l->entries;
    p->segments = (uint32_t)l->segments - 1;
    p->is_video_copied = l->on_idr;
    return OK;
}

static void empty(struct plan *p)
{
    free(p->gop_border);
    free(p->gop_entry);
    free(p->segment_gop);
    free(p->run);
    free(p->gop_run);
    p->run = NULL;
    p->gop_run = NULL;
    p->runs = 0;
    p->gop_border = NULL;
    p->gop_entry = NULL;
    p->segment_gop = NULL;
    p->gops = p->segments = 0;
}

static enum err check_frames(const struct plan_frame *frames, size_t count,
                             int64_t end_ticks, size_t *ret_first)
{
    size_t first = count;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && frames[i].ticks <= frames[i - 1].ticks)
            return fail(ERR_BAD_INPUT, "frame %zu is not in order", i);
        if (first == count && frames[i].is_shown)
            first = i;
    }
    if (first == count || frames[first].ticks != 0)
        return fail(ERR_BAD_INPUT, "no frame is shown at zero");
    if (end_ticks <= frames[count - 1].ticks || end_ticks > PLAN_TICKS_MAX)
        return fail(ERR_BAD_INPUT, "the end does not lie behind the frames");
    *ret_first = first;
    return OK;
}

enum err plan_lay_video(struct plan *p, const struct plan_wish *wish,
                        const struct plan_frame *frames, size_t count,
                        int64_t end_ticks, bool may_copy)
{
    size_t first = 0;
    TRY(check_frames(frames, count, end_ticks, &first));
    empty(p);
    struct lay l = {.plan = p,
                    .wish = wish,
                    .frames = frames,
                    .count = count,
                    .end = end_ticks};
    l.on_idr = may_copy && frames[first].is_idr;
    enum err e = lay_segments(&l);
    if (e == ERR_NOT_FOUND) {
        l.on_idr = false;
        e = lay_segments(&l);
    }
    if (e == OK && plan_longest_segment(p) >
                       (int64_t)PLAN_SEGMENT_SECONDS_MAX * p->timescale)
        e = fail(ERR_TOO_LARGE, "a picture is shown for more than %d s",
                 PLAN_SEGMENT_SECONDS_MAX);
    if (e == OK)
        e = plan_add_runs(p, frames, count);
    if (e != OK)
        empty(p);
    return e;
}

enum err plan_lay_audio(struct plan *p, const struct plan_wish *wish,
                        int64_t end_ticks)
{
    if (p->audios < 1 || p->timescale != p->audio[0].rate || end_ticks < 1 ||
        end_ticks > PLAN_TICKS_MAX)
        return fail(ERR_BAD_INPUT, "no audio to lay borders over");
    empty(p);
    int64_t origin = p->audio[0].grid_origin;
    int64_t tail = (int64_t)p->timescale * TAIL_SECONDS;
    size_t borders = 0, capacity = 0;
    for (int64_t from = 0; from < end_ticks;) {
        PUSH(p->gop_border, borders, capacity, from);
        int64_t target = next_target(p, wish, from);
        from = origin + AAC_FRAME_SAMPLES *
                            scale_ceil(target - origin, 1, AAC_FRAME_SAMPLES);
        if (end_ticks - from < tail)
            from = end_ticks;
        if (borders > PLAN_GOPS_MAX) {
            empty(p);
            return fail(ERR_TOO_LARGE, "more than %d GOPs", PLAN_GOPS_MAX);
        }
    }
    PUSH(p->gop_border, borders, capacity, end_ticks);
    p->gops = p->segments = (uint32_t)borders - 1;
    p->gop_entry = NEW_ARRAY(p->gops, struct plan_entry);
    p->segment_gop = NEW_ARRAY(p->segments + 1, uint32_t);
    for (uint32_t i = 0; i <= p->segments; i++)
        p->segment_gop[i] = i;
    p->is_video_copied = false;
    return OK;
}
