// SPDX-License-Identifier: MIT
// asset_change.c - PATCH and DELETE of an asset, on the pool.
#include "asset_view.h"

#include "reeld/base/mem.h"

#include "task.h"

// The one that the path names, if it is as If-Match says.
static bool find_unchanged(struct task *t, const struct asset **ret)
{
    if (!asset_find(t->api, str_of(t->id), &t->reply, ret))
        return false;
    char etag[REPLY_ETAG_BYTES];
    asset_etag(*ret, STR(""), etag);
    return task_if_match(t, etag, ETAG_EDITS);
}

struct change {
    struct catalog_asset_change to;
    char *texts[4]; // what `to` points at
};

static void change_done(struct change *c)
{
    for (size_t i = 0; i < sizeof(c->texts) / sizeof(c->texts[0]); i++)
        free(c->texts[i]);
}

// RFC 7396: null takes a member away; a text that is gone is empty.
static char *patched_text(struct fields *f, const char *name,
                          enum text_form form, size_t most_bytes)
{
    struct str text = STR("");
    if (fields_takes_null(f, name))
        return mem_text("");
    return fields_text(f, name, form, most_bytes, &text) ? str_dup(text) : NULL;
}

// The patch is laid over the metadata that is there, deep inside too.
static char *patched_metadata(struct fields *f, const char *present)
{
    const json_t *said = NULL;
    if (fields_takes_null(f, "metadata"))
        return mem_text("{}");
    if (!fields_object(f, "metadata", &said))
        return NULL;
    json_t *merged = NULL;
    if (object_parse(str_of(present), &merged) != OK)
        merged = json_object();
    object_merge(merged, said);
    char *text = NULL;
    if (object_text(merged, ASSET_METADATA_BYTES - 1, &text) != OK)
        faults_add(&f->faults, STR("metadata"), "is longer than %d bytes",
                   ASSET_METADATA_BYTES - 1);
    json_decref(merged);
    return text;
}

static char *patched_collection(struct fields *f, struct catalog *c)
{
    struct str id = STR("default"); // where null puts it
    if (!fields_takes_null(f, "collection") &&
        !fields_text(f, "collection", TEXT_LINE, ID_TEXT_BYTES - 1, &id))
        return NULL;
    char *text = str_dup(id);
    struct collection found;
    if (catalog_collection(c, text, &found) != OK)
        faults_add(&f->faults, STR("collection"),
                   "there is no such collection");
    return text;
}

static enum err read_change(struct task *t, const struct asset *asset,
                            struct fields *f, struct change *c)
{
    TRY(fields_parse(task_body(t), f));
    c->texts[0] = patched_text(f, "name", TEXT_LINE, ASSET_NAME_BYTES - 1);
    c->texts[1] =
        patched_text(f, "description", TEXT_LINES, ASSET_DESCRIPTION_BYTES - 1);
    c->texts[2] = patched_metadata(f, asset->metadata);
    c->texts[3] = patched_collection(f, t->api->catalog);
    c->to = (struct catalog_asset_change){
        .name = c->texts[0],
        .description = c->texts[1],
        .metadata = c->texts[2],
        .collection = c->texts[3],
    };
    return fields_end(f);
}

static void apply(struct task *t, const struct asset *asset,
                  const struct change *change)
{
    struct api *a = t->api;
    enum err e = catalog_change_asset(a->catalog, &asset->id, &change->to);
    scoped(asset) const struct asset *changed = NULL;
    if (e == OK)
        e = catalog_asset(a->catalog, &asset->id, &changed);
    if (e == OK)
        asset_reply(a, changed, 200, &t->reply);
    else
        reply_error(&t->reply, e);
}

static void patch(struct task *t)
{
    scoped(asset) const struct asset *asset = NULL;
    if (!find_unchanged(t, &asset))
        return;
    scoped(fields) struct fields f = {0};
    struct change change = {0};
    enum err e = read_change(t, asset, &f, &change);
    if (e == OK)
        apply(t, asset, &change);
    else
        reply_fields_error(&t->reply, &f, e);
    change_done(&change);
}

void asset_patch(struct http_request *r)
{
    task_start_alone(r, patch);
}

static void delete (struct task *t)
{
    scoped(asset) const struct asset *asset = NULL;
    if (!find_unchanged(t, &asset))
        return;
    enum err e = api_remove_asset(t->api, asset);
    if (e == OK)
        reply_nothing(&t->reply);
    else
        reply_not_found(&t->reply, e, "asset");
}

void asset_delete(struct http_request *r)
{
    task_start_alone(r, delete);
}
