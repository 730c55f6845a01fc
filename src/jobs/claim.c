// SPDX-License-Identifier: MIT
// claim.c - jobs are taken from the catalog and given back, on the pool.
#include <assert.h>
#include <stdlib.h>

#include "crew.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "verdict.h"

static bool is_machines_fault(enum err result)
{
    // ERR_CONFLICT, ERR_NOT_FOUND: the asset went, and its jobs with it.
    return result != OK && result != ERR_CONFLICT && result != ERR_NOT_FOUND;
}

static void fail_job(struct claim_errand *e, const char *why)
{
    enum err result = catalog_move_job(e->catalog, &e->job.id, JOB_RUNNING,
                                       JOB_FAILED, why, 0, true);
    if (is_machines_fault(result))
        lost_suspect(&e->errand);
}

// A job of an asset that is past it (its row was written, then the power went)
// has nothing left to do.
static enum err claim(struct claim_errand *e)
{
    bool is_named = e->wanted.text[0] != '\0';
    if (is_named)
        TRY(catalog_asset(e->catalog, &e->wanted, &e->asset));
    TRY(is_named ? catalog_claim_probe_of(e->catalog, &e->wanted, &e->job)
                 : catalog_claim_job(e->catalog, e->kind, &e->job));
    asset_unref(take(e->asset));
    enum err result = catalog_asset(e->catalog, &e->job.asset, &e->asset);
    if (result == ERR_NOT_FOUND) {
        fail_job(e, "the asset is gone");
        return result;
    }
    TRY(result);
    assert(e->asset);
    enum asset_state due = e->kind == JOB_PROBE ? ASSET_UPLOADED : ASSET_READY;
    if (e->asset->state == due)
        return OK;
    TRY(catalog_move_job(e->catalog, &e->job.id, JOB_RUNNING, JOB_DONE, NULL, 0,
                         true));
    return fail(ERR_CONFLICT, "the asset is %s",
                asset_state_name(e->asset->state));
}

void claim_on_pool(struct errand *errand)
{
    struct claim_errand *e = (struct claim_errand *)errand;
    e->result = claim(e);
    if (e->result == OK)
        return;
    str_copy(e->why, sizeof e->why, str_of(fail_text()));
    if (!is_machines_fault(e->result))
        return;
    log_warn("job.claim code=%s why=\"%s\"", err_name(e->result), e->why);
    lost_suspect(errand); // it may have come as far as its claim
}

void claim_init(struct claim_errand *e, struct jobs *j, enum job_kind kind,
                const struct id *wanted)
{
    e->errand.work = claim_on_pool;
    e->catalog = j->catalog;
    e->kind = kind;
    if (wanted)
        e->wanted = *wanted;
}

void claim_free(struct claim_errand *e)
{
    asset_unref(e->asset);
    free(e);
}

static void move_on_pool(struct errand *errand)
{
    struct move_errand *e = (struct move_errand *)errand;
    enum err result = catalog_move_job(e->catalog, &e->job.id, JOB_RUNNING,
                                       e->to, e->error[0] ? e->error : NULL,
                                       e->not_before_us, e->counts_attempt);
    if (!is_machines_fault(result))
        return;
    log_warn("job.move job=%s code=%s why=\"%s\"", e->job.id.text,
             err_name(result), fail_text());
    lost_suspect(errand);
}

struct move_errand *move_new(struct jobs *j, const struct job *job,
                             enum job_state to, int64_t not_before_us)
{
    struct move_errand *e = NEW(struct move_errand);
    e->errand.work = move_on_pool;
    e->catalog = j->catalog;
    e->job = *job;
    e->to = to;
    e->not_before_us = not_before_us;
    return e;
}

bool move_is_out(const struct jobs *j, const struct id *job)
{
    for (const struct errand *e = j->lanes[LANE_FACTS].first; e; e = e->next)
        if (e->work == move_on_pool &&
            id_eq(&((const struct move_errand *)e)->job.id, job))
            return true;
    return false;
}
