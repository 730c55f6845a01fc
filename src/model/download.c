// SPDX-License-Identifier: MIT
// download.c - what a download is made of, and its name.
#include "reeld/model/download.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "download_room.h"
#include "reeld/base/buf.h"
#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"

enum { MICROSECONDS = 1000000, NAMES_BYTES_MAX = 400 };

const char *download_container_name(enum download_container c)
{
    static const char *const names[DOWNLOAD_CONTAINERS] = {
        [DOWNLOAD_MP4] = "mp4", [DOWNLOAD_M4A] = "m4a", [DOWNLOAD_MP3] = "mp3"};
    return names[c];
}

// Counted, but else never changed: what the door lends as const is ours.
static struct download *own(const struct download *d)
{
    return (struct download *)(uintptr_t)d;
}

const struct download *download_ref(const struct download *d)
{
    atomic_fetch_add_explicit(&own(d)->references, 1, memory_order_relaxed);
    return d;
}

void download_unref(const struct download *d)
{
    if (!d || atomic_fetch_sub_explicit(&own(d)->references, 1,
                                        memory_order_acq_rel) != 1)
        return;
    show_free(d->show);
    timeline_free(d->timeline);
    free(d->clip_at);
    free(own(d));
}

bool download_shows(const struct download *d, const struct id *asset)
{
    for (uint32_t i = 0; i < d->show->assets; i++)
        if (id_eq(&d->show->asset[i]->id, asset))
            return true;
    return false;
}

// ---- which rungs -----------------------------------------------------------

static enum err no_such_rung(const struct show *s, bool is_audio,
                             struct str name)
{
    scoped(buf) struct buf names;
    buf_init(&names, NAMES_BYTES_MAX);
    for (uint32_t i = 0; i < s->rungs; i++)
        if (s->rung[i].is_audio == is_audio)
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "",
                       s->rung[i].name);
    struct str list = buf_view(&names);
    return fail(ERR_NOT_FOUND, "there is no rendition %.*s; there are %.*s",
                STR_ARG(name), STR_ARG(list));
}

// Of MP4: pictures and the main sound. Of the others: sound alone, the main one
// unless another is named.
static enum err choose_rungs(struct download *d, struct str name)
{
    const struct show *s = d->show;
    bool has_sound = s->rungs > s->videos;
    bool wants_video = d->container == DOWNLOAD_MP4 && s->videos > 0;
    d->video = wants_video ? 0 : -1;
    d->sound = has_sound ? (int)s->videos : -1;
    if (!wants_video && !has_sound)
        return fail(ERR_NOT_FOUND, "there is no sound in it");
    if (name.len == 0)
        return OK;
    int rung = show_find(s, name);
    if (rung < 0 || s->rung[rung].is_audio == wants_video)
        return no_such_rung(s, !wants_video, name);
    *(wants_video ? &d->video : &d->sound) = rung;
    return OK;
}

// ---- clocks ----------------------------------------------------------------

// Exact for all clips where it is not too fine; else microseconds, to which
// each border is rounded by itself.
static uint32_t common_timescale(const struct show *s)
{
    int64_t common = 1;
    for (uint32_t i = 0; i < s->assets; i++) {
        int64_t one = s->asset[i]->plan->timescale;
        common = rational_reduce((struct rational){common, one}).num * one;
        if (common > DOWNLOAD_TIMESCALE_MAX)
            return MICROSECONDS;
    }
    return (uint32_t)common;
}

static const struct rendition *serving(const struct download *d, uint32_t asset,
                                       int rung)
{
    return show_server(d->show, asset, (uint32_t)rung)->rendition;
}

static enum err set_clocks(struct download *d)
{
    const struct timeline *t = d->timeline;
    d->timescale = common_timescale(d->show);
    d->clip_at = NEW_ARRAY(t->clips, int64_t);
    int64_t at = 0;
    for (uint32_t i = 0; i < t->clips; i++) {
        const struct clip *c = &t->clip[i];
        d->clip_at[i] = at;
        at += scale_round(c->to - c->from, d->timescale,
                          c->asset->plan->timescale);
    }
    d->duration_us = scale_round(at, MICROSECONDS, d->timescale);
    if (d->video >= 0) {
        d->video_timescale = d->timescale;
        d->video_ticks = at;
    }
    if (d->sound < 0)
        return OK;
    d->sound_rate = serving(d, 0, d->sound)->timescale;
    d->sound_ticks = scale_round(at, d->sound_rate, d->timescale);
    for (uint32_t i = 1; i < d->show->assets; i++)
        if (serving(d, i, d->sound)->timescale != d->sound_rate)
            return fail(ERR_UNSUPPORTED, "sound of several rates");
    return OK;
}

// ---- walking ---------------------------------------------------------------

enum step { VIDEO_INIT, SOUND_INIT, VIDEO_SEGMENT, SOUND_SEGMENT, STEPS };

static bool is_of_sound(int step)
{
    return step == SOUND_INIT || step == SOUND_SEGMENT;
}

static bool has_step(const struct download *d, const struct download_walk *w)
{
    bool is_init = w->step == VIDEO_INIT || w->step == SOUND_INIT;
    if (is_init && w->segment > 0)
        return false;
    return is_of_sound(w->step) ? d->sound >= 0 : d->video >= 0;
}

static void set_place(const struct download *d, uint32_t clip,
                      struct download_part *p)
{
    const struct clip *c = &d->timeline->clip[clip];
    p->from = c->from;
    p->at = d->clip_at[clip];
    if (!p->is_sound)
        return;
    p->from = scale_round(p->from, d->sound_rate, c->asset->plan->timescale);
    p->at = scale_round(p->at, d->sound_rate, d->timescale);
}

