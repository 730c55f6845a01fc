// SPDX-License-Identifier: MIT
// pieces.c - what has been made.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

// Numbers that stand in rows: a change here needs a migration.
static_assert(PIECE_INIT == 0 && PIECE_SEGMENT == 1 && PIECE_IFRAME == 2 &&
                  PIECE_TS == 3 && PIECE_EDGE == 4 && PIECE_IMAGE == 5 &&
                  PIECE_DOWNLOAD == 6,
              "piece.kind");

// ---- reading ---------------------------------------------------------------

enum err catalog_piece(struct catalog *c, const struct digest *key,
                       struct piece_fact *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PIECE_GET);
    query_digest(&q, ":key", key);
    TRY(query_one(&q));
    ret->key = *key;
    ret->source_row = query_get_int(&q);
    ret->recipe_row = query_get_int(&q);
    ret->kind = (enum piece_kind)query_get_int(&q);
    ret->number = (uint32_t)query_get_int(&q);
    ret->duration_us = query_get_int(&q);
    ret->size_bytes = query_get_int(&q);
    return OK;
}

enum err catalog_made_segments(struct catalog *c, int64_t source_row,
                               int64_t recipe_row, uint8_t *made,
                               uint32_t count, uint32_t *ret_count)
{
    memset(made, 0, count);
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PIECE_MADE_NUMBERS);
    query_int(&q, ":source_row", source_row);
    query_int(&q, ":recipe_row", recipe_row);
    query_int(&q, ":kind", PIECE_SEGMENT);
    query_int(&q, ":count", count);
    uint32_t found = 0;
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            break;
        uint8_t *one = &made[query_get_int(&q)];
        found += !*one;
        *one = 1;
    }
    *ret_count = found;
    return OK;
}

enum err catalog_rates(struct catalog *c, int64_t source_row, int64_t target_us,
                       struct source_rates *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PIECE_RATES);
    query_int(&q, ":source_row", source_row);
    query_int(&q, ":least_us", target_us / 2 + target_us % 2);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        struct piece_rates one = {.recipe_row = query_get_int(&q)};
        one.kind = (enum piece_kind)query_get_int(&q);
        one.pieces = (uint32_t)query_get_int(&q);
        one.bytes = query_get_int(&q);
        one.duration_us = query_get_int(&q);
        one.peak_bps = query_get_int(&q);
        PUSH(ret->of, ret->count, ret->capacity, one);
    }
}

struct piece_rates source_rates_find(const struct source_rates *r,
                                     int64_t recipe_row, enum piece_kind kind)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->of[i].recipe_row == recipe_row && r->of[i].kind == kind)
            return r->of[i];
    return (struct piece_rates){.recipe_row = recipe_row, .kind = kind};
}

void source_rates_done(struct source_rates *r)
{
    free(r->of);
    *r = (struct source_rates){0};
}

enum err catalog_piece_bytes(struct catalog *c, int64_t *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_LEDGER_PIECE_BYTES);
    TRY(query_one(&q));
    *ret = query_get_int(&q);
    return OK;
}

enum err catalog_coldest_pieces(struct catalog *c, int64_t bytes,
                                struct digest **ret, size_t *ret_count)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PIECE_COLDEST);
    scoped(mem) struct digest *keys = NULL;
    size_t count = 0, capacity = 0;
    for (int64_t sum = 0; sum < bytes;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            break;
        struct digest key = query_get_digest(&q);
        PUSH(keys, count, capacity, key);
        sum += query_get_int(&q);
    }
    *ret_count = count;
    *ret = take(keys);
    return OK;
}

enum err catalog_is_named(struct catalog *c, const struct digest *key,
                          bool *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_BLOB_IS_NAMED);
    query_digest(&q, ":key", key);
    query_int(&q, ":since_us", clock_wall_us() - c->backup_lag_us);
    TRY(query_one(&q));
    bool has_fact = query_get_int(&q) != 0, has_departed = query_get_int(&q);
    *ret = has_fact || (has_departed && backup_is_recent(c));
    return OK;
}

// ---- changes ---------------------------------------------------------------

static enum err add_piece(struct db *db, const struct piece_fact *f,
                          int64_t now_us)
{
    // Rounded up: what a manifest says of it may not be less than the truth.
    int64_t rate_bps =
        f->duration_us > 0
            ? scale_ceil(f->size_bytes, INT64_C(8000000), f->duration_us)
            : 0;
    scoped(query) struct query q;
    query_init(&q, db, SQL_PIECE_ADD);
    query_digest(&q, ":key", &f->key);
    query_int(&q, ":source_row", f->source_row);
    query_int(&q, ":recipe_row", f->recipe_row);
    query_int(&q, ":kind", f->kind);
    query_int(&q, ":number", f->number);
    query_int(&q, ":duration_us", f->duration_us);
    query_int(&q, ":size_bytes", f->size_bytes);
    query_int(&q, ":rate_bps", rate_bps);
    query_int(&q, ":used_us", now_us);
    return query_run(&q);
}

enum err catalog_add_pieces(struct catalog *c, const struct piece_fact *f,
                            size_t count)
{
    int64_t now_us = clock_wall_us();
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    for (size_t i = 0; i < count; i++)
        TRY(add_piece(w.db, &f[i], now_us));
    enum err e = change_commit(&w);
    for (size_t i = 0; i < count; i++)
        cache_pieces_changed(c->cache, f[i].source_row);
    return e;
}

static enum err add_origin(struct db *db, const struct digest *key,
                           const struct piece_origin *origin)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PIECE_SHOW);
    query_digest(&q, ":key", key);
    query_int(&q, ":source_row", origin->source_row);
    query_int(&q, ":recipe_row", origin->recipe_row);
    return query_one(&q);
}

enum err catalog_add_download(struct catalog *c, const struct piece_fact *f,
                              const struct piece_origin *origins, size_t count)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(add_piece(w.db, f, clock_wall_us()));
    for (size_t i = 0; i < count; i++)
        TRY(add_origin(w.db, &f->key, &origins[i]));
    enum err e = change_commit(&w);
    cache_pieces_changed(c->cache, f->source_row);
    return e;
}

static enum err remove_piece(struct catalog *c, enum sql which,
                             const struct digest *key, int64_t *ret_bytes)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, which);
    query_digest(&q, ":key", key);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no such piece, or it is kept");
    int64_t source_row = query_get_int(&q);
    *ret_bytes = query_get_int(&q);
    enum err e = change_commit(&w);
    cache_pieces_changed(c->cache, source_row);
    return e;
}

enum err catalog_forget_piece(struct catalog *c, const struct digest *key)
{
    int64_t bytes;
    return remove_piece(c, SQL_PIECE_FORGET, key, &bytes);
}

enum err catalog_evict_piece(struct catalog *c, const struct digest *key,
                             int64_t *ret_bytes)
{
    return remove_piece(c, SQL_PIECE_EVICT, key, ret_bytes);
}

static enum err touch_piece(struct db *db, const struct digest *key,
                            int64_t now_us)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PIECE_TOUCH);
    query_digest(&q, ":key", key);
    query_int(&q, ":now_us", now_us);
    return query_run(&q);
}

enum err catalog_touch_pieces(struct catalog *c, const struct digest *keys,
                              size_t count, int64_t now_us)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    for (size_t i = 0; i < count; i++)
        TRY(touch_piece(w.db, &keys[i], now_us));
    return change_commit(&w);
}
