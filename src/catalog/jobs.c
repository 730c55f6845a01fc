// SPDX-License-Identifier: MIT
// jobs.c - work that is owed: rows that outlive a restart.
//
//             claim             finish
//   QUEUED ----------> RUNNING ----------> DONE
//      ^                 |  |
//      |  again, later   |  | give up
//      +-----------------+  +------------> FAILED
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
        {JOB_QUEUED,  JOB_RUNNING},
        {JOB_RUNNING, JOB_QUEUED },
        {JOB_RUNNING, JOB_DONE   },
        {JOB_RUNNING, JOB_FAILED },
    };
    for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
        if (moves[i].from == from && moves[i].to == to)
            return true;
    return false;
}

static const char *const kind_names[JOB_KINDS] = {
    [JOB_PROBE] = "probe",
    [JOB_LADDER] = "ladder",
};
static const char *const state_names[JOB_STATES] = {
    [JOB_QUEUED] = "queued",
    [JOB_RUNNING] = "running",
    [JOB_DONE] = "done",
    [JOB_FAILED] = "failed",
};

enum err jobs_add(struct db *db, enum job_kind kind, int64_t asset_row)
{
    struct id id = id_new("j");
    scoped(query) struct query q;
    query_init(&q, db, SQL_JOB_ADD);
    query_text(&q, ":id", id.text);
    query_text(&q, ":kind", kind_names[kind]);
    query_int(&q, ":asset_row", asset_row);
    query_int(&q, ":now_us", clock_wall_us());
    return query_run(&q);
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

enum err catalog_move_job(struct catalog *c, const struct id *job,
                          enum job_state from, enum job_state to,
                          const char *error, int64_t not_before_us,
                          bool counts_attempt)
{
    if (!job_may_move(from, to))
        return fail(ERR_CONFLICT, "a job never moves from %s to %s",
                    state_names[from], state_names[to]);
    scoped(change) struct change w = {0};
    TRY(change_begin(c, to == JOB_QUEUED ? DB_LAZY : DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_JOB_MOVE);
    query_text(&q, ":id", job->text);
    query_text(&q, ":from", state_names[from]);
    query_text(&q, ":to", state_names[to]);
    query_text(&q, ":error", error);
    query_int(&q, ":not_before_us", not_before_us);
    query_int(&q, ":given_back", counts_attempt ? 0 : 1);
    query_int(&q, ":now_us", clock_wall_us());
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "job %s is not %s", job->text,
                    state_names[from]);
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