static void go_on(const struct download *d, struct download_walk *w)
{
    if (++w->step < STEPS)
        return;
    w->step = 0;
    if (++w->segment < d->timeline->clip[w->clip].segments)
        return;
    w->segment = 0;
    w->clip++;
}

// An INIT that is still the one that holds is no part.
static bool is_known(struct download_walk *w, const struct download_part *p)
{
    if (p->piece.kind != PIECE_INIT)
        return false;
    struct digest *holds = &w->init[p->is_sound];
    if (digest_eq(holds, &p->piece.key))
        return true;
    *holds = p->piece.key;
    return false;
}

static enum err part_at(const struct download *d, const struct download_walk *w,
                        struct download_part *ret)
{
    bool is_init = w->step == VIDEO_INIT || w->step == SOUND_INIT;
    struct download_part p = {.is_sound = is_of_sound(w->step)};
    int rung = p.is_sound ? d->sound : d->video;
    set_place(d, w->clip, &p);
    TRY(show_piece(d->show, d->timeline, w->clip, (uint32_t)rung,
                   is_init ? PIECE_INIT : PIECE_SEGMENT, w->segment, &p.piece));
    *ret = p;
    return OK;
}

enum err download_next(const struct download *d, struct download_walk *w,
                       struct download_part *ret)
{
    for (; w->clip < d->timeline->clips; go_on(d, w)) {
        if (!has_step(d, w))
            continue;
        struct download_part p;
        TRY(part_at(d, w, &p));
        if (is_known(w, &p)) {
            piece_done(&p.piece);
            continue;
        }
        go_on(d, w);
        *ret = p;
        return OK;
    }
    return fail(ERR_NOT_FOUND, "that was the last part");
}

// ---- its name --------------------------------------------------------------

static void add_numbers(struct hash *h, const int64_t *numbers, size_t count)
{
    hash_add(h, numbers, count * sizeof *numbers);
}

// The keys of its parts say of what and by what recipe a segment is made, and
// where its borders are. All of that and no more goes into the name, but the
// recipes once a clip and not once a segment: an hour is named in a blink.
static enum err add_clip(struct download *d, uint32_t clip,
                         struct digest *first_video, struct hash *h)
{
    const struct clip *c = &d->timeline->clip[clip];
    const struct plan *p = c->asset->plan;
    int rungs[] = {d->video, d->sound};
    for (int i = 0; i < 2; i++) {
        scoped(piece) struct piece init = {0};
        if (rungs[i] < 0)
            continue;
        TRY(show_piece(d->show, d->timeline, clip, (uint32_t)rungs[i],
                       PIECE_INIT, 0, &init));
        hash_add(h, &init.key, sizeof init.key);
        if (rungs[i] == d->video && clip == 0)
            *first_video = init.key;
        else if (rungs[i] == d->video)
            d->is_copied |= !digest_eq(first_video, &init.key);
    }
    int64_t numbers[] = {c->segments, p->timescale, d->clip_at[clip]};
    add_numbers(h, numbers, sizeof numbers / sizeof *numbers);
    add_numbers(h, c->border, (size_t)c->segments + 1);
    uint32_t first = plan_gop_at(p, c->from), last = plan_gop_at(p, c->to - 1);
    add_numbers(h, p->gop_border + first, (size_t)(last - first) + 2);
    if (d->sound < 0)
        return OK;
    struct plan_audio grid = rendition_grid(
        c->asset, serving(d, show_clip_asset(d->show, clip), d->sound));
    int64_t lattice[] = {grid.rate, grid.grid_origin, grid.packets};
    add_numbers(h, lattice, sizeof lattice / sizeof *lattice);
    return OK;
}

static enum err set_key(struct download *d, const char *build)
{
    scoped(hash) struct hash *h = hash_new();
    scoped(buf) struct buf text;
    buf_init(&text, RECIPE_BUILD_BYTES + NAMES_BYTES_MAX);
    buf_printf(&text, "reeld-download %s %d\n%" PRIu32 " %" PRIu32 "\n",
               download_container_name(d->container), DOWNLOAD_VERSION,
               d->timescale, d->sound_rate);
    if (d->container == DOWNLOAD_MP3)
        buf_printf(&text, "%" PRId64 "\n%s\n", d->mp3_bps, build);
    TRY(buf_end(&text));
    hash_add(h, text.bytes, text.len);
    struct digest first_video = {{0}};
    for (uint32_t i = 0; i < d->timeline->clips; i++)
        TRY(add_clip(d, i, &first_video, h));
    d->key = hash_end(h);
    return OK;
}

// ---- making ----------------------------------------------------------------

static enum err count_parts(struct download *d)
{
    const struct timeline *t = d->timeline;
    int64_t tracks = (d->video >= 0) + (d->sound >= 0);
    int64_t parts = tracks * ((int64_t)t->segments + t->clips);
    if (parts > DOWNLOAD_PARTS_MAX)
        return fail(ERR_TOO_LARGE, "a download of more than %d parts",
                    DOWNLOAD_PARTS_MAX);
    d->parts = (uint32_t)parts;
    return OK;
}

enum err download_new(struct timeline *t, const struct download_wish *wish,
                      const struct download **ret)
{
    struct download *d = NEW(struct download);
    atomic_init(&d->references, 1);
    d->timeline = t;
    scoped(download) const struct download *held = d;
    d->container = wish->container;
    if (d->container == DOWNLOAD_MP3)
        d->mp3_bps = wish->mp3_bps;
    TRY(show_of_timeline(t, &d->show));
    TRY(choose_rungs(d, wish->rung));
    TRY(set_clocks(d));
    TRY(count_parts(d));
    TRY(set_key(d, wish->build));
    TRY(download_reserve(d));
    *ret = take(held);
    return OK;
}
