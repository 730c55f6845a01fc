// SPDX-License-Identifier: MIT
// drop.c - DROP jobs: an asset is made whole, then its source goes.
//
//   scan --> some are missing --> made, on the disk --> scan on
//     +----> a pass that missed nothing --> hashes --> end of the source
//     +----> a pass that missed something --> the next pass
//
// One job at a time, at the ladder's urgency. A restart begins anew, and finds
// what was made. It fails, and the source stays, when a piece cannot be made or
// something is missing pass after pass.
#include "drop.h"

#include <stdio.h>
#include <stdlib.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "verdict.h"

enum { PASSES_MAX = 4 };
static const int64_t CLAIM_EVERY_US = 10 * INT64_C(1000000);
static const int64_t PAUSE_US = 300 * INT64_C(1000000);

struct drop_slot {
    struct drop *drop;
    struct jobs_waiter *waiter; // NULL: told, or not used
};

struct drop {
    struct job job;
    const struct asset *asset;
    struct drop_walk walk;
    uint32_t passes;  // that are over
    uint32_t found;   // missing, in this pass
    uint32_t pending; // wanted, not told yet
    bool is_out;      // an errand is under way
    bool is_failed;   // a piece could not be made
    bool is_hashing;  // nothing is missing any more
    int64_t hashed_row;
    char why[256];
    struct drop_slot slot[DROP_BATCH];
};

// ---- the end of a job ------------------------------------------------------

static void free_drop(struct jobs *j)
{
    struct drop *d = take(j->dropping.drop);
    for (uint32_t i = 0; i < DROP_BATCH; i++) {
        struct jobs_waiter *w = d->slot[i].waiter;
        if (!w)
            continue;
        flight_leave(j, w);
        waiter_release(w);
    }
    asset_unref(d->asset);
    free(d);
    j->dropping.claim_at_us = 0; // there may be more
}

static void moved(struct jobs *j, struct errand *errand)
{
    (void)j;
    free(errand);
}

static void give_up(struct jobs *j, enum job_state to, const char *why)
{
    struct drop *d = j->dropping.drop;
    log_info("drop.%s asset=%s why=\"%s\"",
             to == JOB_FAILED ? "failed" : "pauses", d->asset->id.text, why);
    // None is claimed before there is room.
    bool needs_time = to != JOB_FAILED && !j->publishing.is_disk_full;
    int64_t not_before_us = needs_time ? clock_wall_us() + PAUSE_US : 0;
    struct move_errand *e = move_new(j, &d->job, to, not_before_us);
    e->errand.done = moved;
    e->counts_attempt = to == JOB_FAILED;
    str_copy(e->error, sizeof e->error, str_of(why));
    errand_add(j, LANE_FACTS, &e->errand);
    free_drop(j);
}

// What is this machine's fault passes; the job is not at fault then.
static void fail_drop(struct jobs *j, enum err result, const char *why)
{
    bool may_pass = result == ERR_IO || result == ERR_NO_SPACE ||
                    result == ERR_BUSY || result == ERR_TIMEOUT;
    give_up(j, may_pass ? JOB_QUEUED : JOB_FAILED, why);
}

static void ended(struct jobs *j, struct errand *errand)
{
    struct drop_end *e = (struct drop_end *)errand;
    if (!errand->was_dropped && e->result == OK) {
        log_info("drop.done asset=%s", e->job.asset.text);
        free_drop(j);
    } else if (!errand->was_dropped && e->result != ERR_BUSY) {
        fail_drop(j, e->result, e->why);
    } else { // a stream came that plays more of it
        j->dropping.drop->is_out = false;
        j->dropping.drop->walk = (struct drop_walk){0};
        j->dropping.drop->is_hashing = false;
    }
    free(e);
}

// One errand at a time.
static void send_out(struct jobs *j, struct errand *e,
                     void (*work)(struct errand *),
                     void (*done)(struct jobs *, struct errand *))
{
    e->work = work;
    e->done = done;
    j->dropping.drop->is_out = true;
    errand_add(j, LANE_FACTS, e);
}

static void end_source(struct jobs *j, struct drop *d)
{
    struct drop_end *e = NEW(struct drop_end);
    e->catalog = j->catalog;
    e->store = j->store;
    e->job = d->job;
    e->source_row = d->asset->source_row;
    e->seen = d->walk.seen;
    e->source = d->asset->source;
    send_out(j, &e->errand, drop_end_on_pool, ended);
}

// ---- hashes: what is kept is known by its bytes ----------------------------

static void hashed(struct jobs *j, struct errand *errand)
{
    struct drop_hash *h = (struct drop_hash *)errand;
    struct drop *d = j->dropping.drop;
    d->is_out = false;
    if (!errand->was_dropped && h->result != OK)
        fail_drop(j, h->result, h->why);
    else if (!errand->was_dropped && h->is_through)
        end_source(j, d);
    else
        d->hashed_row = h->row;
    free(h);
}

