// SPDX-License-Identifier: MIT
// upkeep.c - what fsck and gc look at.
#include "reeld/catalog/upkeep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "reeld/base/clock.h"

enum { LINE_BYTES = 512 };

typedef void complain_to(void *context, const char *line);

static enum err examine_pages(struct db *db, complain_to *complain,
                              void *context, bool *ret_is_whole)
{
    *ret_is_whole = true;
    scoped(query) struct query q;
    query_init(&q, db, SQL_UPKEEP_INTEGRITY);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        char line[LINE_BYTES];
        query_get_text(&q, line, sizeof(line));
        if (str_eq(str_of(line), STR("ok")))
            continue;
        *ret_is_whole = false;
        complain(context, line);
    }
}

static enum err examine_references(struct db *db, complain_to *complain,
                                   void *context)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_UPKEEP_REFERENCES);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        char table[64], parent[64], line[LINE_BYTES];
        query_get_text(&q, table, sizeof(table));
        query_get_text(&q, parent, sizeof(parent));
        snprintf(line, sizeof(line),
                 "%" PRId64 " rows of %s refer to no row of %s",
                 query_get_int(&q), table, parent);
        complain(context, line);
    }
}

static enum err examine_sums(struct db *db, complain_to *complain,
                             void *context)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_UPKEEP_SUMS);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        char table[64], line[LINE_BYTES];
        query_get_text(&q, table, sizeof(table));
        snprintf(line, sizeof(line),
                 "the sums in %s are not those of what they count", table);
        complain(context, line);
    }
}

enum err catalog_examine(struct catalog *c, complain_to *complain,
                         void *context)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    bool is_whole;
    TRY(examine_pages(r.db, complain, context, &is_whole));
    if (!is_whole)
        return OK; // what it says cannot be relied on
    TRY(examine_references(r.db, complain, context));
    return examine_sums(r.db, complain, context);
}

enum err blob_facts_read(struct query *q, struct blob_fact *ret,
                         uint32_t *ret_count)
{
    uint32_t count = 0;
    for (;;) {
        bool has_row;
        TRY(query_step(q, &has_row));
        if (!has_row)
            break;
        struct blob_fact *one = &ret[count++];
        *one = (struct blob_fact){.row = query_get_int(q)};
        one->key = query_get_digest(q);
        one->size_bytes = query_get_int(q);
        struct str hash = query_get_str(q);
        one->has_hash = hash.len == HASH_BYTES;
        if (one->has_hash)
            memcpy(one->hash.bytes, hash.ptr, HASH_BYTES);
    }
    *ret_count = count;
    return OK;
}

enum err catalog_blob_facts(struct catalog *c, enum blob_kind kind,
                            int64_t after_row, uint32_t limit,
                            struct blob_fact *ret, uint32_t *ret_count)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db,
               kind == BLOB_SOURCE ? SQL_UPKEEP_SOURCES : SQL_UPKEEP_PIECES);
    if (kind != BLOB_SOURCE)
        query_int(&q, ":is_kept", kind == BLOB_KEPT);
    query_int(&q, ":after", after_row);
    query_int(&q, ":limit", limit);
    return blob_facts_read(&q, ret, ret_count);
}

enum err catalog_asset_of_blob(struct catalog *c, const struct digest *key,
                               struct id *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_UPKEEP_ASSETS_OF);
    query_digest(&q, ":key", key);
    TRY(query_one(&q));
    query_get_text(&q, ret->text, sizeof(ret->text));
    return OK;
}

enum err catalog_count_expired(struct catalog *c, int64_t *ret_rows)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_UPKEEP_EXPIRED);
    query_int(&q, ":before_us", idempotency_oldest_us());
    query_int(&q, ":gone_before_us", clock_wall_us() - c->backup_lag_us);
    query_int(&q, ":now_us", clock_wall_us());
    TRY(query_one(&q));
    *ret_rows = query_get_int(&q);
    return OK;
}

static enum err forget_departed(struct catalog *c, struct db *db)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_UPKEEP_FORGET_DEPARTED);
    query_int(&q, ":gone_before_us", clock_wall_us() - c->backup_lag_us);
    return query_run(&q);
}

enum err catalog_expire(struct catalog *c)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    TRY(idempotency_expire(w.db));
    TRY(forget_departed(c, w.db));
    TRY(parcels_expire(w.db));
    return change_commit(&w);
}
