// SPDX-License-Identifier: MIT
// ladder.c - the whole ladder of each asset, made in the background.
//
//   asset   |--slice 0--|--slice 1--|--slice 2--| ...   ladder_slice segments
//   slice   segment: all its missing pieces wanted at LADDER, then the next
//
// One slice keeps one worker busy, one request at a time, so that whatever is
// more urgent overtakes after at most one segment. Slices go round among the
// assets, so that a short upload need not wait for a long film.
//
// Only what takes an encoder is made ahead. Copied renditions cost about a
// millisecond a segment on demand and would store the upload twice: they count
// as ready without being here. Nor are INITs (made after the probe), I-frames
// the TS view and standbys. A restart goes on where the catalog says it was.
//
// The ladder stops before the cache budget is reached rather than drive out
// what it made; its jobs go back into the queue for later.
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "verdict.h"

enum {
    JOBS_MAX = 8,        // claimed at once
    FAILED_IN_A_ROW = 4, // pieces: then the file is at fault
};
static const int64_t CLAIM_EVERY_US = 10 * INT64_C(1000000);
static const int64_t PAUSE_US = 300 * INT64_C(1000000);

struct ladder_job {
    struct job job;
    const struct asset *asset;
    uint8_t *is_todo;      // of each segment: an encoded piece of it is missing
    uint32_t next_segment; // the first that is in no slice yet
    uint32_t slices;       // under way
    uint32_t failed, failed_in_a_row;
    struct ladder_job *prev, *next;
};

struct slice {
    struct jobs *jobs;
    struct ladder_job *job;
    uint32_t segment, end; // the one being made; behind the last
    uint32_t pending;      // pieces of it
    struct jobs_waiter *waiter[RENDITIONS_MAX]; // of those
    struct slice *prev, *next;
};

int ladder_workers(const struct jobs *j)
{
    return j->options.workers > 1 ? j->options.workers - 1 : 1;
}

static bool is_ladders(const struct rendition *r)
{
    return r->recipe.mode == RECIPE_ENCODE && !r->is_standby;
}

// ---- claiming, on the pool and back ----------------------------------------

struct ladder_claim {
    struct claim_errand claim; // its errand comes first
    uint8_t *is_todo;
};

static enum err find_todo(struct catalog *c, const struct asset *a,
                          uint8_t *is_todo)
{
    uint32_t segments = a->plan->segments;
    scoped(mem) uint8_t *made = NEW_ARRAY(segments, uint8_t);
    for (uint32_t r = 0; r < a->renditions; r++) {
        if (!is_ladders(&a->rendition[r]))
            continue;
        for (uint32_t i = 0; i < segments; i++)
            made[i] = 0;
        uint32_t count;
        TRY(catalog_made_segments(c, a->source_row, a->recipe_row[r], made,
                                  segments, &count));
        for (uint32_t i = 0; i < segments; i++)
            is_todo[i] |= !made[i];
    }
    return OK;
}

static void claim_and_look(struct errand *errand)
{
    struct ladder_claim *e = (struct ladder_claim *)errand;
    claim_on_pool(errand);
    if (e->claim.result != OK)
        return;
    e->is_todo = NEW_ARRAY(e->claim.asset->plan->segments, uint8_t);
    enum err result = find_todo(e->claim.catalog, e->claim.asset, e->is_todo);
    // Not knowing what is made, look at every piece when its turn comes.
    if (result != OK)
        for (uint32_t i = 0; i < e->claim.asset->plan->segments; i++)
            e->is_todo[i] = 1;
}

static void add_job(struct jobs *j, struct ladder_claim *e)
{
    struct ladder_job *l = NEW(struct ladder_job);
    l->job = e->claim.job;
    l->asset = take(e->claim.asset);
    l->is_todo = take(e->is_todo);
    DL_APPEND(j->ladder.jobs, l);
    j->ladder.claim_at_us = 0; // there may be more
}

static void claimed(struct jobs *j, struct errand *errand)
{
    struct ladder_claim *e = (struct ladder_claim *)errand;
    j->ladder.is_claiming = false;
    if (!errand->was_dropped && e->claim.result == OK)
        add_job(j, e);
    free(e->is_todo);
    claim_free(&e->claim);
}

