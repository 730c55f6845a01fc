// SPDX-License-Identifier: MIT
// collections.c - folders of assets.
#include <string.h>

#include "core.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

static void read_collection(struct query *q, struct collection *ret)
{
    *ret = (struct collection){0};
    query_get_text(q, ret->id, sizeof(ret->id));
    query_get_text(q, ret->name, sizeof(ret->name));
    query_get_text(q, ret->description, sizeof(ret->description));
    ret->created_us = query_get_int(q);
    ret->quota_bytes = query_get_int(q); // no value is 0
    ret->quota_assets = query_get_int(q);
    ret->used_bytes = query_get_int(q);
    ret->used_assets = query_get_int(q);
}

enum err catalog_collection(struct catalog *c, const char *id,
                            struct collection *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_COLLECTION_GET);
    query_text(&q, ":id", id);
    TRY(query_one(&q));
    read_collection(&q, ret);
    return OK;
}

enum err catalog_list_collections(struct catalog *c, struct collection **ret,
                                  size_t *ret_count)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_COLLECTION_LIST);
    scoped(mem) struct collection *list = NULL;
    size_t count = 0, capacity = 0;
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            break;
        struct collection one;
        read_collection(&q, &one);
        PUSH(list, count, capacity, one);
    }
    *ret_count = count;
    *ret = take(list);
    return OK;
}

enum err catalog_put_collection(struct catalog *c, const struct collection *in)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_COLLECTION_PUT);
    query_text(&q, ":id", in->id);
    query_text(&q, ":name", in->name);
    query_text(&q, ":description", in->description);
    query_int(&q, ":created_us", in->created_us);
    query_int(&q, ":quota_bytes", in->quota_bytes);
    query_int(&q, ":quota_assets", in->quota_assets);
    TRY(query_run(&q));
    return change_commit(&w);
}

// No value: no limit.
static int64_t get_room(struct query *q)
{
    struct query same = *q;
    bool is_limited = query_get_str(&same).ptr != NULL;
    int64_t room = query_get_int(q);
    return is_limited ? room : INT64_MAX;
}

enum err catalog_room(struct catalog *c, const char *id,
                      struct collection_room *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_COLLECTION_ROOM);
    query_text(&q, ":id", id);
    TRY(query_one(&q));
    int64_t bytes = get_room(&q), assets = get_room(&q);
    ret->bytes = min_i64(bytes, get_room(&q));
    ret->assets = min_i64(assets, get_room(&q));
    return OK;
}

enum err catalog_usage(struct catalog *c, int64_t *ret_assets,
                       int64_t *ret_bytes)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_COLLECTION_USAGE);
    TRY(query_one(&q));
    *ret_assets = query_get_int(&q);
    *ret_bytes = query_get_int(&q);
    return OK;
}

enum err catalog_set_quota(struct catalog *c, int64_t quota_bytes,
                           int64_t quota_assets)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_LEDGER_SET_QUOTA);
    query_int(&q, ":quota_bytes", quota_bytes);
    query_int(&q, ":quota_assets", quota_assets);
    TRY(query_run(&q));
    return change_commit(&w);
}

static enum err check_unused(struct db *db, const char *id)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_COLLECTION_IS_USED);
    query_text(&q, ":id", id);
    TRY(query_one(&q));
    if (query_get_int(&q) != 0)
        return fail(ERR_CONFLICT, "there are assets in the collection");
    return OK;
}

enum err catalog_remove_collection(struct catalog *c, const char *id)
{
    if (strcmp(id, "default") == 0)
        return fail(ERR_CONFLICT, "the default collection stays");
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(check_unused(w.db, id));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_COLLECTION_REMOVE);
    query_text(&q, ":id", id);
    TRY(query_one(&q));
    return change_commit(&w);
}
