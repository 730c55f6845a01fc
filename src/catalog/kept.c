// SPDX-License-Identifier: MIT
// kept.c - sources that are dropped, and what is kept of them. What is kept is
// the triggers' to know: sql/migrations/013_dropped.sql.
#include "reeld/catalog/kept.h"

#include "core.h"
#include "reeld/base/clock.h"

enum err catalog_stream_with(struct catalog *c, const struct id *asset,
                             const struct id *after, struct stream *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_STREAM_WITH);
    query_text(&q, ":asset", asset->text);
    query_text(&q, ":after", after->text);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no further stream of %s", asset->text);
    stream_read(&q, ret);
    return OK;
}

enum err catalog_last_stream(struct catalog *c, int64_t *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_STREAM_LAST);
    TRY(query_one(&q));
    *ret = query_get_int(&q);
    return OK;
}

// ---- beginning -------------------------------------------------------------

static enum err check_asset(const struct asset *a)
{
    if (a->state != ASSET_READY)
        return fail(ERR_CONFLICT, "the asset is %s",
                    asset_state_name(a->state));
    if (a->kind == ASSET_IMAGE)
        return fail(ERR_CONFLICT, "an image is nothing but its source");
    if (a->source_dropped_us > 0)
        return fail(ERR_GONE, "the source of %s was dropped", a->id.text);
    return OK;
}

static enum err check_alone(struct db *db, const struct asset *a)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SOURCE_OTHER);
    query_int(&q, ":source_row", a->source_row);
    query_text(&q, ":id", a->id.text);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return OK;
    struct id other;
    query_get_text(&q, other.text, sizeof(other.text));
    return fail(ERR_CONFLICT, "%s is made of the same source", other.text);
}

static enum err find_job(struct db *db, int64_t asset_row, struct id *ret)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_JOB_DROPPING);
    query_int(&q, ":asset_row", asset_row);
    TRY(query_one(&q));
    query_get_text(&q, ret->text, sizeof(ret->text));
    return OK;
}

static enum err keep_or_find(struct db *db, const struct asset *a,
                             int64_t asset_row, struct id *ret_job)
{
    bool is_new;
    {
        scoped(query) struct query q;
        query_init(&q, db, SQL_SOURCE_KEEP);
        query_int(&q, ":source_row", a->source_row);
        TRY(query_step(&q, &is_new));
    }
    return is_new ? jobs_add(db, JOB_DROP, asset_row, ret_job)
                  : find_job(db, asset_row, ret_job);
}

enum err catalog_begin_drop(struct catalog *c, const struct id *asset,
                            struct id *ret_job)
{
    struct asset *fresh = asset_new();
    scoped(asset) const struct asset *a = fresh;
    int64_t asset_row = 0;
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(asset_row_read(w.db, asset, fresh, &asset_row));
    TRY(check_asset(a));
    TRY(check_alone(w.db, a));
    TRY(keep_or_find(w.db, a, asset_row, ret_job));
    return change_commit(&w);
}

// ---- what the bytes are -----------------------------------------------------

enum err catalog_kept_unhashed(struct catalog *c, int64_t source_row,
                               int64_t after, uint32_t limit,
                               struct blob_fact *ret, uint32_t *ret_count)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PIECE_KEPT_UNHASHED);
    query_int(&q, ":source_row", source_row);
    query_int(&q, ":after", after);
    query_int(&q, ":limit", limit);
    return blob_facts_read(&q, ret, ret_count);
}

static enum err set_hash(struct db *db, const struct blob_fact *piece)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PIECE_SET_HASH);
    query_int(&q, ":piece_row", piece->row);
    query_digest(&q, ":bytes", &piece->hash);
    return query_run(&q);
}

enum err catalog_set_hashes(struct catalog *c, const struct blob_fact *piece,
                            uint32_t count)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    for (uint32_t i = 0; i < count; i++)
        if (piece[i].has_hash)
            TRY(set_hash(w.db, &piece[i]));
    return change_commit(&w);
}

// ---- the end ---------------------------------------------------------------

static enum err drop(struct db *db, int64_t source_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SOURCE_DROP);
    query_int(&q, ":source_row", source_row);
    query_int(&q, ":now_us", clock_wall_us());
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "another asset has the same bytes by now");
    return OK;
}

static enum err check_streams(struct db *db, const struct id *asset,
                              int64_t streams)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_STREAM_SINCE);
    query_text(&q, ":asset", asset->text);
    query_int(&q, ":streams", streams);
    bool has_row;
    TRY(query_step(&q, &has_row));
    return has_row ? fail(ERR_BUSY, "a stream of it came meanwhile") : OK;
}

enum err catalog_finish_drop(struct catalog *c, const struct job *job,
                             int64_t source_row, int64_t streams)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(jobs_move(w.db, &(struct job_move){.id = &job->id,
                                           .from = JOB_RUNNING,
                                           .to = JOB_DONE}));
    TRY(check_streams(w.db, &job->asset, streams));
    TRY(drop(w.db, source_row));
    enum err e = change_commit(&w);
    cache_source_changed(c->cache, source_row);
    cache_asset_changed(c->cache, &job->asset);
    return e;
}
