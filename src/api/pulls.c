// SPDX-License-Identifier: MIT
// pulls.c - assets by URL: POST /v1/assets with a JSON body.
#include <stdio.h>
#include <string.h>

#include "asset_view.h"
#include "callback.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/pulls.h"
#include "reeld/fetch.h"
#include "task.h"
#include "upload.h"

static const char *or_text(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static const struct asset *describe(const struct api_pull *wish)
{
    char filename[ASSET_FILENAME_BYTES], name[ASSET_NAME_BYTES];
    fetch_url_filename(str_of(wish->url), filename, sizeof(filename));
    str_copy(name, sizeof(name), str_of(filename));
    struct asset *a = asset_new();
    a->kind =
        wish->has_kind ? wish->kind : upload_kind_of_name(str_of(filename));
    a->id = id_new(asset_kind_prefix(a->kind));
    a->state = ASSET_UPLOADING;
    a->name = mem_text(or_text(wish->name, name));
    a->description = mem_text(or_text(wish->description, ""));
    a->collection = mem_text(or_text(wish->collection, "default"));
    a->metadata = mem_text(or_text(wish->metadata, "{}"));
    a->filename = mem_text(filename);
    a->created_us = clock_wall_us();
    return a;
}

enum err api_start_pull(struct api *a, const struct api_pull *wish,
                        struct id *ret_asset, struct id *ret_job)
{
    if (str_starts(str_of(wish->url), STR("s3:")))
        return fail(ERR_BAD_INPUT,
                    "s3 is not spoken here: give a signed https URL");
    TRY(courier_check_url(a->courier, str_of(wish->url)));
    scoped(asset) const struct asset *asset = describe(wish);
    TRY(catalog_add_pull(a->catalog, asset, wish->url, wish->callback,
                         a->o.pulls_waiting, ret_job));
    *ret_asset = asset->id;
    courier_look(a->courier);
    return OK;
}

// ---- POST /v1/assets -------------------------------------------------------

struct wish {
    char *url, *name, *description, *collection, *metadata;
    char *callback_url, *callback_secret; // heap, all
};

static void wish_done(struct wish *w)
{
    free(w->url);
    free(w->name);
    free(w->description);
    free(w->collection);
    free(w->metadata);
    free(w->callback_url);
    callback_secret_free(w->callback_secret);
}
// In place, like struct buf.
static inline void scoped_release_wish(struct wish *held)
{
    wish_done(held);
}

static void take_text(struct fields *f, const char *name, enum text_form form,
                      size_t most, char **ret)
{
    struct str text;
    if (fields_text(f, name, form, most, &text))
        *ret = str_dup(text);
}

static void take_metadata(struct fields *f, char **ret)
{
    const json_t *object;
    if (fields_object(f, "metadata", &object) &&
        object_text(object, ASSET_METADATA_BYTES - 1, ret) != OK)
        faults_add(&f->faults, STR("metadata"), "is too long");
}

static void take_callback(struct api *a, struct fields *f, struct wish *w)
{
    take_text(f, "callback_url", TEXT_LINE, WEBHOOK_URL_BYTES - 1,
              &w->callback_url);
    take_text(f, "callback_secret", TEXT_LINE, CALLBACK_SECRET_MOST,
              &w->callback_secret);
    if (w->callback_url &&
        courier_check_url(a->courier, str_of(w->callback_url)) != OK)
        faults_add(&f->faults, STR("callback_url"), "%s", fail_text());
    struct digest secret;
    if (w->callback_secret &&
        callback_secret_parse(str_of(w->callback_secret), &secret) != OK)
        faults_add(&f->faults, STR("callback_secret"), "%s", fail_text());
    explicit_bzero(&secret, sizeof(secret));
    if (w->callback_secret && !w->callback_url && f->faults.count == 0)
        faults_add(&f->faults, STR("callback_secret"),
                   "goes with callback_url");
}

static enum err read_wish(const struct task *t, struct fields *f,
                          struct wish *w)
{
    TRY(fields_parse(task_body(t), f));
    take_text(f, "url", TEXT_LINE, FETCH_URL_BYTES - 1, &w->url);
    take_text(f, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, &w->name);
    take_text(f, "description", TEXT_LINES, ASSET_DESCRIPTION_BYTES - 1,
              &w->description);
    take_text(f, "collection", TEXT_LINE, ID_TEXT_BYTES - 1, &w->collection);
    take_metadata(f, &w->metadata);
    take_callback(t->api, f, w);
    if (!w->url && f->faults.count == 0)
        faults_add(&f->faults, STR("url"), "is missing");
    return fields_end(f);
}

static void refuse_wish(struct task *t, enum err e, const char *name)
{
    struct faults faults = {0};
    faults_add(&faults, str_of(name), "%s",
               e == ERR_BAD_INPUT ? fail_text()
                                  : "there is no such collection");
    reply_faults(&t->reply, &faults);
}

static void start(struct task *t, const struct wish *w)
{
    struct callback callback;
    bool is_told = callback_of(w->callback_url, w->callback_secret, &callback);
    struct api_pull wish = {.url = w->url,
                            .name = w->name,
                            .description = w->description,
                            .collection = w->collection,
                            .metadata = w->metadata,
                            .callback = is_told ? &callback : NULL};
    struct id id, job;
    enum err e = api_start_pull(t->api, &wish, &id, &job);
    explicit_bzero(&callback, sizeof(callback));
    if (e == ERR_BAD_INPUT || e == ERR_NOT_FOUND) {
        refuse_wish(t, e, e == ERR_BAD_INPUT ? "url" : "collection");
        return;
    }
    scoped(asset) const struct asset *asset = NULL;
    if (e == OK)
        e = catalog_asset(t->api->catalog, &id, &asset);
    if (e == OK)
        asset_reply(t->api, asset, 202, &t->reply);
    else
        reply_error(&t->reply, e);
}

static void create(struct task *t)
{
    scoped(wish) struct wish w = {0};
    scoped(fields) struct fields f = {0};
    enum err e = read_wish(t, &f, &w);
    if (e == OK)
        start(t, &w);
    else
        reply_fields_error(&t->reply, &f, e);
}

void pull_create(struct http_request *r)
{
    task_start(r, create);
}
