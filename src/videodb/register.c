// SPDX-License-Identifier: MIT
// register.c - POST /collection/{id}/upload: bytes that came to an upload
// address become an asset.
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

#include "errand.h"
#include "read.h"
#include "slots.h"
#include "work.h"

enum { UPLOAD_URL_BYTES = 2048 };

struct wish {
    struct str url, name, description, media_type, callback_url;
    char collection[ID_TEXT_BYTES];
};

static enum err find_collection(struct errand *e, struct wish *w)
{
    str_copy(w->collection, sizeof(w->collection), str_of(e->id));
    struct collection found;
    enum err result = catalog_collection(e->v->catalog, w->collection, &found);
    if (result == ERR_NOT_FOUND)
        return fail(result, "collection %s does not exist", e->id);
    return result;
}

static enum err read_wish(struct errand *e, struct wish *w)
{
    const json_t *b = e->body;
    TRY(read_text(b, "url", TEXT_LINE, UPLOAD_URL_BYTES, &w->url));
    TRY(read_text(b, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, &w->name));
    TRY(read_text(b, "description", TEXT_LINES, ASSET_DESCRIPTION_BYTES - 1,
                  &w->description));
    TRY(read_text(b, "media_type", TEXT_LINE, 32, &w->media_type));
    TRY(read_text(b, "callback_url", TEXT_LINE, UPLOAD_URL_BYTES,
                  &w->callback_url));
    if (w->url.len == 0)
        return fail(ERR_BAD_INPUT, "url is missing");
    if (w->callback_url.len > 0)
        return fail(ERR_UNSUPPORTED, "Call-backs are not in this server: "
                                     "leave callback_url out.");
    return find_collection(e, w);
}

// The content decides; what the client says goes before the guess.
static enum err choose_kind(const struct wish *w, const struct parcel *p,
                            enum asset_kind *ret)
{
    *ret = parcel_kind(p);
    if (w->media_type.len == 0)
        return OK;
    for (enum asset_kind k = 0; k < ASSET_KINDS; k++)
        if (str_eq_nocase(w->media_type, str_of(asset_kind_name(k)))) {
            *ret = k;
            return OK;
        }
    return fail(ERR_BAD_INPUT, "media_type is video, audio or image");
}

static struct asset *describe(const struct wish *w, const struct parcel *p,
                              enum asset_kind kind)
{
    struct asset *asset = asset_new();
    asset->id = id_new(asset_kind_prefix(kind));
    asset->state = ASSET_UPLOADED;
    asset->kind = kind;
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
                             struct str token)
{
    scoped(parcel) struct parcel *p = NULL;
    TRY(slots_take(e->v->slots, token, &p));
    enum asset_kind kind;
    TRY(choose_kind(w, p, &kind));
    scoped(asset) const struct asset *asset = describe(w, p, kind);
    TRY(api_add_asset(e->v->api, asset, take(p->writer)));
    e->made = asset->id;
    return OK;
}

static enum err add(struct errand *e)
{
    struct wish w = {.description = STR("")};
    struct str token;
    TRY(read_wish(e, &w));
    if (slots_token(w.url, e->answer.origin, &token))
        return add_uploaded(e, &w, token);
    return fail(ERR_UNSUPPORTED,
                "Uploads by URL are not in this server: send the file.");
}

static void run(struct errand *e)
{
    enum err result = add(e);
    if (result == ERR_UNSUPPORTED)
        answer_problem(&e->answer, "not_implemented", "%s", fail_text());
    else if (result != OK)
        answer_error(&e->answer, result);
}

void vdb_upload_register(struct http_request *r)
{
    errand_start(r, run);
}
