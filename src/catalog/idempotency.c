// SPDX-License-Identifier: MIT
// idempotency.c - answers kept for POSTs that are sent again.
#include "core.h"
#include "reeld/base/clock.h"

static const int64_t kept_us = INT64_C(24) * 3600 * 1000000;

int64_t idempotency_oldest_us(void)
{
    return clock_wall_us() - kept_us;
}

enum err idempotency_expire(struct db *db)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_IDEMPOTENCY_EXPIRE);
    query_int(&q, ":before_us", idempotency_oldest_us());
    return query_run(&q);
}

// ERR_NOT_FOUND when the key is new.
static enum err look_up(struct db *db, const struct digest *key,
                        const struct digest *request, struct kept_answer *ret)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_IDEMPOTENCY_GET);
    query_digest(&q, ":key", key);
    TRY(query_one(&q));
    struct digest had = query_get_digest(&q);
    if (!digest_eq(&had, request))
        return fail(ERR_BAD_INPUT,
                    "this Idempotency-Key came with another request before");
    int64_t status = query_get_int(&q);
    if (status == 0)
        return fail(ERR_CONFLICT,
                    "the first request of this Idempotency-Key is in flight");
    ret->status = (int)status;
    ret->body = query_get_heap(&q);
    return OK;
}

static enum err claim(struct db *db, const struct digest *key,
                      const struct digest *request)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_IDEMPOTENCY_CLAIM);
    query_digest(&q, ":key", key);
    query_digest(&q, ":request", request);
    query_int(&q, ":now_us", clock_wall_us());
    return query_run(&q);
}

enum err catalog_idempotency_begin(struct catalog *c, const struct digest *key,
                                   const struct digest *request,
                                   struct kept_answer *ret)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    TRY(idempotency_expire(w.db));
    enum err e = look_up(w.db, key, request, ret);
    if (e != ERR_NOT_FOUND)
        return e;
    TRY(claim(w.db, key, request));
    TRY(change_commit(&w));
    *ret = (struct kept_answer){0};
    return OK;
}

enum err catalog_idempotency_end(struct catalog *c, const struct digest *key,
                                 int status, const char *body)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, status ? SQL_IDEMPOTENCY_KEEP : SQL_IDEMPOTENCY_DROP);
    query_digest(&q, ":key", key);
    if (status) {
        query_int(&q, ":status", status);
        query_text(&q, ":body", body ? body : "");
    }
    TRY(query_one(&q));
    return change_commit(&w);
}
