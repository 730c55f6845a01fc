// SPDX-License-Identifier: MIT
// ts.c - a TS piece waits for the CMAF pieces that it shows.
#include "ts.h"

#include "crew.h"

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

static void want_part(struct jobs *j, struct flight *f,
                      const struct piece *piece)
{
    if (f->state != FLIGHT_PARTS)
        return; // an earlier part has failed
    struct ts_part *part = &f->part[f->parts++];
    part->flight = f;
    struct jobs_waiter *w = waiter_new(j, part_done, part);
    w->is_inner = true;
    w->urgency = f->urgency;
    piece_copy(piece, &w->piece);
    part->waiter = w;
    flight_join(j, w);
}

// A piece and the INIT that goes with it.
static void want_track(struct jobs *j, struct flight *f,
                       const struct piece *segment)
{
    if (!segment)
        return;
    scoped(piece) struct piece header = {0};
    piece_header(segment, &header);
    want_part(j, f, &header);
    want_part(j, f, segment);
}

void ts_gather(struct jobs *j, struct flight *f)
{
    f->state = FLIGHT_PARTS;
    f->parts = 0;
    f->parts_missing =
        (f->piece.video ? 2u : 0u) + (f->piece.sound ? 2u : 0u) + 1u;
    want_track(j, f, f->piece.video);
    want_track(j, f, f->piece.sound);
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
