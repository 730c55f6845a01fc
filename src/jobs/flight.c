// SPDX-License-Identifier: MIT
// flight.c - flights: joined, begun, made, remembered, dropped.
#include "flight.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "ts.h"

static const int64_t FAILED_KEPT_US = 10 * INT64_C(1000000);

static struct flight *find(const struct jobs *j, const struct digest *key)
{
    struct flight *f;
    HASH_FIND(hh, j->flights, key, sizeof *key, f);
    return f;
}

bool flight_exists(const struct jobs *j, const struct digest *key)
{
    return find(j, key) != NULL;
}

bool flight_is_made(struct jobs *j, const struct digest *key)
{
    struct piece_fact fact;
    return catalog_piece(j->catalog, key, &fact) == OK;
}

// Between a caller's look into the catalog and its wish coming here, the piece
// may have been made. A blob that is missing or cut short counts as not made.
static struct blob *read_made(struct jobs *j, const struct digest *key)
{
    struct piece_fact fact;
    if (catalog_piece(j->catalog, key, &fact) != OK)
        return NULL;
    scoped(fd) int fd = -1;
    struct blob *blob = NULL;
    if (store_open(j->store, key, &fd) != OK ||
        blob_from_fd(fd, WIRE_PIECE_BYTES_MAX, &blob) != OK)
        return NULL;
    if ((int64_t)blob->len == fact.size_bytes)
        return blob;
    blob_unref(blob);
    return NULL;
}

// It cannot be made any more.
static bool needs_dropped(const struct piece *p)
{
    return p->asset->source_dropped_us > 0 && p->kind != PIECE_TS;
}

static struct flight *new_flight(struct jobs *j, const struct piece *piece,
                                 enum urgency urgency)
{
    struct flight *f = NEW(struct flight);
    piece_copy(piece, &f->piece);
    f->urgency = urgency;
    f->floor = URGENCIES;
    HASH_ADD(hh, j->flights, piece.key, sizeof f->piece.key, f);
    return f;
}

static void begin_life(struct jobs *j, struct flight *f)
{
    if (f->piece.kind == PIECE_TS)
        ts_gather(j, f);
    else
        queue_put(j, f, false);
}

// Takes the flight out of whatever holds it and frees it. Its waiters have
// been told.
static void drop(struct jobs *j, struct flight *f)
{
    HASH_DEL(j->flights, f);
    switch (f->state) {
    case FLIGHT_QUEUED:
        queue_remove(j, f);
        break;
    case FLIGHT_RUNNING:
        request_forget(j, f->request, f);
        break;
    case FLIGHT_KEPT:
        j->publishing.kept_bytes -= (int64_t)f->blob->len;
        break;
    case FLIGHT_FAILED:
        DL_DELETE(j->failed, f);
        break;
    case FLIGHT_PARTS:
        break;
    }
    ts_let_go(j, f);
    blob_unref(f->blob);
    piece_done(&f->piece);
    free(f->detail);
    free(f);
}

static void set_urgency(struct jobs *j, struct flight *f, enum urgency urgency)
{
    if (f->urgency == urgency)
        return;
    bool is_queued = f->state == FLIGHT_QUEUED;
    if (is_queued)
        queue_remove(j, f);
    f->urgency = urgency;
    if (is_queued)
        queue_put(j, f, false);
    ts_set_urgency(j, f);
    // Somebody waits now for what the ladder is making.
    if (f->state == FLIGHT_RUNNING && urgency <= URGENCY_NEXT &&
        f->request->worker)
        worker_set_background(f->request->worker, false);
}

void flight_weigh(struct jobs *j, struct flight *f)
{
    if (j->is_stopping)
        return;
    enum urgency urgency = f->floor;
    const struct jobs_waiter *w;
    DL_FOREACH (f->waiters, w)
        if (w->urgency < urgency)
            urgency = w->urgency;
    if (urgency != URGENCIES)
        set_urgency(j, f, urgency);
    else if (f->state == FLIGHT_QUEUED || f->state == FLIGHT_PARTS)
        drop(j, f);
}

static void tell_all(struct flight *f, enum err result, const char *detail)
{
    while (f->waiters) {
        struct jobs_waiter *w = f->waiters;
        DL_DELETE(f->waiters, w);
        w->flight = NULL;
        waiter_tell(w, result, detail, f->blob);
    }
}

void flight_join(struct jobs *j, struct jobs_waiter *w)
{
    struct flight *f = find(j, &w->piece.key);
    if (f && f->state == FLIGHT_KEPT) {
        waiter_tell(w, OK, "", f->blob);
        return;
    }
    if (f && f->state == FLIGHT_FAILED) {
        waiter_tell(w, f->result, f->detail, NULL);
        return;
    }
    if (!f) {
        struct blob *blob = read_made(j, &w->piece.key);
        if (blob) {
            waiter_tell(w, OK, "", blob);
            blob_unref(blob);
            return;
        }
        if (needs_dropped(&w->piece)) {
            waiter_tell(w, ERR_GONE, "the source of the asset was dropped",
                        NULL);
            return;
        }
    }
    bool is_new = !f;
    if (is_new)
        f = new_flight(j, &w->piece, w->urgency);
    w->flight = f;
    DL_APPEND(f->waiters, w);
    if (is_new)
        begin_life(j, f);
    else
        flight_weigh(j, f);
}

