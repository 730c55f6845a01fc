// SPDX-License-Identifier: MIT
// probe_order.c - packets in decoding order become frames in display order.
//
// The entry of a key frame is itself where nothing behind it looks back, else
// the key frame before it: from there the decoder has met all that leading and
// refreshed pictures look at (media-design sections 1 and 3). With gradual
// refresh it is the last one whose recovery has ended by then.
#include "probe_lay.h"

#include <stdlib.h>

#include "reeld/base/mem.h"

enum {
    BACK_KEYS_MAX = 64,
    MICROSECONDS = 1000000,
    GAPS_MAX = 16,
    LONE_FRAME_US = 40000, // 1/25 s for a frame without any duration
};

void probe_frames_done(struct probe_frames *f)
{
    free(f->frame);
    f->frame = NULL;
}

static size_t first_key(const struct probe_stream *v)
{
    size_t i = 0;
    while (i < v->packets && v->packet[i].key == KEY_NONE)
        i++;
    return i < v->packets ? i : 0;
}

enum err probe_first_pts(const struct probe_stream *v, int64_t *ret)
{
    bool is_found = false;
    int64_t first = 0;
    // What the decoder showed first says more than any flag.
    for (int pass = 0; pass < 2 && !is_found; pass++)
        for (size_t i = first_key(v); i < v->packets; i++) {
            const struct probe_packet *one = &v->packet[i];
            if (one->is_hidden || (pass == 0 && one->pts < v->first_pts))
                continue;
            if (!is_found || one->pts < first)
                first = one->pts;
            is_found = true;
        }
    if (!is_found)
        return fail(ERR_UNSUPPORTED, "no picture of its video is shown");
    *ret = first;
    return OK;
}

// Where decoding has to begin for the key frame at `at`.
static size_t entry_of(const struct probe_stream *v, size_t at)
{
    if (v->packet[at].key == KEY_CLEAN)
        return at;
    size_t earliest = at;
    int keys = 0;
    for (size_t i = at; i-- > 0 && keys < BACK_KEYS_MAX;) {
        if (v->packet[i].key == KEY_NONE)
            continue;
        keys++;
        earliest = i;
        if (v->packet[i].key == KEY_CLEAN || i + v->packet[i].recovery <= at)
            return i;
    }
    return earliest;
}

struct ordered {
    int64_t pts;
    size_t at; // in decoding order
};

static int compare(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->pts != y->pts)
        return x->pts < y->pts ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static struct ordered *in_order(const struct probe_stream *v)
{
    struct ordered *o = NEW_ARRAY(v->packets, struct ordered);
    for (size_t i = 0; i < v->packets; i++)
        o[i] = (struct ordered){v->packet[i].pts, i};
    qsort(o, v->packets, sizeof *o, compare);
    return o;
}

// Largest pts of all packets before each, in decoding order.
static int64_t *largest_before(const struct probe_stream *v)
{
    int64_t *largest = NEW_ARRAY(v->packets, int64_t);
    int64_t so_far = INT64_MIN;
    for (size_t i = 0; i < v->packets; i++) {
        largest[i] = so_far;
        so_far = max_i64(so_far, v->packet[i].pts);
    }
    return largest;
}

static int64_t ticks_of(const struct plan *p, int64_t pts)
{
    if (p->first_pts == p->origin_pts || pts > p->first_pts)
        return plan_ticks(p, pts);
    // The first picture is held from zero on; what is hidden lies before it.
    return plan_ticks(p, pts) - plan_ticks(p, p->first_pts);
}

static struct plan_frame frame_of(const struct plan *plan,
                                  const struct probe_stream *v, size_t at,
                                  const int64_t *largest)
{
    const struct probe_packet *one = &v->packet[at];
    struct plan_frame f = {.ticks = ticks_of(plan, one->pts),
                           .dts = one->entry.dts,
                           .position = one->entry.position,
                           .is_idr = one->is_idr,
                           .is_shown =
                               !one->is_hidden && one->pts >= plan->first_pts};
    if (one->key != KEY_NONE) {
        size_t entry = entry_of(v, at);
        f.dts = v->packet[entry].entry.dts;
        f.position = v->packet[entry].entry.position;
        f.is_entry = largest[entry] < v->packet[entry].pts;
    }
    return f;
}

