// SPDX-License-Identifier: MIT
// removal.c - taking an asset away, with all that was only there for it.
//
// The asset goes first and at once. Its pieces may be a hundred thousand, so
// they go in slices, each a transaction of its own, and others may write in
// between. When that is cut short, the source is left without an asset, and the
// next start goes on from there. Blobs whose facts are gone are the caller's
// to remove, or the sweep's.
#include <string.h>

#include "core.h"
#include "reeld/base/mem.h"

enum { SLICE = 500 };

struct orphans {
    struct digest *keys;
    size_t count, capacity;
};

static void orphans_done(struct orphans *o)
{
    free(o->keys);
}
static inline void scoped_release_orphans(struct orphans *held)
{
    orphans_done(held);
}

static enum err collect(struct query *q, struct orphans *o, size_t *ret_count)
{
    size_t before = o->count;
    for (;;) {
        bool has_row;
        TRY(query_step(q, &has_row));
        if (!has_row)
            break;
        struct digest key = query_get_digest(q);
        PUSH(o->keys, o->count, o->capacity, key);
    }
    *ret_count = o->count - before;
    return OK;
}

// An asset and its shapes.
struct gone {
    struct id *ids;
    size_t count, capacity;
};
static inline void scoped_release_gone(struct gone *held)
{
    free(held->ids);
}

static enum err remove_rows(struct db *db, const struct id *id,
                            struct gone *gone, int64_t *ret_source_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_ASSET_REMOVE);
    query_text(&q, ":id", id->text);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            break;
        *ret_source_row = query_get_int(&q);
        struct id one = {0};
        query_get_text(&q, one.text, sizeof(one.text));
        PUSH(gone->ids, gone->count, gone->capacity, one);
    }
    return gone->count > 0 ? OK : fail(ERR_NOT_FOUND, "no asset %s", id->text);
}

static enum err remove_pieces(struct db *db, int64_t source_row,
                              struct orphans *o, bool *ret_is_last)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PIECE_REMOVE_UNWANTED);
    query_int(&q, ":source_row", source_row);
    query_int(&q, ":limit", SLICE);
    size_t count;
    TRY(collect(&q, o, &count));
    *ret_is_last = count < SLICE;
    return OK;
}

static enum err remove_source(struct db *db, int64_t source_row,
                              struct orphans *o)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SOURCE_REMOVE_UNUSED);
    query_int(&q, ":source_row", source_row);
    size_t count;
    return collect(&q, o, &count);
}

static enum err remove_slice(struct db *db, int64_t source_row,
                             struct orphans *o, bool *ret_is_last)
{
    TRY(remove_pieces(db, source_row, o, ret_is_last));
    return *ret_is_last ? remove_source(db, source_row, o) : OK;
}

static enum err remove_rest(struct catalog *c, int64_t source_row,
                            struct orphans *o)
{
    bool is_last = false;
    while (!is_last) {
        scoped(change) struct change w = {0};
        TRY(change_begin(c, DB_DURABLE, &w));
        TRY(remove_slice(w.db, source_row, o, &is_last));
        TRY(change_commit(&w));
    }
    cache_pieces_changed(c->cache, source_row);
    return OK;
}

static enum err remove_asset(struct catalog *c, const struct id *id,
                             struct orphans *o, int64_t *ret_source_row,
                             bool *ret_is_last)
{
    scoped(gone) struct gone gone = {0};
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(remove_rows(w.db, id, &gone, ret_source_row));
    TRY(remove_slice(w.db, *ret_source_row, o, ret_is_last));
    enum err e = change_commit(&w);
    for (size_t i = 0; i < gone.count; i++)
        cache_asset_changed(c->cache, &gone.ids[i]);
    cache_pieces_changed(c->cache, *ret_source_row);
    return e;
}

enum err catalog_remove_asset(struct catalog *c, const struct id *id,
                              struct digest **ret_orphans, size_t *ret_count)
{
    scoped(orphans) struct orphans o = {0};
    int64_t source_row = 0;
    bool is_last = false;
    TRY(remove_asset(c, id, &o, &source_row, &is_last));
    if (!is_last)
        TRY(remove_rest(c, source_row, &o));
    *ret_count = o.count;
    *ret_orphans = take(o.keys);
    return OK;
}

enum err removal_of_unwanted(struct catalog *c, int64_t source_row)
{
    scoped(orphans) struct orphans o = {0};
    return remove_rest(c, source_row, &o);
}

static enum err abandoned_source(struct catalog *c, int64_t *ret_row,
                                 bool *ret_has_one)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_SOURCE_ABANDONED);
    TRY(query_step(&q, ret_has_one));
    if (*ret_has_one)
        *ret_row = query_get_int(&q);
    return OK;
}

enum err removal_resume(struct catalog *c)
{
    for (;;) {
        int64_t source_row = 0;
        bool has_one = false;
        TRY(abandoned_source(c, &source_row, &has_one));
        if (!has_one)
            return OK;
        TRY(removal_of_unwanted(c, source_row));
    }
}
