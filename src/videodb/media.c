// SPDX-License-Identifier: MIT
// media.c - videos, audios and images: list, get, rename, delete.
#include "reeld/videodb/read.h"

#include "errand.h"
#include "listing.h"
#include "view.h"

static const char *list_name(enum asset_kind kind)
{
    switch (kind) {
    case ASSET_VIDEO:
        return "videos";
    case ASSET_AUDIO:
        return "audios";
    case ASSET_IMAGE:
    case ASSET_KINDS:
        break;
    }
    return "images";
}

void vdb_media_list(struct http_request *r)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    struct str collection = STR("");
    http_request_query(r, "collection_id", &collection);
    struct listing l = {
        .v = videodb_of(r),
        .kind = kind_of(r),
        .collection = collection,
        .origin = a.origin,
        .j = answer_data(&a, '{'),
    };
    json_open(l.j, list_name(l.kind), '[');
    enum err e = listing_write(&l);
    json_close(l.j, ']');
    if (e != OK)
        answer_error(&a, e);
    answer_send(r, &a);
}

void vdb_media_get(struct http_request *r)
{
    struct videodb *v = videodb_of(r);
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    scoped(asset) const struct asset *asset = NULL;
    enum err e = view_find(v, http_request_part(r, "id"), kind_of(r), &asset);
    if (e == OK)
        view_write(v, asset, a.origin, answer_data(&a, '{'));
    else
        answer_error(&a, e);
    answer_send(r, &a);
}

static enum err rename_found(struct errand *e, const struct asset *asset)
{
    struct str name = STR("");
    TRY(read_text(e->body, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, &name));
    if (name.len == 0)
        return OK;
    char text[ASSET_NAME_BYTES];
    str_copy(text, sizeof(text), name);
    const struct catalog_asset_change change = {.name = text};
    return catalog_change_asset(e->v->catalog, &asset->id, &change);
}

static void rename_one(struct errand *e)
{
    scoped(asset) const struct asset *before = NULL, *after = NULL;
    enum err result = view_find(e->v, str_of(e->id), e->kind, &before);
    if (result == OK)
        result = rename_found(e, before);
    if (result == OK)
        result = view_find(e->v, str_of(e->id), e->kind, &after);
    if (result == OK)
        view_write(e->v, after, e->answer.origin, answer_data(&e->answer, '{'));
    else
        answer_error(&e->answer, result);
}

void vdb_media_rename(struct http_request *r)
{
    errand_start(r, rename_one);
}

static void delete_one(struct errand *e)
{
    scoped(asset) const struct asset *asset = NULL;
    enum err result = view_find(e->v, str_of(e->id), e->kind, &asset);
    if (result == OK)
        result = api_remove_asset(e->v->api, asset);
    if (result == OK)
        answer_ok(&e->answer);
    else
        answer_error(&e->answer, result);
}

void vdb_media_delete(struct http_request *r)
{
    errand_start(r, delete_one);
}

// The clients wait for nothing but the word: the job goes on behind it.
static void drop_source(struct errand *e)
{
    scoped(asset) const struct asset *asset = NULL;
    struct job_fact job;
    enum err result = view_find(e->v, str_of(e->id), e->kind, &asset);
    if (result == OK)
        result = api_drop_source(e->v->api, &asset->id, &job);
    if (result == OK || result == ERR_GONE) // again
        answer_ok(&e->answer);
    else if (result == ERR_CONFLICT)
        answer_problem(&e->answer, "conflict", "The source stays: %s.",
                       fail_text());
    else
        answer_error(&e->answer, result);
}

void vdb_media_drop_source(struct http_request *r)
{
    errand_start(r, drop_source);
}
