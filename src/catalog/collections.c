// SPDX-License-Identifier: MIT
// collections.c - folders of assets.
#include <string.h>

#include "core.h"
#include "reeld/base/mem.h"

static void read_collection(struct query *q, struct collection *ret)
{
    *ret = (struct collection){0};
    query_get_text(q, ret->id, sizeof(ret->id));
    query_get_text(q, ret->name, sizeof(ret->name));
    query_get_text(q, ret->description, sizeof(ret->description));
    ret->created_us = query_get_int(q);
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
