// SPDX-License-Identifier: MIT
// ts.c - a TS piece waits for the CMAF pieces that it shows.
#include "ts.h"

#include "crew.h"

bool ts_has_video(const struct flight *f)
{
    return piece_rendition(&f->piece)->recipe.kind == TRACK_VIDEO;
}

bool ts_has_audio(const struct flight *f)
{
    return !ts_has_video(f) || asset_main_audio(f->piece.asset) >= 0;
}

// Callbacks of parts may come while the flight is still gathering; the count
// begins one too high so that it is not queued before its time.
static void one_less(struct jobs *j, struct flight *f)
{
    if (--f->parts_missing == 0)
        queue_put(j, f, false);
}

static void part_done(void *context, enum err result, const char *detail,
                      struct blob *blob)
{
    struct ts_part *part = context;
    struct flight *f = part->flight;
    struct jobs *j = part->waiter->jobs;
    part->waiter = NULL;
    part->blob = blob;
    if (j->is_stopping)
        return;
    // Only the first failure ends the flight; the last count may not queue it.
    if (result == OK)
        one_less(j, f);
    else if (f->state == FLIGHT_PARTS)
        flight_fail(j, f, result, detail);
}

static void want_part(struct jobs *j, struct flight *f, uint32_t r,
                      enum piece_kind kind)
{
    if (f->state != FLIGHT_PARTS)
        return; // an earlier part has failed
    struct ts_part *part = &f->part[f->parts++];
    part->flight = f;
    struct jobs_waiter *w = waiter_new(j, part_done, part);
    w->is_inner = true;
    w->urgency = f->urgency;
    part->waiter = w;
    enum err result = piece_init(&w->piece, f->piece.asset, r, kind,
                                 kind == PIECE_INIT ? 0 : f->piece.number);
    if (result != OK)
        waiter_tell(w, result, fail_text(), NULL);
    else
        flight_join(j, w);
}

void ts_gather(struct jobs *j, struct flight *f)
{
    bool has_video = ts_has_video(f), has_audio = ts_has_audio(f);
    uint32_t audio = has_video && has_audio
                         ? (uint32_t)asset_main_audio(f->piece.asset)
                         : f->piece.rendition;
    f->state = FLIGHT_PARTS;
    f->parts = 0;
    f->parts_missing = (has_video ? 2u : 0u) + (has_audio ? 2u : 0u) + 1u;
    if (has_video) {
        want_part(j, f, f->piece.rendition, PIECE_INIT);
        want_part(j, f, f->piece.rendition, PIECE_SEGMENT);
    }
    if (has_audio) {
        want_part(j, f, audio, PIECE_INIT);
        want_part(j, f, audio, PIECE_SEGMENT);
    }
    if (f->state == FLIGHT_PARTS)
        one_less(j, f);
}

void ts_set_urgency(struct jobs *j, struct flight *f)
{
    for (uint32_t i = 0; i < f->parts; i++) {
        struct jobs_waiter *w = f->part[i].waiter;
        if (!w || !w->flight)
            continue;
        w->urgency = f->urgency;
        flight_weigh(j, w->flight);
    }
}

void ts_let_go(struct jobs *j, struct flight *f)
{
    for (uint32_t i = 0; i < f->parts; i++) {
        struct jobs_waiter *w = f->part[i].waiter;
        f->part[i].waiter = NULL;
        if (w) {
            flight_leave(j, w);
            waiter_release(w);
        }
        blob_unref(f->part[i].blob);
        f->part[i].blob = NULL;
    }
    f->parts = 0;
}