static void hash_some(struct jobs *j, struct drop *d)
{
    struct drop_hash *h = NEW(struct drop_hash);
    h->catalog = j->catalog;
    h->store = j->store;
    h->source_row = d->asset->source_row;
    h->row = d->hashed_row;
    send_out(j, &h->errand, drop_hash_on_pool, hashed);
}

// ---- what is missing is made -----------------------------------------------

// Runs inside a flight's end: it only counts. drop_look() goes on.
static void slot_done(void *context, enum err result, const char *detail,
                      struct blob *blob)
{
    struct drop_slot *slot = context;
    struct drop *d = slot->drop;
    blob_unref(blob);
    slot->waiter = NULL;
    d->pending--;
    if (result == OK || d->is_failed)
        return;
    d->is_failed = true;
    str_copy(d->why, sizeof d->why, str_of(detail));
}

static void want(struct jobs *j, struct drop_slot *slot,
                 const struct piece *piece)
{
    struct jobs_waiter *w = waiter_new(j, slot_done, slot);
    w->is_inner = true;
    w->urgency = URGENCY_LADDER;
    piece_copy(piece, &w->piece);
    slot->waiter = w;
    slot->drop->pending++;
    flight_join(j, w);
}

static void take_scan(struct jobs *j, struct drop *d, const struct drop_scan *s)
{
    d->walk = s->walk;
    d->found += s->missing;
    for (uint32_t i = 0; i < s->missing; i++)
        want(j, &d->slot[i], &s->piece[i]);
    if (!s->is_through)
        return;
    if (d->found == 0) {
        d->is_hashing = true;
        return;
    }
    d->walk = (struct drop_walk){0};
    d->found = 0;
    d->passes++;
}

static void scanned(struct jobs *j, struct errand *errand)
{
    struct drop_scan *s = (struct drop_scan *)errand;
    struct drop *d = j->dropping.drop;
    d->is_out = false;
    if (!errand->was_dropped && s->result == OK)
        take_scan(j, d, s);
    else if (!errand->was_dropped && s->result == ERR_CONFLICT)
        free_drop(j); // cancelled, or the asset is gone
    else if (!errand->was_dropped)
        fail_drop(j, s->result, s->why);
    drop_scan_free(s);
}

static void scan(struct jobs *j, struct drop *d)
{
    struct drop_scan *s = NEW(struct drop_scan);
    s->catalog = j->catalog;
    s->store = j->store;
    str_copy(s->build, sizeof s->build, str_of(j->counts.build));
    s->job = d->job;
    s->asset = asset_ref(d->asset);
    s->done = d->passes > 0 ? kept_pieces(d->asset) : d->walk.number;
    s->walk = d->walk;
    send_out(j, &s->errand, drop_scan_on_pool, scanned);
}

// ---- claiming --------------------------------------------------------------

static void claimed(struct jobs *j, struct errand *errand)
{
    struct claim_errand *e = (struct claim_errand *)errand;
    j->dropping.is_claiming = false;
    if (!errand->was_dropped && e->result == OK) {
        struct drop *d = NEW(struct drop);
        d->job = e->job;
        d->asset = take(e->asset);
        for (uint32_t i = 0; i < DROP_BATCH; i++)
            d->slot[i].drop = d;
        j->dropping.drop = d;
    }
    claim_free(e);
}

static void claim(struct jobs *j, int64_t now_us)
{
    if (j->dropping.is_claiming || now_us < j->dropping.claim_at_us ||
        j->publishing.is_disk_full || !j->has_build)
        return;
    j->dropping.is_claiming = true;
    j->dropping.claim_at_us = now_us + CLAIM_EVERY_US;
    struct claim_errand *e = NEW(struct claim_errand);
    claim_init(e, j, JOB_DROP, NULL);
    e->errand.done = claimed;
    errand_add(j, LANE_FACTS, &e->errand);
}

void drop_look(struct jobs *j, int64_t now_us)
{
    struct drop *d = j->dropping.drop;
    if (j->is_stopping)
        return;
    if (!d) {
        claim(j, now_us);
        return;
    }
    if (d->is_out)
        return;
    if (d->is_failed)
        give_up(j, JOB_FAILED, d->why);
    else if (j->publishing.is_disk_full)
        give_up(j, JOB_QUEUED, "no disk space");
    else if (d->passes >= PASSES_MAX)
        give_up(j, JOB_FAILED, "pieces that were made are missing again");
    else if (d->is_hashing)
        hash_some(j, d);
    else if (d->pending == 0 && !publish_is_due(j, d->asset))
        scan(j, d);
}

bool drop_holds(const struct jobs *j, const struct id *job)
{
    const struct drop *d = j->dropping.drop;
    return d && id_eq(&d->job.id, job);
}

void drop_give_back(struct jobs *j)
{
    struct drop *d = j->dropping.drop;
    if (!d)
        return;
    // If it fails, the next start finds the job running and requeues it.
    ignore(catalog_move_job(j->catalog, &d->job.id, JOB_RUNNING, JOB_QUEUED,
                            NULL, 0, false));
    free_drop(j);
}
