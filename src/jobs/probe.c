// SPDX-License-Identifier: MIT
// probe.c - uploads become assets: claimed, probed by a worker, decided.
//
//   CLAIMING ---> QUEUED <---attempt failed--- RUNNING ---> DECIDING ---> gone
//       |                                         |             |
//       +--- nothing to do, or the machine fails -+-------------+---> gone
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "verdict.h"

enum { CLAIMED_AHEAD = 2 }; // probes that nobody waits for, at once
static const int64_t CLAIM_EVERY_US = 10 * INT64_C(1000000);
static const int64_t RETRY_US = 4 * INT64_C(1000000);

enum probe_state {
    PROBE_CLAIMING,
    PROBE_QUEUED,
    PROBE_RUNNING,
    PROBE_DECIDING
};

struct probe {
    UT_hash_handle hh; // by asset.text
    struct id asset;
    enum probe_state state;
    bool has_job;
    struct job job;
    const struct asset *snapshot; // from QUEUED on
    int attempts;
    struct request *request; // RUNNING
    struct jobs_waiter *waiters;
    struct probe *prev, *next; // QUEUED
};

const struct digest *probe_source(const struct probe *p)
{
    return &p->snapshot->source;
}

static struct probe *find(const struct jobs *j, const struct id *asset)
{
    struct probe *p;
    HASH_FIND_STR(j->probing.all, asset->text, p);
    return p;
}

bool probe_holds(const struct jobs *j, const struct id *asset,
                 const struct id *job)
{
    const struct probe *p = find(j, asset);
    return p && p->has_job && id_eq(&p->job.id, job);
}

static struct probe *new_probe(struct jobs *j, const struct id *asset)
{
    struct probe *p = NEW(struct probe);
    p->asset = *asset;
    HASH_ADD_STR(j->probing.all, asset.text, p);
    return p;
}

static void end(struct jobs *j, struct probe *p, enum err result,
                const char *why)
{
    HASH_DEL(j->probing.all, p);
    if (p->state == PROBE_QUEUED)
        DL_DELETE(j->probing.queued, p);
    if (p->request)
        p->request->probe = NULL;
    while (p->waiters) {
        struct jobs_waiter *w = p->waiters;
        DL_DELETE(p->waiters, w);
        w->probe = NULL;
        waiter_tell(w, result, why, NULL);
    }
    asset_unref(p->snapshot);
    free(p);
    j->probing.claim_at_us = 0; // there is room for another
}

static void put_in_queue(struct jobs *j, struct probe *p)
{
    p->state = PROBE_QUEUED;
    DL_APPEND(j->probing.queued, p);
}

// ---- claiming --------------------------------------------------------------

static void is_claimed(struct jobs *j, struct claim_errand *e)
{
    struct probe *p = find(j, &e->job.asset);
    if (!p)
        p = new_probe(j, &e->job.asset);
    p->has_job = true;
    p->job = e->job;
    p->snapshot = take(e->asset);
    put_in_queue(j, p);
}

// A job that could not be claimed by name: done before, or claimed by the
// errand before this one (then the probe has its job already).
static void is_not_claimed(struct jobs *j, struct claim_errand *e)
{
    struct probe *p = find(j, &e->wanted);
    if (!p || p->has_job)
        return;
    bool is_decided = e->asset && e->asset->state != ASSET_UPLOADED;
    if (is_decided)
        end(j, p, OK, "");
    else
        end(j, p, e->result, e->why);
}

static void claimed(struct jobs *j, struct errand *errand)
{
    struct claim_errand *e = (struct claim_errand *)errand;
    bool is_named = e->wanted.text[0] != '\0';
    if (!is_named)
        j->probing.is_claiming = false;
    if (errand->was_dropped)
        ; // the crew stops, and has told all waiters
    else if (e->result == OK && e->asset)
        is_claimed(j, e);
    else if (is_named)
        is_not_claimed(j, e);
    claim_free(e);
}

static void claim(struct jobs *j, const struct id *asset)
{
    struct claim_errand *e = NEW(struct claim_errand);
    claim_init(e, j, JOB_PROBE, asset);
    e->errand.done = claimed;
    errand_add(j, LANE_FACTS, &e->errand);
}

void probe_join(struct jobs *j, struct jobs_waiter *w)
{
    struct probe *p = find(j, &w->asset);
    bool is_new = !p;
    if (is_new)
        p = new_probe(j, &w->asset);
    w->probe = p;
    DL_APPEND(p->waiters, w);
    if (is_new)
        claim(j, &p->asset);
}

void probe_leave(struct jobs *j, struct jobs_waiter *w)
{
    (void)j; // the upload is owed its probe, whoever waits
    if (!w->probe)
        return;
    DL_DELETE(w->probe->waiters, w);
    w->probe = NULL;
}

void probes_look(struct jobs *j, int64_t now_us)
{
    bool is_enough = HASH_COUNT(j->probing.all) >= CLAIMED_AHEAD;
    if (j->probing.is_claiming || is_enough || now_us < j->probing.claim_at_us)
        return;
    j->probing.is_claiming = true;
    j->probing.claim_at_us = now_us + CLAIM_EVERY_US;
    claim(j, NULL);
}

// ---- asking a worker -------------------------------------------------------

struct probe *probe_next(const struct jobs *j, bool is_waited_for)
{
    struct probe *p;
    DL_FOREACH (j->probing.queued, p)
        if (!is_waited_for || p->waiters)
            return p;
    return NULL;
}

int64_t probes_queued(const struct jobs *j)
{
    int64_t count = 0;
    const struct probe *p;
    DL_FOREACH (j->probing.queued, p)
        count++;
    return count;
}

