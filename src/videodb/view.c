// SPDX-License-Identifier: MIT
// view.c - assets and streams as VideoDB's clients know them.
#include "view.h"

#include <stdio.h>

#include "reeld/model/plan.h"

enum asset_kind view_kind(const struct id *id)
{
    for (enum asset_kind k = 0; k < ASSET_KINDS; k++)
        if (id_has_prefix(id, asset_kind_prefix(k)))
            return k;
    return ASSET_VIDEO;
}

enum err view_find(struct videodb *v, struct str text, enum asset_kind kind,
                   const struct asset **ret)
{
    struct id id;
    enum err e = id_parse(text, &id);
    if (e == OK && view_kind(&id) != kind)
        e = ERR_NOT_FOUND;
    scoped(asset) const struct asset *found = NULL;
    if (e == OK)
        e = catalog_asset(v->catalog, &id, &found);
    if (e == ERR_BAD_INPUT || e == ERR_NOT_FOUND)
        return fail(ERR_NOT_FOUND, "%s %.*s does not exist",
                    asset_kind_name(kind), STR_ARG(text));
    if (e != OK)
        return e;
    if (found->state == ASSET_REJECTED)
        return fail(ERR_NOT_FOUND, "%s %s was rejected: %s",
                    asset_kind_name(kind), found->id.text, found->error_detail);
    *ret = take(found);
    return OK;
}

enum err view_find_ready(struct videodb *v, struct str text,
                         enum asset_kind kind, const struct asset **ret)
{
    scoped(asset) const struct asset *found = NULL;
    TRY(view_find(v, text, kind, &found));
    if (found->state != ASSET_READY)
        return fail(ERR_CONFLICT, "%s %s is still being read",
                    asset_kind_name(kind), found->id.text);
    *ret = take(found);
    return OK;
}

enum err view_find_collection(struct videodb *v, struct str id,
                              struct collection *ret)
{
    char text[ID_TEXT_BYTES];
    str_copy(text, sizeof(text), id);
    enum err e = id.len < sizeof(text)
                     ? catalog_collection(v->catalog, text, ret)
                     : fail(ERR_NOT_FOUND, "no such id");
    if (e == ERR_NOT_FOUND)
        return fail(e, "collection %.*s does not exist", STR_ARG(id));
    return e;
}

// MPEG-TS, and no query behind .m3u8: what VideoDB's own addresses are like,
// and what players of every age take, joins of unlike clips included.
void view_write_urls(struct videodb *v, const struct id *id, int64_t epoch,
                     const char *origin, struct json_out *j)
{
    char grant[GRANT_TEXT_BYTES], url[VIEW_URL_BYTES];
    api_write_grant(v->api, id, epoch, grant);
    snprintf(url, sizeof(url), "%s/p/%s/%s/ts.m3u8", origin, grant, id->text);
    json_text(j, "stream_url", url);
    // The page finds both in "v"; an id has no dot.
    snprintf(url, sizeof(url), "%s/watch?v=%s.%s", origin, id->text, grant);
    json_text(j, "player_url", url);
}

void view_write_thumbnail(struct videodb *v, const struct asset *asset,
                          const char *origin, struct json_out *j)
{
    char grant[GRANT_TEXT_BYTES], url[VIEW_URL_BYTES];
    api_write_grant(v->api, &asset->id, asset->epoch, grant);
    snprintf(url, sizeof(url), "%s/p/%s/%s/thumbnail.jpg", origin, grant,
             asset->id.text);
    json_text(j, "thumbnail_url", url);
    json_text(j, "thumbnail", url);
}

void view_write_image_url(struct videodb *v, const struct asset *image,
                          const char *origin, struct json_out *j,
                          const char *name)
{
    char grant[GRANT_TEXT_BYTES], url[VIEW_URL_BYTES];
    api_write_grant(v->api, &image->id, image->epoch, grant);
    snprintf(url, sizeof(url), "%s/p/%s/%s/%s", origin, grant, image->id.text,
             image_type(image) ? "image" : "thumbnail.jpg");
    json_text(j, name, url);
}

static void write_length(const struct asset *asset, struct json_out *j)
{
    // Never null: Python makes a float of it at once.
    if (asset->state == ASSET_READY && asset->kind != ASSET_IMAGE)
        json_decimal(j, "length", plan_duration_us(asset->plan), 6);
}

void view_write(struct videodb *v, const struct asset *asset,
                const char *origin, struct json_out *j)
{
    enum asset_kind kind = view_kind(&asset->id);
    json_text(j, "id", asset->id.text);
    json_text(j, "collection_id", asset->collection);
    json_text(j, "name", asset->name);
    json_text(j, "description", asset->description);
    if (kind != ASSET_IMAGE) {
        write_length(asset, j);
        json_int(j, "size", asset->size_bytes);
    }
    if (kind == ASSET_IMAGE && asset->state == ASSET_READY)
        view_write_image_url(v, asset, origin, j, "url");
    if (kind == ASSET_VIDEO && asset->state == ASSET_READY) {
        view_write_urls(v, &asset->id, asset->epoch, origin, j);
        view_write_thumbnail(v, asset, origin, j);
    }
}