void flight_ahead(struct jobs *j, const struct piece *piece,
                  enum urgency urgency)
{
    struct flight *f = find(j, &piece->key);
    if (!f && !needs_dropped(piece) && !flight_is_made(j, &piece->key)) {
        f = new_flight(j, piece, urgency);
        f->floor = urgency;
        begin_life(j, f);
    } else if (f && f->state != FLIGHT_FAILED && urgency < f->floor) {
        f->floor = urgency;
        flight_weigh(j, f);
    }
}

void flight_leave(struct jobs *j, struct jobs_waiter *w)
{
    struct flight *f = w->flight;
    if (!f)
        return;
    w->flight = NULL;
    DL_DELETE(f->waiters, w);
    flight_weigh(j, f);
}

void flight_begin(struct jobs *j, struct flight *f, struct request *r)
{
    queue_remove(j, f);
    f->state = FLIGHT_RUNNING;
    f->request = r;
}

void flight_made(struct jobs *j, struct flight *f, struct blob *blob)
{
    f->state = FLIGHT_KEPT;
    f->request = NULL;
    f->blob = blob_ref(blob);
    j->publishing.kept_bytes += (int64_t)blob->len;
    j->counts.made++;
    ts_let_go(j, f);
    tell_all(f, OK, "");
}

void flight_missed(struct jobs *j, struct flight *f, const char *why)
{
    f->request = NULL;
    f->attempts++;
    if (f->attempts >= j->options.attempts) {
        flight_fail(j, f, ERR_IO, why);
        return;
    }
    queue_put(j, f, true);
    flight_weigh(j, f); // everybody may have left meanwhile
}

// From PARTS or RUNNING, or taken out of its queue by the caller.
void flight_fail(struct jobs *j, struct flight *f, enum err result,
                 const char *why)
{
    char hex[HASH_HEX_BYTES];
    digest_hex(&f->piece.key, hex);
    log_warn("piece.failed asset=%s rendition=%s kind=%s number=%u key=%s "
             "why=\"%s\"",
             f->piece.asset->id.text, piece_rendition(&f->piece)->name,
             piece_kind_name(f->piece.kind), f->piece.number, hex, why);
    j->counts.failed++;
    f->state = FLIGHT_FAILED;
    f->request = NULL;
    f->result = result;
    f->detail = mem_text(why);
    f->forget_at_us = clock_now_us() + FAILED_KEPT_US;
    DL_APPEND(j->failed, f);
    ts_let_go(j, f);
    tell_all(f, result, f->detail);
}

void flight_published(struct jobs *j, struct flight *f)
{
    drop(j, f);
}

static bool waits_for(const struct jobs_waiter *w, const struct id *asset)
{
    return id_eq(&w->piece.asset->id, asset);
}

// The same piece may be another asset's too (the same bytes uploaded twice).
// What an errand holds ends with the errand.
static bool is_idle_of(const struct flight *f, const struct id *asset)
{
    return !f->waiters && !f->is_being_published &&
           id_eq(&f->piece.asset->id, asset);
}

static bool concerns(const struct flight *f, const struct id *asset)
{
    const struct jobs_waiter *w;
    DL_FOREACH (f->waiters, w)
        if (waits_for(w, asset))
            return true;
    return is_idle_of(f, asset);
}

// A TS comes first: with it go the parts that it alone waits for.
static struct flight *find_of(const struct jobs *j, const struct id *asset)
{
    struct flight *found = NULL;
    for (struct flight *f = j->flights; f; f = f->hh.next) {
        if (!concerns(f, asset))
            continue;
        if (f->piece.kind == PIECE_TS)
            return f;
        found = f;
    }
    return found;
}

static void forget(struct jobs *j, struct flight *f, const struct id *asset)
{
    struct jobs_waiter *w, *next;
    DL_FOREACH_SAFE (f->waiters, w, next) {
        if (!waits_for(w, asset))
            continue;
        DL_DELETE(f->waiters, w);
        w->flight = NULL;
        waiter_tell(w, ERR_NOT_FOUND, "the asset is gone", NULL);
    }
    if (is_idle_of(f, asset))
        drop(j, f);
}

void flights_forget(struct jobs *j, const struct id *asset)
{
    // From the start each time: dropping one may drop others.
    struct flight *f;
    while ((f = find_of(j, asset)))
        forget(j, f, asset);
}

void flights_expire(struct jobs *j, int64_t now_us)
{
    while (j->failed && j->failed->forget_at_us <= now_us)
        drop(j, j->failed);
}

void flights_stop(struct jobs *j)
{
    struct flight *f, *next;
    HASH_ITER (hh, j->flights, f, next)
        tell_all(f, ERR_BUSY, "reeld stops");
    HASH_ITER (hh, j->flights, f, next)
        if (f->state != FLIGHT_KEPT)
            drop(j, f);
}

void flights_end(struct jobs *j)
{
    struct flight *f, *next;
    HASH_ITER (hh, j->flights, f, next)
        drop(j, f);
}
