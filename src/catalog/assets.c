// SPDX-License-Identifier: MIT
// assets.c - uploads: adding, probing's verdict, changing, listing, reading.
#include <string.h>

#include "core.h"
#include "reeld/base/clock.h"

static const char *or_text(const char *text, const char *instead)
{
    return text && *text ? text : instead;
}

// ---- reading ---------------------------------------------------------------

static enum err read_asset(struct catalog *c, const struct id *id,
                           struct asset *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    TRY(db_begin(r.db, DB_READ));
    enum err e = asset_rows_read(r.db, id, ret);
    db_rollback(r.db); // nothing was changed: this only ends the view
    return e;
}

enum err catalog_asset(struct catalog *c, const struct id *id,
                       const struct asset **ret)
{
    uint64_t mark;
    const struct asset *hit = cache_get(c->cache, id, &mark);
    if (!hit) {
        struct asset *fresh = asset_new();
        scoped(asset) const struct asset *held = fresh;
        TRY(read_asset(c, id, fresh));
        cache_put(c->cache, fresh, mark);
        hit = take(held);
    }
    *ret = hit;
    return OK;
}

uint64_t catalog_generation(struct catalog *c, const struct id *asset)
{
    return cache_generation(c->cache, asset);
}

static struct str none_if_empty(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

// The part of an id behind its prefix: what lists are sorted by.
static struct str birth_of(const struct id *id)
{
    struct str rest = str_of(id->text);
    (void)str_cut(&rest, '-');
    return rest;
}

enum err catalog_list_assets(struct catalog *c,
                             const struct catalog_asset_filter *f,
                             struct id *ret, uint32_t *ret_count,
                             bool *ret_more)
{
    struct id after;
    struct str birth = {NULL, 0};
    if (f->after.len > 0) {
        TRY(id_parse(f->after, &after));
        birth = birth_of(&after);
    }
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    bool is_all = f->collection.len == 0;
    scoped(query) struct query q;
    query_init(&q, r.db,
               is_all ? SQL_ASSET_LIST : SQL_ASSET_LIST_OF_COLLECTION);
    if (!is_all)
        query_str(&q, ":collection", f->collection);
    query_str(&q, ":after", birth);
    query_str(&q, ":state", none_if_empty(f->state));
    query_str(&q, ":kind", none_if_empty(f->kind));
    query_str(&q, ":name", none_if_empty(f->name));
    query_int(&q, ":limit", (int64_t)f->limit + 1);
    uint32_t count = 0;
    bool has_row;
    for (;;) {
        TRY(query_step(&q, &has_row));
        if (!has_row || count == f->limit)
            break;
        query_get_text(&q, ret[count++].text, sizeof(ret->text));
    }
    *ret_count = count;
    *ret_more = has_row;
    return OK;
}

// ---- changes ---------------------------------------------------------------

enum err asset_add_source(struct db *db, const struct asset *a,
                          int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SOURCE_ADD);
    query_digest(&q, ":sha256", &a->source);
    query_int(&q, ":size_bytes", a->size_bytes);
    TRY(query_one(&q));
    *ret_row = query_get_int(&q);
    return OK;
}

void asset_bind(struct query *q, const struct asset *a)
{
    query_text(q, ":id", a->id.text);
    query_str(q, ":birth", birth_of(&a->id));
    query_text(q, ":kind", asset_kind_name(a->kind));
    query_text(q, ":name", or_text(a->name, ""));
    query_text(q, ":description", or_text(a->description, ""));
    query_text(q, ":metadata", or_text(a->metadata, "{}"));
    query_text(q, ":filename", or_text(a->filename, ""));
    query_text(q, ":collection", or_text(a->collection, "default"));
    query_int(q, ":created_us", a->created_us);
    query_int(q, ":epoch", a->epoch);
}

static enum err add_row(struct db *db, const struct asset *a,
                        int64_t source_row, int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_ASSET_ADD);
    asset_bind(&q, a);
    query_int(&q, ":source_row", source_row);
    TRY(query_one(&q));
    *ret_row = query_get_int(&q);
    return OK;
}

enum err asset_add_uploaded(struct db *db, const struct asset *a,
                            int64_t *ret_source_row)
{
    int64_t asset_row;
    TRY(asset_add_source(db, a, ret_source_row));
    TRY(add_row(db, a, *ret_source_row, &asset_row));
    return jobs_add(db, JOB_PROBE, asset_row, NULL);
}

// The resumable upload that becomes this asset, if there is one, is finished.
static enum err finish_upload(struct db *db, const struct id *asset)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_UPLOAD_IS_ASSET);
    query_text(&q, ":asset", asset->text);
    return query_run(&q);
}

enum err catalog_add_asset(struct catalog *c, const struct asset *a)
{
    return catalog_add_asset_told(c, a, NULL);
}

enum err catalog_add_asset_told(struct catalog *c, const struct asset *a,
                                const struct callback *callback)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    int64_t source_row;
    TRY(asset_add_uploaded(w.db, a, &source_row));
    TRY(finish_upload(w.db, &a->id));
    if (callback)
        TRY(callback_add(w.db, &a->id, callback));
    enum err e = change_commit(&w);
    cache_source_changed(c->cache, source_row); // it may have been dropped
    cache_asset_changed(c->cache, &a->id);
    return e;
}

