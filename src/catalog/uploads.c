// SPDX-License-Identifier: MIT
// uploads.c - resumable uploads.
#include "reeld/catalog/uploads.h"

#include <assert.h>

#include "core.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

#define LONG_US (INT64_C(7) * 24 * 3600 * 1000000)

void catalog_upload_done(struct catalog_upload *u)
{
    free(u->metadata);
    free(u->concat);
    free(u->error_code);
    free(u->error_detail);
    *u = (struct catalog_upload){0};
}

int64_t catalog_uploads_now_us(const struct catalog *c)
{
    return clock_now_us() + c->wall_ahead_us;
}

enum err catalog_upload(struct catalog *c, const struct id *id,
                        struct catalog_upload *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_UPLOAD_GET);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    struct catalog_upload u = {0};
    query_get_text(&q, u.id.text, sizeof(u.id.text));
    query_get_text(&q, u.key.text, sizeof(u.key.text));
    u.state = (enum upload_state)query_get_int(&q);
    u.kind = (enum upload_kind)query_get_int(&q);
    u.length_bytes = query_get_int(&q);
    u.created_us = query_get_int(&q);
    u.expires_us = query_get_int(&q);
    u.metadata = query_get_heap(&q);
    u.concat = query_get_heap(&q);
    query_get_text(&q, u.asset.text, sizeof(u.asset.text));
    u.source = query_get_digest(&q);
    u.error_code = query_get_heap(&q);
    u.error_detail = query_get_heap(&q);
    *ret = u;
    return OK;
}

// ---- changes ---------------------------------------------------------------

// In the transaction that adds one, so that two at once do not both find room.
static enum err check_count(struct db *db, const struct id *key, int64_t most)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_UPLOAD_COUNT_OF_KEY);
    query_text(&q, ":key", key->text);
    TRY(query_one(&q));
    if (query_get_int(&q) >= most)
        return fail(ERR_BUSY, "the key has %lld unfinished uploads already",
                    (long long)most);
    return OK;
}

enum err catalog_add_upload(struct catalog *c, const struct catalog_upload *u,
                            int64_t most_unfinished)
{
    assert(u->state == UPLOAD_UPLOADING);
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(check_count(w.db, &u->key, most_unfinished));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_UPLOAD_ADD);
    query_text(&q, ":id", u->id.text);
    query_text(&q, ":key", u->key.text);
    query_int(&q, ":kind", u->kind);
    query_int(&q, ":length_bytes", u->length_bytes);
    query_int(&q, ":created_us", u->created_us);
    query_int(&q, ":expires_us", u->expires_us);
    query_text(&q, ":metadata", u->metadata);
    query_text(&q, ":concat", u->concat);
    TRY(query_run(&q));
    return change_commit(&w);
}

enum err catalog_renew_upload(struct catalog *c, const struct id *id,
                              int64_t expires_us, int64_t length_bytes)
{
    // A length counts for ever, a longer life may be lost.
    enum db_mode mode = length_bytes >= 0 ? DB_DURABLE : DB_LAZY;
    scoped(change) struct change w = {0};
    TRY(change_begin(c, mode, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_UPLOAD_RENEW);
    query_text(&q, ":id", id->text);
    query_int(&q, ":expires_us", expires_us);
    query_int(&q, ":length_bytes", length_bytes);
    TRY(query_one(&q));
    return change_commit(&w);
}

// Runs a query that changes one row or finds it in another state.
static enum err change_one(struct query *q, const struct id *id)
{
    bool has_row;
    TRY(query_step(q, &has_row));
    return has_row
               ? OK
               : fail(ERR_CONFLICT, "upload %s is in another state", id->text);
}

enum err catalog_finish_upload(struct catalog *c, const struct id *id,
                               const struct id *asset,
                               const struct digest *source)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_UPLOAD_FINISH);
    query_text(&q, ":id", id->text);
    query_text(&q, ":asset", asset->text);
    query_digest(&q, ":sha256", source);
    TRY(change_one(&q, id));
    return change_commit(&w);
}

enum err catalog_reject_upload(struct catalog *c, const struct id *id,
                               const char *code, const char *detail)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_UPLOAD_REJECT);
    query_text(&q, ":id", id->text);
    query_text(&q, ":code", code);
    query_text(&q, ":detail", detail);
    TRY(change_one(&q, id));
    return change_commit(&w);
}

enum err catalog_remove_upload(struct catalog *c, const struct id *id)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_UPLOAD_REMOVE);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    return change_commit(&w);
}

enum err catalog_forget_uploads(struct catalog *c, int64_t now_us,
                                int64_t *ret_removed)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_UPLOAD_FORGET);
    query_int(&q, ":now_us", now_us);
    query_int(&q, ":long_ago_us", now_us - LONG_US);
    int64_t removed = 0;
    bool has_row = true;
    while (has_row) {
        TRY(query_step(&q, &has_row));
        removed += has_row;
    }
    TRY(change_commit(&w));
    *ret_removed = removed;
    return OK;
}
