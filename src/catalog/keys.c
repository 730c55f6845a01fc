// SPDX-License-Identifier: MIT
// keys.c - API keys, by id; of the secret only a hash.
#include "core.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

static void read_key(struct query *q, struct api_key *ret)
{
    *ret = (struct api_key){0};
    query_get_text(q, ret->id.text, sizeof(ret->id.text));
    ret->secret = query_get_digest(q);
    ret->scopes = (unsigned)query_get_int(q);
    ret->created_us = query_get_int(q);
    ret->revoked_us = query_get_int(q);
    query_get_text(q, ret->label, sizeof(ret->label));
}

enum err catalog_key(struct catalog *c, const struct id *id,
                     struct api_key *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_API_KEY_GET);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    read_key(&q, ret);
    return OK;
}

enum err catalog_list_keys(struct catalog *c, struct api_key **ret,
                           size_t *ret_count)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_API_KEY_LIST);
    scoped(mem) struct api_key *keys = NULL;
    size_t count = 0, capacity = 0;
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            break;
        struct api_key key;
        read_key(&q, &key);
        PUSH(keys, count, capacity, key);
    }
    *ret_count = count;
    *ret = take(keys);
    return OK;
}

enum err catalog_add_key(struct catalog *c, const struct api_key *key)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_API_KEY_ADD);
    query_text(&q, ":id", key->id.text);
    query_digest(&q, ":secret", &key->secret);
    query_int(&q, ":scopes", key->scopes);
    query_int(&q, ":created_us", key->created_us);
    query_int(&q, ":revoked_us", key->revoked_us);
    query_text(&q, ":label", key->label);
    TRY(query_run(&q));
    return change_commit(&w);
}

enum err catalog_revoke_key(struct catalog *c, const struct id *id)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_API_KEY_REVOKE);
    query_text(&q, ":id", id->text);
    query_int(&q, ":now_us", clock_wall_us());
    TRY(query_one(&q));
    return change_commit(&w);
}
