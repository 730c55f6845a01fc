// SPDX-License-Identifier: MIT
// jobs.c - work that is owed: rows that outlive a restart.
//
//             claim             finish
//   QUEUED ----------> RUNNING ----------> DONE
//    | ^                |  |  |
//    | |  again, later  |  |  | give up
//    | +----------------+  |  +----------> FAILED
//    |                     |
//    +---------------------+-------------> CANCELLED
#include "reeld/catalog/jobs.h"
#include "core.h"
#include "reeld/base/clock.h"
#include "reeld/base/thread.h"

// Longer than any delay between two attempts.
static const int64_t horizon_us = INT64_C(3600) * 1000000;

bool job_may_move(enum job_state from, enum job_state to)
{
    static const struct {
        enum job_state from, to;
    } moves[] = {
        {JOB_QUEUED,  JOB_RUNNING  },
        {JOB_QUEUED,  JOB_CANCELLED},
        {JOB_RUNNING, JOB_QUEUED   },
        {JOB_RUNNING, JOB_DONE     },
        {JOB_RUNNING, JOB_FAILED   },
        {JOB_RUNNING, JOB_CANCELLED},
    };
    for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
        if (moves[i].from == from && moves[i].to == to)
            return true;
    return false;
}

static const char *const kind_names[JOB_KINDS] = {
    [JOB_PROBE] = "probe",
    [JOB_LADDER] = "ladder",
    [JOB_PULL] = "pull",
    [JOB_DROP] = "drop",
};
static const char *const state_names[JOB_STATES] = {
    [JOB_QUEUED] = "queued", [JOB_RUNNING] = "running",     [JOB_DONE] = "done",
    [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

const char *job_kind_name(enum job_kind kind)
{
    return kind_names[kind];
}

const char *job_state_name(enum job_state state)
{
    return state_names[state];
}

enum err jobs_add(struct db *db, enum job_kind kind, int64_t asset_row,
                  struct id *ret_id)
{
    struct id id = id_new("j");
    scoped(query) struct query q;
    query_init(&q, db, SQL_JOB_ADD);
    query_text(&q, ":id", id.text);
    query_text(&q, ":kind", kind_names[kind]);
    query_int(&q, ":asset_row", asset_row);
    query_int(&q, ":now_us", clock_wall_us());
    TRY(query_run(&q));
    if (ret_id)
        *ret_id = id;
    return OK;
}

static enum err run_now(struct db *db, enum sql which)
{
    scoped(query) struct query q;
    query_init(&q, db, which);
    query_int(&q, ":now_us", clock_wall_us());
    return query_run(&q);
}

enum err catalog_requeue_jobs(struct catalog *c)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(run_now(w.db, SQL_JOB_REQUEUE_ALL));
    TRY(run_now(w.db, SQL_JOB_FINISH_STALE));
    return change_commit(&w);
}

static enum err read_claimed(struct query *q, enum job_kind kind,
                             struct job *ret)
{
    TRY(query_one(q));
    ret->kind = kind;
    query_get_text(q, ret->id.text, sizeof(ret->id.text));
    query_get_text(q, ret->asset.text, sizeof(ret->asset.text));
    ret->attempts = (uint32_t)query_get_int(q);
    ret->not_before_us = query_get_int(q);
    return OK;
}

// Claims need not be synced: one that is lost with the power is queued again,
// which is what happens to it anyway.
enum err catalog_claim_job(struct catalog *c, enum job_kind kind,
                           struct job *ret)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    int64_t now_us = clock_wall_us();
    struct job job;
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_JOB_CLAIM);
    query_text(&q, ":kind", kind_names[kind]);
    query_int(&q, ":now_us", now_us);
    query_int(&q, ":horizon_us", now_us + horizon_us);
    TRY(read_claimed(&q, kind, &job));
    TRY(change_commit(&w));
    *ret = job;
    return OK;
}

enum err catalog_claim_probe_of(struct catalog *c, const struct id *asset,
                                struct job *ret)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    struct job job;
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_JOB_CLAIM_OF_ASSET);
    query_text(&q, ":asset", asset->text);
    query_text(&q, ":kind", kind_names[JOB_PROBE]);
    query_int(&q, ":now_us", clock_wall_us());
    TRY(read_claimed(&q, JOB_PROBE, &job));
    TRY(change_commit(&w));
    *ret = job;
    return OK;
}

enum err jobs_move(struct db *db, const struct job_move *m)
{
    if (!job_may_move(m->from, m->to))
        return fail(ERR_CONFLICT, "a job never moves from %s to %s",
                    state_names[m->from], state_names[m->to]);
    scoped(query) struct query q;
    query_init(&q, db, SQL_JOB_MOVE);
    query_text(&q, ":id", m->id->text);
    query_text(&q, ":from", state_names[m->from]);
    query_text(&q, ":to", state_names[m->to]);
    query_text(&q, ":error", m->error);
    query_int(&q, ":not_before_us", m->not_before_us);
    query_int(&q, ":given_back", m->gives_back);
    query_int(&q, ":now_us", clock_wall_us());
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "job %s is not %s", m->id->text,
                    state_names[m->from]);
    return OK;
}