void probe_begin(struct jobs *j, struct probe *p, struct request *r)
{
    DL_DELETE(j->probing.queued, p);
    p->state = PROBE_RUNNING;
    p->request = r;
}

void probe_ask(const struct jobs *j, struct wire_probe *ret)
{
    ret->limits = j->options.limits;
    ret->wish = j->options.plan_wish;
    ret->copy_source = j->options.ladder_wish.copy_source;
}

// ---- deciding --------------------------------------------------------------

static void decided(struct jobs *j, struct errand *errand)
{
    struct verdict *v = (struct verdict *)errand;
    struct probe *p = find(j, &v->asset);
    if (!p || p->state != PROBE_DECIDING || errand->was_dropped) {
        verdict_free(v); // forgotten meanwhile
        return;
    }
    if (v->is_lie) {
        char why[sizeof v->why];
        memcpy(why, v->why, sizeof why);
        verdict_free(v);
        probe_missed(j, p, why);
        return;
    }
    if (v->result == OK) {
        if (v->ready && v->ready->kind != ASSET_IMAGE)
            ahead_first_pieces(j, v->ready);
        j->ladder.claim_at_us = 0;
        end(j, p, OK, "");
    } else if (v->result == ERR_NOT_FOUND || v->result == ERR_CONFLICT) {
        end(j, p, ERR_NOT_FOUND, "the asset is gone");
    } else {
        probe_failed(j, p, v->result, v->why);
    }
    verdict_free(v);
}

static void decide(struct jobs *j, struct probe *p, struct verdict *v)
{
    p->state = PROBE_DECIDING;
    p->request = NULL;
    v->errand.done = decided;
    v->asset = p->asset;
    v->job = p->job;
    v->snapshot = asset_ref(p->snapshot);
    errand_add(j, LANE_FACTS, &v->errand);
}

enum err probe_answered(struct jobs *j, struct probe *p, struct request *r,
                        const struct wire_probed *answer)
{
    struct verdict *v = verdict_new(j, answer);
    if (answer->result == OK) {
        int64_t size = 0;
        enum err result = fd_size(r->output_fd[0], &size);
        if (result == OK && size != answer->plan_bytes)
            result = fail(ERR_BAD_INPUT, "a plan of another size");
        if (result == OK)
            result = blob_from_fd(r->output_fd[0], PLAN_PACKED_BYTES_MAX,
                                  &v->packed);
        if (result != OK) {
            verdict_free(v);
            return result;
        }
    }
    r->probe = NULL;
    decide(j, p, v);
    return OK;
}

// A file that ends every worker it meets is refused, not tried for ever.
static void reject(struct jobs *j, struct probe *p, const char *why)
{
    struct wire_probed *answer = NEW(struct wire_probed);
    answer->result = ERR_BAD_INPUT;
    str_copy(answer->code, sizeof answer->code, STR("media_error"));
    str_copy(answer->detail, sizeof answer->detail,
             STR("reading the file failed each time it was tried"));
    log_warn("probe.gives_up asset=%s attempts=%d why=\"%s\"", p->asset.text,
             p->attempts, why);
    decide(j, p, verdict_new(j, answer));
    free(answer);
}

void probe_missed(struct jobs *j, struct probe *p, const char *why)
{
    p->request = NULL;
    if (++p->attempts >= j->options.attempts)
        reject(j, p, why);
    else
        put_in_queue(j, p);
}

static void returned(struct jobs *j, struct errand *errand)
{
    (void)j;
    free(errand);
}

// 4 s, 16 s, 64 s, ...
static int64_t backoff_us(const struct job *job)
{
    return RETRY_US << (2 * min_i64(job->attempts, 4));
}

// The machine failed, not the file: the job waits its turn again, and whoever
// waits is told. A full disk is nobody's attempt.
void probe_failed(struct jobs *j, struct probe *p, enum err result,
                  const char *why)
{
    log_error("probe.failed asset=%s code=%s why=\"%s\"", p->asset.text,
              err_name(result), why);
    p->request = NULL;
    struct move_errand *e =
        move_new(j, &p->job, JOB_QUEUED, clock_wall_us() + backoff_us(&p->job));
    e->counts_attempt = result != ERR_NO_SPACE;
    e->errand.done = returned;
    errand_add(j, LANE_FACTS, &e->errand);
    end(j, p, result, why);
    j->probing.claim_at_us = clock_now_us() + RETRY_US;
}

// ---- the end ---------------------------------------------------------------

void probes_forget(struct jobs *j, const struct id *asset)
{
    struct probe *p = find(j, asset);
    if (!p)
        return;
    struct worker *w = p->request ? p->request->worker : NULL;
    struct request *r = p->request;
    end(j, p, ERR_NOT_FOUND, "the asset is gone");
    if (w) {
        w->request = NULL;
        request_free(r);
        worker_kill(j, w);
    }
}

void probes_stop(struct jobs *j)
{
    struct probe *p, *next;
    HASH_ITER (hh, j->probing.all, p, next)
        while (p->waiters) {
            struct jobs_waiter *w = p->waiters;
            DL_DELETE(p->waiters, w);
            w->probe = NULL;
            waiter_tell(w, ERR_BUSY, "reeld stops", NULL);
        }
}

static void give_back(struct jobs *j, const struct probe *p)
{
    // If it fails, the next start finds the job running and requeues it.
    ignore(catalog_move_job(j->catalog, &p->job.id, JOB_RUNNING, JOB_QUEUED,
                            NULL, 0, false));
}

void probes_give_back(struct jobs *j)
{
    struct probe *p, *next;
    HASH_ITER (hh, j->probing.all, p, next) {
        if (p->has_job)
            give_back(j, p);
        HASH_DEL(j->probing.all, p);
        asset_unref(p->snapshot);
        free(p);
    }
}
