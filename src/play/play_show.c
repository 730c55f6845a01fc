// SPDX-License-Identifier: MIT
// play_show.c - shows: of an asset, of ranges of it, of any timeline.
#include "play_show.h"

#include <inttypes.h>

#include "reeld/base/mem.h"

enum { RANGE_DIGITS_MAX = 19 };

static struct play_show *new_show(struct show *show)
{
    struct play_show *s = NEW(struct play_show);
    s->show = show;
    atomic_init(&s->references, 1);
    return s;
}

static enum err not_ready(const struct asset *a)
{
    return fail(ERR_NOT_FOUND, "%s is %s", a->id.text,
                asset_state_name(a->state));
}

enum err play_show_of_asset(const struct asset *a, const struct play_show **ret)
{
    if (a->state != ASSET_READY || a->renditions == 0)
        return not_ready(a);
    struct play_show *s = new_show(show_of_asset(a));
    s->asset = asset_ref(a);
    *ret = s;
    return OK;
}

enum err play_show_of_timeline(struct timeline *t, const struct play_show **ret)
{
    scoped(timeline) struct timeline *held = t;
    if (t->clips == 0)
        return fail(ERR_BAD_INPUT, "there are no clips");
    struct show *show;
    TRY(show_of_timeline(t, &show));
    struct play_show *s = new_show(show);
    s->timeline = take(held);
    *ret = s;
    return OK;
}

enum err play_show_of_ranges(const struct asset *a,
                             const struct npt_range *range, size_t count,
                             enum timeline_snap snap,
                             const struct play_show **ret)
{
    if (a->state != ASSET_READY)
        return not_ready(a);
    scoped(timeline) struct timeline *t = timeline_new();
    for (size_t i = 0; i < count; i++)
        TRY(timeline_add(t, a, range[i].start_us, range[i].end_us, snap));
    return play_show_of_timeline(take(t), ret);
}

// Counted, but else never changed: what the door lends as const is ours.
static struct play_show *own(const struct play_show *s)
{
    return (struct play_show *)(uintptr_t)s;
}

const struct play_show *play_show_ref(const struct play_show *s)
{
    atomic_fetch_add_explicit(&own(s)->references, 1, memory_order_relaxed);
    return own(s);
}

void play_show_unref(const struct play_show *s)
{
    if (!s || atomic_fetch_sub_explicit(&own(s)->references, 1,
                                        memory_order_acq_rel) != 1)
        return;
    show_free(s->show);
    timeline_free(s->timeline);
    asset_unref(s->asset);
    free(own(s));
}

const struct show *play_show_offer(const struct play_show *s)
{
    return s->show;
}

const struct timeline *play_show_timeline(const struct play_show *s)
{
    return s->timeline;
}

int64_t play_show_duration_us(const struct play_show *s)
{
    return s->timeline ? s->timeline->duration_us
                       : plan_duration_us(s->asset->plan);
}

const struct timeline *play_show_lay(const struct play_show *s,
                                     struct timeline **ret_held)
{
    if (s->timeline)
        return s->timeline;
    *ret_held = timeline_of_asset(s->asset);
    return *ret_held;
}

// ---- ranges in paths -------------------------------------------------------

void play_write_base(const struct play_show *s, struct buf *out)
{
    const struct timeline *t = s->timeline;
    for (uint32_t i = 0; t && i < t->clips; i++)
        buf_printf(out, "%s%" PRId64 "-%" PRId64, i == 0 ? "t/" : ",",
                   t->clip[i].from, t->clip[i].to);
    if (t)
        buf_char(out, '/');
}

// One spelling a number, or caches would keep pieces twice.
static bool to_ticks(struct str text, int64_t *ret)
{
    if (text.len == 0 || text.len > RANGE_DIGITS_MAX ||
        (text.ptr[0] == '0' && text.len > 1))
        return false;
    return str_to_int(text, 0, INT64_MAX, ret) == OK;
}

static enum err add_range(struct timeline *t, const struct asset *a,
                          struct str range)
{
    int64_t from, to;
    struct str end = range;
    struct str start = str_cut(&end, '-');
    if (!to_ticks(start, &from) || !to_ticks(end, &to))
        return fail(ERR_NOT_FOUND, "no range is called %.*s", STR_ARG(range));
    return timeline_add_ticks(t, a, from, to);
}

static enum err open_ranges(const struct asset *a, struct str ranges,
                            const struct play_show **ret)
{
    scoped(timeline) struct timeline *t = timeline_new();
    struct str rest = ranges;
    while (rest.ptr)
        if (add_range(t, a, str_cut(&rest, ',')) != OK)
            return fail(ERR_NOT_FOUND, "no clip is called %.*s",
                        STR_ARG(ranges));
    if (play_show_of_timeline(take(t), ret) != OK)
        return fail(ERR_NOT_FOUND, "%s cannot be cut", a->id.text);
    return OK;
}

enum err play_open(const struct asset *a, struct str path,
                   const struct play_show **ret, struct str *ret_rest)
{
    struct str rest = path;
    const struct play_show *s;
    if (!str_eq(str_cut(&rest, '/'), STR("t")) || !rest.ptr) {
        TRY(play_show_of_asset(a, &s));
        *ret_rest = path;
        *ret = s;
        return OK;
    }
    if (a->state != ASSET_READY)
        return not_ready(a);
    struct str ranges = str_cut(&rest, '/');
    TRY(open_ranges(a, ranges, &s));
    *ret_rest = rest;
    *ret = s;
    return OK;
}
