// SPDX-License-Identifier: MIT
// lost.c - jobs that the catalog has as running though nobody works on them.
//
// A row that could not be written when a job was claimed, given back or ended
// leaves such a job, which nothing would touch before the next start. So after
// each such failure all running ones are looked through, until that was
// possible and found none.
#include <stdlib.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/jobs.h"
#include "verdict.h"

enum { FACTS_MAX = 64 }; // in one look
static const int64_t PAUSE_US = 2 * INT64_C(1000000);

struct look {
    struct errand errand;
    struct catalog *catalog;
    enum err result;
    struct job_fact fact[FACTS_MAX];
    uint32_t count;
    bool has_more;
};

void lost_suspect(const struct errand *errand)
{
    atomic_store(&errand->jobs->lost.is_suspected, true);
}

static void look_on_pool(struct errand *errand)
{
    struct look *l = (struct look *)errand;
    struct catalog_job_filter f = {.state = str_of(job_state_name(JOB_RUNNING)),
                                   .limit = FACTS_MAX};
    l->result =
        catalog_list_jobs(l->catalog, &f, l->fact, &l->count, &l->has_more);
    if (l->result != OK || l->has_more)
        lost_suspect(errand);
}

// Errands of this lane are in order: what was claimed before the look has come
// back, and what is about to be moved is still on its way.
static bool is_held(const struct jobs *j, const struct job_fact *f)
{
    return probe_holds(j, &f->asset, &f->id) || ladder_holds(j, &f->id) ||
           drop_holds(j, &f->id) || move_is_out(j, &f->id);
}

static void given_back(struct jobs *j, struct errand *errand)
{
    (void)j;
    free(errand);
}

static void give_back(struct jobs *j, const struct job_fact *f)
{
    log_warn("job.lost job=%s asset=%s", f->id.text, f->asset.text);
    const struct job job = {.id = f->id, .kind = f->kind, .asset = f->asset};
    struct move_errand *e = move_new(j, &job, JOB_QUEUED, 0);
    e->errand.done = given_back;
    errand_add(j, LANE_FACTS, &e->errand);
}

static void looked(struct jobs *j, struct errand *errand)
{
    struct look *l = (struct look *)errand;
    j->lost.is_looking = false;
    bool is_good = !errand->was_dropped && l->result == OK;
    for (uint32_t i = 0; is_good && i < l->count; i++) {
        const struct job_fact *f = &l->fact[i];
        bool is_ours = f->kind != JOB_PULL; // which the courier has
        if (is_ours && !is_held(j, f))
            give_back(j, f);
    }
    free(l);
}

void lost_look(struct jobs *j, int64_t now_us)
{
    struct lost *lost = &j->lost;
    if (lost->is_looking || now_us < lost->look_at_us ||
        !atomic_exchange(&lost->is_suspected, false))
        return;
    lost->is_looking = true;
    lost->look_at_us = now_us + PAUSE_US;
    struct look *l = NEW(struct look);
    l->errand.work = look_on_pool;
    l->errand.done = looked;
    l->catalog = j->catalog;
    errand_add(j, LANE_FACTS, &l->errand);
}
