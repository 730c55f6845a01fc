// SPDX-License-Identifier: MIT
// recipes.c - recipes by their hash, and what a new build of the worker means.
//
// The libraries of the worker are a part of each encoded recipe. After they
// change, pieces made from now on would differ from those of before under one
// and the same key; so all renditions get the recipes of the new build, and the
// pieces of the old ones are forgotten, to be made again when asked for.
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "reeld/base/buf.h"
#include "reeld/model/gap.h"

enum { RECIPE_TEXT_BYTES_MAX = 8192, PAGE = 64 };

static const char build_name[] = "recipe-build"; // in meta

enum err recipes_add(struct db *db, const struct recipe *r, const char *build,
                     int64_t *ret_row)
{
    scoped(buf) struct buf text;
    buf_init(&text, RECIPE_TEXT_BYTES_MAX);
    recipe_write(r, build, &text);
    TRY(buf_end(&text));
    struct digest hash = recipe_hash(r, build);
    scoped(query) struct query q;
    query_init(&q, db, SQL_RECIPE_ADD);
    query_digest(&q, ":sha256", &hash);
    query_str(&q, ":body", buf_view(&text));
    TRY(query_one(&q));
    *ret_row = query_get_int(&q);
    return OK;
}

static enum err renew_rendition(struct db *db, const struct asset *a,
                                uint32_t number, const char *build)
{
    int64_t recipe_row;
    TRY(recipes_add(db, &a->rendition[number].recipe, build, &recipe_row));
    scoped(query) struct query q;
    query_init(&q, db, SQL_RENDITION_RENEW);
    query_text(&q, ":id", a->id.text);
    query_int(&q, ":number", number);
    query_int(&q, ":recipe_row", recipe_row);
    return query_run(&q);
}

static enum err renew_renditions(struct db *db, const struct asset *a,
                                 const char *build, uint32_t *ret_changed)
{
    *ret_changed = 0;
    for (uint32_t i = 0; i < a->renditions; i++) {
        struct digest hash = recipe_hash(&a->rendition[i].recipe, build);
        if (digest_eq(&hash, &a->recipe[i]))
            continue;
        TRY(renew_rendition(db, a, i, build));
        ++*ret_changed;
    }
    return OK;
}

// Not synced one by one: the mark that all are done is, and with it all before.
static enum err renew_asset(struct catalog *c, const struct id *id,
                            const char *build, uint32_t *ret_assets)
{
    struct asset *fresh = asset_new();
    scoped(asset) const struct asset *a = fresh;
    {
        scoped(change) struct change w = {0};
        TRY(change_begin(c, DB_LAZY, &w));
        TRY(asset_rows_read(w.db, id, fresh));
        // What is kept of it stays what it is, under the names that it has.
        if (a->source_dropped_us > 0)
            return OK;
        uint32_t changed;
        TRY(renew_renditions(w.db, a, build, &changed));
        if (changed == 0)
            return OK;
        enum err e = change_commit(&w);
        cache_asset_changed(c->cache, id);
        TRY(e);
    }
    ++*ret_assets;
    return removal_of_unwanted(c, a->source_row);
}

// They depend on the build by themselves (the encoder of an MP3), and more than
// their parts do: those may be copied.
static enum err forget_downloads(struct catalog *c)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_PIECE_REMOVE_DOWNLOADS);
    TRY(query_run(&q));
    return change_commit(&w);
}

static enum err renew_all(struct catalog *c, const char *build,
                          uint32_t *ret_assets)
{
    struct id page[PAGE];
    struct catalog_asset_filter f = {.state = STR("ready"), .limit = PAGE};
    for (bool more = true; more;) {
        uint32_t count;
        TRY(catalog_list_assets(c, &f, page, &count, &more));
        for (uint32_t i = 0; i < count; i++)
            TRY(renew_asset(c, &page[i], build, ret_assets));
        if (count > 0)
            f.after = str_of(page[count - 1].text);
    }
    return OK;
}

enum err catalog_renew_recipes(struct catalog *c, const char *build,
                               uint32_t *ret_assets)
{
    char mark[RECIPE_BUILD_BYTES + 16];
    char known[sizeof(mark)];
    int len = snprintf(mark, sizeof(mark), "%d %s", RECIPE_VERSION, build);
    size_t known_len = 0;
    enum err e = catalog_meta(c, build_name, (uint8_t *)known, sizeof(known),
                              &known_len);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    *ret_assets = 0;
    if (known_len == (size_t)len && memcmp(known, mark, known_len) == 0)
        return OK;
    TRY(renew_all(c, build, ret_assets));
    TRY(removal_of_unwanted(c,
                            GAP_ROW)); // all of them: nothing has a rendition
    TRY(forget_downloads(c));
    return catalog_set_meta(c, build_name, mark, (size_t)len);
}