enum err asset_move(struct db *db, const struct id *id,
                    const struct asset_move *m, int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_ASSET_MOVE_STATE);
    query_text(&q, ":id", id->text);
    query_text(&q, ":from", asset_state_name(m->from));
    query_text(&q, ":to", asset_state_name(m->to));
    query_text(&q, ":kind", m->kind);
    query_text(&q, ":error_code", m->error_code);
    query_text(&q, ":error_detail", m->error_detail);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_CONFLICT, "asset %s is not in state %s", id->text,
                    asset_state_name(m->from));
    *ret_row = query_get_int(&q);
    return OK;
}

static enum err become_ready(struct db *db, const struct asset *a,
                             const char *build, bool with_ladder)
{
    struct asset_move m = {.from = ASSET_UPLOADED,
                           .to = ASSET_READY,
                           .kind = asset_kind_name(a->kind)};
    int64_t asset_row;
    TRY(asset_move(db, &a->id, &m, &asset_row));
    TRY(asset_rows_add(db, asset_row, a, build));
    return with_ladder ? jobs_add(db, JOB_LADDER, asset_row, NULL) : OK;
}

enum err catalog_asset_ready(struct catalog *c, const struct asset *a,
                             const char *build, bool with_ladder)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    TRY(become_ready(w.db, a, build, with_ladder));
    enum err e = change_commit(&w);
    cache_asset_changed(c->cache, &a->id);
    return e;
}

static enum err add_reframe(struct db *db, const struct asset *a,
                            int64_t asset_row)
{
    const struct asset_reframe *f = &a->reframe;
    scoped(query) struct query q;
    query_init(&q, db, SQL_REFRAME_ADD);
    query_int(&q, ":asset_row", asset_row);
    query_text(&q, ":parent", f->asset.text);
    query_int(&q, ":start_us", f->start_us);
    query_int(&q, ":end_us", f->end_us);
    query_int(&q, ":width", f->width);
    query_int(&q, ":height", f->height);
    query_int(&q, ":is_shape", f->is_shape);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no asset %s", f->asset.text);
    return OK;
}

static enum err find_shape(struct db *db, const struct id *parent,
                           int32_t width, int32_t height, struct id *ret)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SHAPE_GET);
    query_text(&q, ":parent", parent->text);
    query_int(&q, ":width", width);
    query_int(&q, ":height", height);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "%s has no shape of %dx%d", parent->text,
                    (int)width, (int)height);
    query_get_text(&q, ret->text, sizeof(ret->text));
    return OK;
}

enum err catalog_shape(struct catalog *c, const struct id *parent,
                       int32_t width, int32_t height, struct id *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    return find_shape(r.db, parent, width, height, ret);
}

static enum err check_only_shape(struct db *db, const struct asset_reframe *f)
{
    struct id other;
    if (!f->is_shape)
        return OK;
    enum err e = find_shape(db, &f->asset, f->width, f->height, &other);
    if (e == OK)
        return fail(ERR_CONFLICT, "%s is that shape", other.text);
    return e == ERR_NOT_FOUND ? OK : e;
}

// Where the bytes are dropped nothing new can be made of them.
static enum err find_source(struct db *db, const struct asset *a,
                            int64_t *ret_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SOURCE_GET);
    query_digest(&q, ":sha256", &a->source);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no asset %s", a->reframe.asset.text);
    int64_t row = query_get_int(&q);
    if (query_get_int(&q) > 0)
        return fail(ERR_GONE, "the source of %s was dropped",
                    a->reframe.asset.text);
    *ret_row = row;
    return OK;
}

enum err catalog_add_reframed(struct catalog *c, const struct asset *a,
                              const char *build, bool with_ladder)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    int64_t source_row = 0, asset_row = 0;
    TRY(find_source(w.db, a, &source_row));
    TRY(check_only_shape(w.db, &a->reframe));
    TRY(add_row(w.db, a, source_row, &asset_row));
    TRY(add_reframe(w.db, a, asset_row));
    TRY(become_ready(w.db, a, build, with_ladder));
    enum err e = change_commit(&w);
    cache_asset_changed(c->cache, &a->id);
    return e;
}

enum err catalog_asset_rejected(struct catalog *c, const struct id *id,
                                const char *code, const char *detail)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    struct asset_move m = {.from = ASSET_UPLOADED,
                           .to = ASSET_REJECTED,
                           .error_code = code,
                           .error_detail = detail};
    int64_t asset_row;
    TRY(asset_move(w.db, id, &m, &asset_row));
    enum err e = change_commit(&w);
    cache_asset_changed(c->cache, id);
    return e;
}

// *ret_source_row: the source of what was moved; 0: nothing was.
static enum err move_shapes(struct db *db, const struct id *parent,
                            const char *collection, int64_t *ret_source_row)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_SHAPE_MOVE);
    query_text(&q, ":parent", parent->text);
    query_text(&q, ":collection", collection);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        *ret_source_row = query_get_int(&q);
    }
}

enum err catalog_change_asset(struct catalog *c, const struct id *id,
                              const struct catalog_asset_change *ch)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_ASSET_CHANGE);
    query_text(&q, ":id", id->text);
    query_text(&q, ":name", ch->name);
    query_text(&q, ":description", ch->description);
    query_text(&q, ":metadata", ch->metadata);
    query_text(&q, ":collection", ch->collection);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no asset %s", id->text);
    int64_t moved_row = 0;
    if (ch->collection)
        TRY(move_shapes(w.db, id, ch->collection, &moved_row));
    enum err e = change_commit(&w);
    if (moved_row > 0)
        cache_source_changed(c->cache, moved_row);
    cache_asset_changed(c->cache, id);
    return e;
}