static uint32_t count_jobs(const struct jobs *j)
{
    uint32_t count = 0;
    const struct ladder_job *l;
    DL_FOREACH (j->ladder.jobs, l)
        count++;
    return count;
}

bool ladder_holds(const struct jobs *j, const struct id *job)
{
    const struct ladder_job *l;
    DL_FOREACH (j->ladder.jobs, l)
        if (id_eq(&l->job.id, job))
            return true;
    return false;
}

static bool must_wait(const struct jobs *j)
{
    return cache_is_full(j) || j->publishing.is_disk_full;
}

static void claim(struct jobs *j, int64_t now_us)
{
    if (j->ladder.is_claiming || now_us < j->ladder.claim_at_us ||
        count_jobs(j) >= JOBS_MAX || must_wait(j))
        return;
    j->ladder.is_claiming = true;
    j->ladder.claim_at_us = now_us + CLAIM_EVERY_US;
    struct ladder_claim *e = NEW(struct ladder_claim);
    claim_init(&e->claim, j, JOB_LADDER, NULL);
    e->claim.errand.work = claim_and_look;
    e->claim.errand.done = claimed;
    errand_add(j, LANE_FACTS, &e->claim.errand);
}

// ---- the end of a job ------------------------------------------------------

static void free_job(struct jobs *j, struct ladder_job *l)
{
    DL_DELETE(j->ladder.jobs, l);
    asset_unref(l->asset);
    free(l->is_todo);
    free(l);
}

static void moved(struct jobs *j, struct errand *errand)
{
    (void)j;
    free(errand);
}

static void move_job(struct jobs *j, const struct ladder_job *l,
                     enum job_state to, int64_t not_before_us)
{
    struct move_errand *e = move_new(j, &l->job, to, not_before_us);
    e->errand.done = moved;
    e->counts_attempt = to != JOB_QUEUED;
    if (to == JOB_FAILED)
        snprintf(e->error, sizeof e->error, "%u pieces could not be made",
                 l->failed);
    errand_add(j, LANE_FACTS, &e->errand);
}

static void end_slice(struct jobs *j, struct slice *s)
{
    for (uint32_t r = 0; r < RENDITIONS_MAX; r++) {
        struct jobs_waiter *w = s->waiter[r];
        if (!w)
            continue;
        flight_leave(j, w);
        waiter_release(w);
    }
    s->job->slices--;
    DL_DELETE(j->ladder.slices, s);
    free(s);
}

static void end_slices_of(struct jobs *j, const struct ladder_job *l)
{
    struct slice *s, *next;
    DL_FOREACH_SAFE (j->ladder.slices, s, next)
        if (s->job == l)
            end_slice(j, s);
}

static void pause_all(struct jobs *j)
{
    // None is claimed before there is room; a budget that is used needs time.
    int64_t not_before_us =
        j->publishing.is_disk_full ? 0 : clock_wall_us() + PAUSE_US;
    log_info("ladder.pauses why=\"%s\"",
             cache_is_full(j) ? "the cache budget is used" : "no disk space");
    while (j->ladder.jobs) {
        struct ladder_job *l = j->ladder.jobs;
        end_slices_of(j, l);
        move_job(j, l, JOB_QUEUED, not_before_us);
        free_job(j, l);
    }
}

static bool is_through(const struct ladder_job *l)
{
    bool is_hopeless = l->failed_in_a_row >= FAILED_IN_A_ROW;
    return is_hopeless ||
           (l->next_segment >= l->asset->plan->segments && !l->slices);
}

static void end_jobs(struct jobs *j)
{
    struct ladder_job *l, *next;
    DL_FOREACH_SAFE (j->ladder.jobs, l, next) {
        // A job that is done is on the disk.
        if (!is_through(l) || publish_is_due(j, l->asset))
            continue;
        end_slices_of(j, l);
        log_info("ladder.%s asset=%s failed=%u", l->failed ? "failed" : "done",
                 l->asset->id.text, l->failed);
        move_job(j, l, l->failed ? JOB_FAILED : JOB_DONE, 0);
        free_job(j, l);
        j->ladder.claim_at_us = 0;
    }
}

// ---- slices ----------------------------------------------------------------

