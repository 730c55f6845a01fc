// SPDX-License-Identifier: MIT
// pulls.c - assets whose bytes are on their way.
#include "reeld/catalog/pulls.h"

#include <inttypes.h>

#include "core.h"

enum err catalog_pull(struct catalog *c, const struct id *asset,
                      struct pull *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PULL_GET);
    query_text(&q, ":asset", asset->text);
    TRY(query_one(&q));
    query_get_text(&q, ret->url, sizeof(ret->url));
    query_get_text(&q, ret->validator, sizeof(ret->validator));
    return OK;
}

enum err catalog_pull_is_due(struct catalog *c, const struct id *asset,
                             bool *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PULL_IS_DUE);
    query_text(&q, ":asset", asset->text);
    TRY(query_one(&q));
    *ret = query_get_int(&q) != 0;
    return OK;
}

enum err catalog_pull_progress(struct catalog *c, const struct id *asset,
                               int64_t *ret_done, int64_t *ret_total)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PULL_PROGRESS);
    query_text(&q, ":asset", asset->text);
    TRY(query_one(&q));
    *ret_done = query_get_int(&q);
    *ret_total = query_get_int(&q);
    return OK;
}

// ---- changes ---------------------------------------------------------------

static enum err check_waiting(struct db *db, int64_t most)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PULL_WAITING);
    TRY(query_one(&q));
    if (query_get_int(&q) >= most)
        return fail(ERR_BUSY, "%" PRId64 " pulls wait already", most);
    return OK;
}

static enum err add_asset(struct db *db, const struct asset *a,
                          int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_ASSET_ADD_UPLOADING);
    asset_bind(&q, a);
    TRY(query_one(&q));
    *ret_row = query_get_int(&q);
    return OK;
}

static enum err add_pull(struct db *db, int64_t asset_row, const char *url)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PULL_ADD);
    query_int(&q, ":asset_row", asset_row);
    query_text(&q, ":url", url);
    return query_run(&q);
}

enum err catalog_add_pull(struct catalog *c, const struct asset *a,
                          const char *url, const struct callback *callback,
                          int64_t most_waiting, struct id *ret_job)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(check_waiting(w.db, most_waiting));
    int64_t asset_row;
    TRY(add_asset(w.db, a, &asset_row));
    TRY(add_pull(w.db, asset_row, url));
    if (callback)
        TRY(callback_add(w.db, &a->id, callback));
    struct id job;
    TRY(jobs_add(w.db, JOB_PULL, asset_row, &job));
    enum err e = change_commit(&w);
    cache_asset_changed(c->cache, &a->id);
    if (e == OK)
        *ret_job = job;
    return e;
}

enum err catalog_pull_validator(struct catalog *c, const struct id *asset,
                                const char *validator)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_PULL_SET_VALIDATOR);
    query_text(&q, ":asset", asset->text);
    query_text(&q, ":validator", validator);
    TRY(query_one(&q));
    return change_commit(&w);
}

static enum err set_uploaded(struct db *db, const struct id *asset,
                             int64_t source_row, int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_ASSET_UPLOADED);
    query_text(&q, ":id", asset->text);
    query_int(&q, ":source_row", source_row);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "asset %s is not uploading", asset->text);
    *ret_row = query_get_int(&q);
    return OK;
}

static enum err forget(struct db *db, int64_t asset_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PULL_FORGET);
    query_int(&q, ":asset_row", asset_row);
    return query_run(&q);
}

enum err catalog_pull_done(struct catalog *c, const struct job *job,
                           const struct digest *source, int64_t size_bytes)
{
    struct asset bytes = {.source = *source, .size_bytes = size_bytes};
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    int64_t source_row = 0, asset_row = 0;
    TRY(asset_add_source(w.db, &bytes, &source_row));
    TRY(set_uploaded(w.db, &job->asset, source_row, &asset_row));
    TRY(forget(w.db, asset_row));
    TRY(jobs_move(w.db, &(struct job_move){.id = &job->id,
                                           .from = JOB_RUNNING,
                                           .to = JOB_DONE}));
    TRY(jobs_add(w.db, JOB_PROBE, asset_row, NULL));
    enum err e = change_commit(&w);
    cache_source_changed(c->cache, source_row); // it may have been dropped
    cache_asset_changed(c->cache, &job->asset);
    return e;
}

enum err pull_reject(struct db *db, const struct id *asset, const char *code,
                     const char *detail)
{
    struct asset_move m = {.from = ASSET_UPLOADING,
                           .to = ASSET_REJECTED,
                           .error_code = code,
                           .error_detail = detail};
    int64_t asset_row;
    TRY(asset_move(db, asset, &m, &asset_row));
    return forget(db, asset_row);
}

enum err catalog_pull_failed(struct catalog *c, const struct job *job,
                             const char *code, const char *detail)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(pull_reject(w.db, &job->asset, code, detail));
    TRY(jobs_move(w.db, &(struct job_move){.id = &job->id,
                                           .from = JOB_RUNNING,
                                           .to = JOB_FAILED,
                                           .error = detail}));
    enum err e = change_commit(&w);
    cache_asset_changed(c->cache, &job->asset);
    return e;
}
