// SPDX-License-Identifier: MIT
// parcels.c - upload addresses, and what came to them.
#include "reeld/catalog/parcels.h"

#include "core.h"
#include "reeld/base/clock.h"

static enum err no_such(void)
{
    return fail(ERR_NOT_FOUND, "no such upload address");
}

static enum err read_kind(struct str name, enum asset_kind *ret)
{
    for (enum asset_kind k = 0; k < ASSET_KINDS; k++)
        if (str_eq(name, str_of(asset_kind_name(k)))) {
            *ret = k;
            return OK;
        }
    return fail(ERR_IO, "an upload is of no kind");
}

enum err catalog_parcel(struct catalog *c, const struct digest *token,
                        struct parcel_fact *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_PARCEL_GET);
    query_digest(&q, ":token", token);
    query_int(&q, ":now_us", clock_wall_us());
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return no_such();
    struct parcel_fact p = {0};
    query_get_text(&q, p.key.text, sizeof(p.key.text));
    p.expires_us = query_get_int(&q);
    p.is_held = query_get_int(&q) != 0;
    if (p.is_held) {
        p.source = query_get_digest(&q);
        p.size_bytes = query_get_int(&q);
        TRY(read_kind(query_get_str(&q), &p.kind));
        query_get_text(&q, p.filename, sizeof(p.filename));
    }
    *ret = p;
    return OK;
}

enum err parcels_expire(struct db *db)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PARCEL_EXPIRE);
    query_int(&q, ":now_us", clock_wall_us());
    return query_run(&q);
}

static enum err check_count(struct db *db, int64_t most)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PARCEL_COUNT);
    TRY(query_one(&q));
    if (query_get_int(&q) >= most)
        return fail(ERR_BUSY, "%lld uploads wait to be claimed",
                    (long long)most);
    return OK;
}

enum err catalog_open_parcel(struct catalog *c, const struct digest *token,
                             const struct id *key, int64_t expires_us,
                             int64_t most)
{
    // An address that a power failure takes is asked for again.
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    TRY(parcels_expire(w.db));
    TRY(check_count(w.db, most));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_PARCEL_OPEN);
    query_digest(&q, ":token", token);
    query_text(&q, ":key", key->text);
    query_int(&q, ":expires_us", expires_us);
    TRY(query_run(&q));
    return change_commit(&w);
}

enum err catalog_hold_parcel(struct catalog *c, const struct digest *token,
                             const struct parcel_fact *p)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_PARCEL_HOLD);
    query_digest(&q, ":token", token);
    query_text(&q, ":key", p->key.text);
    query_int(&q, ":expires_us", p->expires_us);
    query_digest(&q, ":sha256", &p->source);
    query_int(&q, ":size_bytes", p->size_bytes);
    query_text(&q, ":kind", asset_kind_name(p->kind));
    query_text(&q, ":filename", p->filename);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "an upload address is good for one upload");
    return change_commit(&w);
}

static enum err take_row(struct db *db, const struct digest *token)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_PARCEL_TAKE);
    query_digest(&q, ":token", token);
    bool has_row;
    TRY(query_step(&q, &has_row));
    return has_row ? OK : no_such();
}

enum err catalog_claim_parcel(struct catalog *c, const struct digest *token,
                              const struct asset *asset)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(take_row(w.db, token));
    int64_t source_row;
    TRY(asset_add_uploaded(w.db, asset, &source_row));
    enum err e = change_commit(&w);
    cache_source_changed(c->cache, source_row); // it may have been dropped
    cache_asset_changed(c->cache, &asset->id);
    return e;
}

enum err catalog_take_parcel(struct catalog *c, const struct digest *token)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(take_row(w.db, token));
    return change_commit(&w);
}