enum err catalog_move_job(struct catalog *c, const struct id *job,
                          enum job_state from, enum job_state to,
                          const char *error, int64_t not_before_us,
                          bool counts_attempt)
{
    struct job_move m = {.id = job,
                         .from = from,
                         .to = to,
                         .error = error,
                         .not_before_us = not_before_us,
                         .gives_back = !counts_attempt};
    scoped(change) struct change w = {0};
    TRY(change_begin(c, to == JOB_QUEUED ? DB_LAZY : DB_DURABLE, &w));
    TRY(jobs_move(w.db, &m));
    return change_commit(&w);
}

static int index_of(struct str name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (str_eq(name, str_of(names[i])))
            return i;
    return -1;
}

enum err catalog_job_counts(struct catalog *c,
                            int64_t ret[JOB_KINDS][JOB_STATES])
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    for (int kind = 0; kind < JOB_KINDS; kind++)
        for (int state = 0; state < JOB_STATES; state++)
            ret[kind][state] = 0;
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_JOB_COUNTS);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        int kind = index_of(query_get_str(&q), kind_names, JOB_KINDS);
        int state = index_of(query_get_str(&q), state_names, JOB_STATES);
        if (kind >= 0 && state >= 0)
            ret[kind][state] = query_get_int(&q);
    }
}

// ---- jobs as people follow them --------------------------------------------

static enum err read_fact(struct query *q, struct job_fact *ret)
{
    struct job_fact f = {0};
    query_get_text(q, f.id.text, sizeof(f.id.text));
    int kind = index_of(query_get_str(q), kind_names, JOB_KINDS);
    int state = index_of(query_get_str(q), state_names, JOB_STATES);
    query_get_text(q, f.asset.text, sizeof(f.asset.text));
    f.attempts = (uint32_t)query_get_int(q);
    f.not_before_us = query_get_int(q);
    f.progress_done = query_get_int(q);
    f.progress_total = query_get_int(q);
    query_get_text(q, f.error, sizeof(f.error));
    f.created_us = query_get_int(q);
    f.changed_us = query_get_int(q);
    if (kind < 0 || state < 0)
        return fail(ERR_IO, "the row of job %s", f.id.text);
    f.kind = (enum job_kind)kind;
    f.state = (enum job_state)state;
    *ret = f;
    return OK;
}

static enum err read_job(struct db *db, const struct id *id,
                         struct job_fact *ret)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_JOB_GET);
    query_text(&q, ":id", id->text);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no job %s", id->text);
    return read_fact(&q, ret);
}

enum err catalog_job(struct catalog *c, const struct id *id,
                     struct job_fact *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    return read_job(r.db, id, ret);
}

static struct str none_if_empty(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

enum err catalog_list_jobs(struct catalog *c,
                           const struct catalog_job_filter *f,
                           struct job_fact *ret, uint32_t *ret_count,
                           bool *ret_more)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_JOB_LIST);
    query_str(&q, ":after", none_if_empty(f->after));
    query_str(&q, ":state", none_if_empty(f->state));
    query_str(&q, ":kind", none_if_empty(f->kind));
    query_str(&q, ":asset", none_if_empty(f->asset));
    query_int(&q, ":limit", (int64_t)f->limit + 1);
    uint32_t count = 0;
    bool has_row;
    for (;;) {
        TRY(query_step(&q, &has_row));
        if (!has_row || count == f->limit)
            break;
        TRY(read_fact(&q, &ret[count]));
        count++;
    }
    *ret_count = count;
    *ret_more = has_row;
    return OK;
}

enum err catalog_job_progress(struct catalog *c, const struct id *job,
                              int64_t done, int64_t total)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_JOB_PROGRESS);
    query_text(&q, ":id", job->text);
    query_int(&q, ":done", done);
    query_int(&q, ":total", total);
    query_int(&q, ":now_us", clock_wall_us());
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "job %s is not running", job->text);
    struct id asset;
    query_get_text(&q, asset.text, sizeof(asset.text));
    TRY(change_commit(&w));
    cache_asset_changed(c->cache, &asset);
    return OK;
}

static enum err set_cancelled(struct db *db, const struct job_fact *job)
{
    if (job->kind == JOB_PROBE || !job_may_move(job->state, JOB_CANCELLED))
        return fail(ERR_CONFLICT, "a %s job that is %s cannot be cancelled",
                    kind_names[job->kind], state_names[job->state]);
    TRY(jobs_move(db, &(struct job_move){.id = &job->id,
                                         .from = job->state,
                                         .to = JOB_CANCELLED}));
    if (job->kind != JOB_PULL)
        return OK;
    return pull_reject(db, &job->asset, "cancelled", "The pull was cancelled.");
}

enum err catalog_cancel_job(struct catalog *c, const struct id *id,
                            struct job_fact *ret)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    struct job_fact job;
    TRY(read_job(w.db, id, &job));
    TRY(set_cancelled(w.db, &job));
    TRY(read_job(w.db, id, &job));
    enum err e = change_commit(&w);
    cache_asset_changed(c->cache, &job.asset);
    if (e == OK)
        *ret = job;
    return e;
}