// Runs inside a flight's end: it only counts. ladder_look() goes on.
static void piece_done_for_slice(void *context, enum err result,
                                 const char *detail, struct blob *blob)
{
    (void)detail;
    struct jobs_waiter **place = context;
    struct slice *s = (*place)->slice;
    blob_unref(blob);
    *place = NULL;
    s->pending--;
    if (s->jobs->is_stopping)
        return;
    s->job->failed += result != OK;
    s->job->failed_in_a_row = result == OK ? 0 : s->job->failed_in_a_row + 1;
}

static void want_piece(struct jobs *j, struct slice *s, uint32_t r)
{
    struct jobs_waiter *w = waiter_new(j, piece_done_for_slice, &s->waiter[r]);
    w->is_inner = true;
    w->urgency = URGENCY_LADDER;
    w->slice = s;
    bool is_needed =
        piece_of_asset(s->job->asset, r, PIECE_SEGMENT, s->segment,
                       &w->piece) == OK &&
        (flight_exists(j, &w->piece.key) || !flight_is_made(j, &w->piece.key));
    if (!is_needed) {
        waiter_release(w);
        return;
    }
    s->pending++;
    s->waiter[r] = w;
    flight_join(j, w);
}

static void want_segment(struct jobs *j, struct slice *s)
{
    for (uint32_t r = 0; r < s->job->asset->renditions; r++)
        if (is_ladders(&s->job->asset->rendition[r]))
            want_piece(j, s, r);
}

static void go_on(struct jobs *j, struct slice *s)
{
    while (s->pending == 0 && ++s->segment < s->end)
        if (s->job->is_todo[s->segment])
            want_segment(j, s);
    if (s->pending == 0)
        end_slice(j, s);
}

// The next stretch of segments that lack something; false: none is left.
static bool begin_slice(struct jobs *j, struct ladder_job *l)
{
    uint32_t segments = l->asset->plan->segments;
    while (l->next_segment < segments && !l->is_todo[l->next_segment])
        l->next_segment++;
    if (l->next_segment >= segments)
        return false;
    struct slice *s = NEW(struct slice);
    s->jobs = j;
    s->job = l;
    s->segment = l->next_segment;
    s->end = (uint32_t)min_i64(
        (int64_t)l->next_segment + j->options.ladder_slice, segments);
    l->next_segment = s->end;
    l->slices++;
    DL_APPEND(j->ladder.slices, s);
    want_segment(j, s);
    if (s->pending == 0)
        go_on(j, s);
    // The next slice is another asset's.
    DL_DELETE(j->ladder.jobs, l);
    DL_APPEND(j->ladder.jobs, l);
    return true;
}

static int count_slices(const struct jobs *j)
{
    int count = 0;
    const struct slice *s;
    DL_FOREACH (j->ladder.slices, s)
        count++;
    return count;
}

static void begin_slices(struct jobs *j)
{
    int room = ladder_workers(j) - count_slices(j);
    bool is_more = true;
    while (room > 0 && is_more) {
        is_more = false;
        struct ladder_job *l;
        DL_FOREACH (j->ladder.jobs, l)
            if (begin_slice(j, l)) {
                is_more = true;
                break;
            }
        room = ladder_workers(j) - count_slices(j);
    }
}

void ladder_look(struct jobs *j, int64_t now_us)
{
    if (j->is_stopping || !j->options.ladder_in_background)
        return;
    if (j->ladder.jobs && must_wait(j))
        pause_all(j);
    struct slice *s, *next;
    DL_FOREACH_SAFE (j->ladder.slices, s, next)
        if (s->pending == 0)
            go_on(j, s);
    begin_slices(j);
    end_jobs(j);
    claim(j, now_us);
}

void ladder_forget(struct jobs *j, const struct id *asset)
{
    struct ladder_job *l, *next;
    DL_FOREACH_SAFE (j->ladder.jobs, l, next) {
        if (!id_eq(&l->asset->id, asset))
            continue;
        end_slices_of(j, l);
        free_job(j, l);
    }
}

void ladder_give_back(struct jobs *j)
{
    struct slice *s, *next;
    DL_FOREACH_SAFE (j->ladder.slices, s, next)
        end_slice(j, s);
    while (j->ladder.jobs) {
        struct ladder_job *l = j->ladder.jobs;
        // If it fails, the next start finds the job running and requeues it.
        ignore(catalog_move_job(j->catalog, &l->job.id, JOB_RUNNING, JOB_QUEUED,
                                NULL, 0, false));
        free_job(j, l);
    }
}
