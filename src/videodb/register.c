// SPDX-License-Identifier: MIT
// register.c - POST /collection/{id}/upload: bytes that came to an upload
// address become an asset.
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/videodb/read.h"
#include "reeld/videodb/slots.h"

#include "errand.h"
#include "view.h"
#include "work.h"

enum { UPLOAD_URL_BYTES = 2048 };

struct wish {
    struct str url, name, description, callback_url;
    bool has_kind; // media_type is there: it goes before any guess
    enum asset_kind kind;
    char collection[ID_TEXT_BYTES];
};

static enum err find_collection(struct errand *e, struct wish *w)
{
    struct collection found;
    TRY(view_find_collection(e->v, str_of(e->id), &found));
    str_copy(w->collection, sizeof(w->collection), str_of(found.id));
    return OK;
}

static enum err read_media_type(const json_t *body, struct wish *w)
{
    struct str said = STR("");
    TRY(read_text(body, "media_type", TEXT_LINE, 32, &said));
    for (enum asset_kind k = 0; k < ASSET_KINDS; k++)
        if (str_eq_nocase(said, str_of(asset_kind_name(k)))) {
            w->has_kind = true;
            w->kind = k;
        }
    if (said.len > 0 && !w->has_kind)
        return fail(ERR_BAD_INPUT, "media_type is video, audio or image");
    return OK;
}

static enum err read_wish(struct errand *e, struct wish *w)
{
    const json_t *b = e->body;
    TRY(read_text(b, "url", TEXT_LINE, UPLOAD_URL_BYTES, &w->url));
    TRY(read_text(b, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, &w->name));
    TRY(read_text(b, "description", TEXT_LINES, ASSET_DESCRIPTION_BYTES - 1,
                  &w->description));
    TRY(read_media_type(b, w));
    TRY(errand_callback(e, &w->callback_url));
    if (w->url.len == 0)
        return fail(ERR_BAD_INPUT, "url is missing");
    return find_collection(e, w);
}

static struct asset *describe(const struct wish *w, const struct parcel_fact *p)
{
    struct asset *asset = asset_new();
    asset->kind = w->has_kind ? w->kind : p->kind;
    asset->id = id_new(asset_kind_prefix(asset->kind));
    asset->state = ASSET_UPLOADED;
    // A file's name is its title until somebody gives it a better one.
    char name[ASSET_NAME_BYTES];
    str_copy(name, sizeof(name),
             w->name.len > 0 ? w->name : str_of(p->filename));
    asset->name = mem_text(name);
    asset->description = str_dup(w->description);
    asset->metadata = mem_text("{}");
    asset->filename = mem_text(p->filename);
    asset->collection = mem_text(w->collection);
    asset->created_us = clock_wall_us();
    asset->size_bytes = p->size_bytes;
    asset->source = p->source;
    return asset;
}

static enum err add_uploaded(struct errand *e, const struct wish *w,
                             struct str token, struct id *ret)
{
    struct digest slot;
    struct parcel_fact p;
    TRY(slots_find_held(e->v->catalog, token, &slot, &p));
    scoped(asset) const struct asset *asset = describe(w, &p);
    TRY(api_claim_parcel(e->v->api, asset, &slot));
    *ret = asset->id;
    return OK;
}

// Texts of JSON end in a NUL.
static enum err add_pulled(struct errand *e, const struct wish *w,
                           struct id *ret)
{
    struct api_pull pull = {
        .url = w->url.ptr,
        .name = w->name.len > 0 ? w->name.ptr : NULL,
        .description = w->description.ptr,
        .collection = w->collection,
        .has_kind = w->has_kind,
        .kind = w->kind,
    };
    struct id job;
    return api_start_pull(e->v->api, &pull, ret, &job);
}

static enum err add(struct errand *e)
{
    struct wish w = {.description = STR("")};
    struct str token;
    TRY(read_wish(e, &w));
    struct id made;
    if (slots_token(w.url, e->answer.origin, &token))
        TRY(add_uploaded(e, &w, token, &made));
    else
        TRY(add_pulled(e, &w, &made));
    if (w.callback_url.len > 0)
        return errand_call_back(e, &made, w.callback_url);
    e->made = made;
    return OK;
}

static void run(struct errand *e)
{
    enum err result = add(e);
    if (result != OK)
        answer_error(&e->answer, result);
}

void vdb_upload_register(struct http_request *r)
{
    errand_start(r, run);
}