// How long the frame at `last` is shown: by its packet, by the next one in
// decoding order, by the frames before it, or by guess.
static int64_t duration_of(const struct plan *plan,
                           const struct probe_stream *v,
                           const struct ordered *o, size_t last)
{
    size_t at = o[last].at;
    int64_t duration = v->packet[at].duration;
    if (duration <= 0 && at + 1 < v->packets)
        duration = v->packet[at + 1].entry.dts - v->packet[at].entry.dts;
    if (duration > 0)
        return duration;
    size_t from = last > GAPS_MAX ? last - GAPS_MAX : 0;
    for (size_t i = last; i > from; i--) {
        int64_t gap = o[i].pts - o[i - 1].pts;
        if (gap > 0 && (duration <= 0 || gap < duration))
            duration = gap;
    }
    if (duration > 0)
        return duration;
    struct rational tb = plan->source_timebase;
    return max_i64(scale_round(LONE_FRAME_US, tb.den, tb.num * MICROSECONDS),
                   1);
}

// The end of the last shown frame.
static int64_t end_of(const struct plan *plan, const struct probe_stream *v,
                      const struct ordered *o)
{
    size_t last = v->packets - 1;
    while (last > 0 && v->packet[o[last].at].is_hidden)
        last--;
    return plan_ticks(plan, o[last].pts + duration_of(plan, v, o, last));
}

enum err probe_order(const struct probe *p, const struct probe_stream *v,
                     struct probe_frames *ret)
{
    scoped(mem) struct ordered *o = in_order(v);
    scoped(mem) int64_t *largest = largest_before(v);
    struct probe_frames f = {.is_plain = true};
    f.frame = NEW_ARRAY(v->packets, struct plan_frame);
    size_t begin = first_key(v), first_shown = SIZE_MAX;
    for (size_t i = 0; i < v->packets; i++) {
        struct plan_frame one = frame_of(p->plan, v, o[i].at, largest);
        if (o[i].at < begin)
            one.is_shown = false; // cannot be decoded
        if (one.is_shown && first_shown == SIZE_MAX)
            first_shown = o[i].at;
        if (!one.is_shown && first_shown != SIZE_MAX)
            f.is_plain = false;
        struct plan_frame *last = f.count ? &f.frame[f.count - 1] : NULL;
        if (!last || one.ticks > last->ticks) {
            f.frame[f.count++] = one;
            continue;
        }
        f.is_plain = f.is_plain && !last->is_shown;
        if ((one.is_shown && !last->is_shown) ||
            (one.is_entry && !last->is_entry && one.is_shown))
            *last = one;
    }
    f.end_ticks = end_of(p->plan, v, o);
    for (size_t i = 0; i < f.count; i++)
        f.shown += f.frame[i].is_shown;
    // Frames hidden behind the end would make it a border that no one reaches.
    while (f.count > 0 && !f.frame[f.count - 1].is_shown)
        f.count--;
    *ret = f;
    return OK;
}

int64_t probe_peak_bps(const struct plan *plan, const struct probe_stream *v)
{
    scoped(mem) int64_t *bytes = NEW_ARRAY(plan->segments, int64_t);
    for (size_t i = 0; i < v->packets; i++) {
        int64_t ticks = ticks_of(plan, v->packet[i].pts);
        if (ticks >= 0)
            bytes[plan_segment_at(plan, ticks)] += v->packet[i].size_bytes;
    }
    int64_t peak = 0;
    for (uint32_t i = 0; i < plan->segments; i++) {
        int64_t length = plan_segment_to(plan, i) - plan_segment_from(plan, i);
        peak = max_i64(peak, scale_ceil(bytes[i] * 8, plan->timescale, length));
    }
    return peak;
}
