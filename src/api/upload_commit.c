// SPDX-License-Identifier: MIT
// upload_commit.c - after the last byte: bytes durable, then the fact, then the
// probe, then the answer.
#include "upload.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/parcels.h"

#include "asset_view.h"
#include "callback.h"
#include "tus.h"

#define COMMIT_WAIT_US INT64_C(600000000)
// Past it the answer is 202: the bytes are safe and the probe goes on.
#define PROBE_WAIT_US INT64_C(300000000)

void upload_leave(struct upload *u)
{
    if (u->has_place)
        gate_leave(u->api->uploads, str_of(u->key_id.text));
    u->has_place = false;
}

// Releases what is waited for first: no other thread knows `u` then, save the
// pool, which has a reference of its own.
void upload_unref(void *held)
{
    struct upload *u = held;
    await_end(&u->probe);
    if (atomic_fetch_sub(&u->references, 1) != 1)
        return;
    replay_drop(&u->replay, u->api->claims);
    tus_free(u);
    store_abandon(u->writer);
    hash_free(u->hash);
    callback_secret_free(take(u->field[UPLOAD_CALLBACK_SECRET]));
    for (int i = 0; i < UPLOAD_FIELDS; i++)
        free(u->field[i]);
    free(u->filename);
    reply_done(&u->reply);
    upload_leave(u);
    free(u);
}

void upload_park(struct http_request *r, struct upload *u, void (*work)(void *),
                 void (*then)(struct http_request *r, bool is_late))
{
    u->ticket = http_park(r, clock_now_us() + COMMIT_WAIT_US, then);
    if (!u->ticket) {
        refuse(r, "busy", "Too many requests wait already.");
        return;
    }
    u->result = OK;
    atomic_fetch_add(&u->references, 1);
    if (pool_run(u->api->pool, work, u) == OK)
        return;
    atomic_fetch_sub(&u->references, 1);
    u->result = ERR_BUSY;
    reply_problem(&u->reply, "busy", "The server has too much to do.");
    http_wake(u->ticket);
}

void upload_wake(struct upload *u)
{
    struct http_ticket *ticket = u->ticket;
    upload_unref(u);
    http_wake(ticket);
}

static struct asset *describe(const struct upload *u)
{
    static const char *const defaults[UPLOAD_CALLBACK_URL] = {
        [UPLOAD_NAME] = "",
        [UPLOAD_DESCRIPTION] = "",
        [UPLOAD_COLLECTION] = "default",
        [UPLOAD_METADATA] = "{}",
    };
    char *text[UPLOAD_CALLBACK_URL];
    for (int i = 0; i < UPLOAD_CALLBACK_URL; i++)
        text[i] = mem_text(u->field[i] ? u->field[i] : defaults[i]);
    if (!u->field[UPLOAD_NAME]) {
        // A file's name is its title until somebody gives it a better one.
        char name[ASSET_NAME_BYTES];
        str_copy(name, sizeof(name), str_of(u->filename));
        free(text[UPLOAD_NAME]);
        text[UPLOAD_NAME] = mem_text(name);
    }
    struct asset *asset = asset_new();
    asset->id = u->id;
    asset->state = ASSET_UPLOADED;
    asset->kind = u->kind;
    asset->name = text[UPLOAD_NAME];
    asset->description = text[UPLOAD_DESCRIPTION];
    asset->collection = text[UPLOAD_COLLECTION];
    asset->metadata = text[UPLOAD_METADATA];
    asset->filename = mem_text(u->filename ? u->filename : "");
    asset->created_us = clock_wall_us();
    asset->size_bytes = u->size_bytes;
    asset->source = u->source;
    return asset;
}

// What was refused for a quota shall not lie there until the sweep comes.
static void drop_unnamed(struct api *a, const struct digest *source)
{
    char why[512];
    snprintf(why, sizeof(why), "%s", fail_text());
    bool is_named = true;
    claims_own(a->claims, source);
    enum err e = catalog_is_named(a->catalog, source, &is_named);
    if (e == OK && !is_named)
        // The sweep's, if it cannot go now.
        ignore(store_remove(a->store, source));
    claims_release(a->claims, source);
    ignore(fail(ERR_QUOTA, "%s", why)); // the reason that counts
}

static enum err is_stored(struct store *s, const struct digest *key)
{
    scoped(fd) int fd = -1;
    return store_open(s, key, &fd);
}

static enum err add_asset(struct api *a, const struct asset *asset,
                          const struct callback *callback,
                          struct store_writer *writer)
{
    claims_share(a->claims, &asset->source);
    enum err e = writer ? store_commit(writer, &asset->source)
                        : is_stored(a->store, &asset->source);
    if (e == OK)
        e = catalog_add_asset_told(a->catalog, asset, callback);
    claims_release(a->claims, &asset->source);
    if (e == ERR_QUOTA)
        drop_unnamed(a, &asset->source);
    return e;
}

enum err api_add_asset(struct api *a, const struct asset *asset,
                       struct store_writer *writer)
{
    return add_asset(a, asset, NULL, writer);
}

enum err api_claim_parcel(struct api *a, const struct asset *asset,
                          const struct digest *token)
{
    claims_share(a->claims, &asset->source);
    enum err e = is_stored(a->store, &asset->source);
    if (e == OK)
        e = catalog_claim_parcel(a->catalog, token, asset);
    claims_release(a->claims, &asset->source);
    return e;
}

// A repeat of a request whose first life ended between fact and answer finds
// the id noted, and perhaps the asset made.
static enum err keep_asset(struct upload *u, const char *noted)
{
    struct api *a = u->api;
    if (noted[0]) {
        TRY(id_parse(str_of(noted), &u->id));
        scoped(asset) const struct asset *found = NULL;
        enum err e = catalog_asset(a->catalog, &u->id, &found);
        if (e != ERR_NOT_FOUND)
            return e;
    } else {
        u->id = id_new(asset_kind_prefix(u->kind));
        TRY(replay_note(&u->replay, a->catalog, u->id.text));
    }
    scoped(asset) const struct asset *asset = describe(u);
    if (u->tus && !u->writer)
        TRY(is_stored(a->store, &u->source));
    struct callback callback;
    bool is_told = callback_of(u->field[UPLOAD_CALLBACK_URL],
                               u->field[UPLOAD_CALLBACK_SECRET], &callback);
    enum err e =
        add_asset(a, asset, is_told ? &callback : NULL, take(u->writer));
    explicit_bzero(&callback, sizeof(callback));
    // Two that take up the end of one upload at once.
    return u->tus && e == ERR_CONFLICT ? OK : e;
}

static void commit_on_pool(void *argument)
{
    struct upload *u = argument;
    struct api *a = u->api;
    char noted[ID_TEXT_BYTES];
    if (!replay_begin(&u->replay, a->claims, a->catalog, &u->reply, noted,
                      sizeof(noted))) {
        u->result = ERR_CONFLICT;
    } else {
        u->result = keep_asset(u, u->tus ? u->id.text : noted);
        if (u->result != OK)
            reply_error(&u->reply, u->result);
    }
    upload_wake(u);
}

static void remove_rejected(struct upload *u, const struct asset *asset)
{
    reply_problem(&u->reply, asset->error_code, "%s", asset->error_detail);
    if (u->tus)
        tus_reject(u, asset);
    enum err e = api_remove_asset(u->api, asset);
    // What could not be removed stays as a rejected asset, to be seen and
    // deleted; the answer is the same.
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn("upload.not_cleaned id=%s error=%s", u->id.text, err_name(e));
}

static void finish_on_pool(void *argument)
{
    struct upload *u = argument;
    struct api *a = u->api;
    scoped(asset) const struct asset *asset = NULL;
    enum err e = catalog_asset(a->catalog, &u->id, &asset);
    if (e != OK)
        reply_error(&u->reply, e);
    else if (asset->state == ASSET_REJECTED)
        remove_rejected(u, asset);
    else
        asset_reply(a, asset, asset->state == ASSET_READY ? 201 : 202,
                    &u->reply);
    replay_end(&u->replay, a->claims, a->catalog, &u->reply);
    upload_wake(u);
}

static void say(struct http_request *r, struct upload *u)
{
    if (u->tus && u->reply.status < 300)
        tus_answer(r, u);
    else
        reply_send(r, &u->reply);
}

static void answer(struct http_request *r, bool is_late)
{
    struct upload *u = call_of(r)->work;
    if (is_late)
        refuse(r, "busy", "This took too long; it may still come about.");
    else
        say(r, u);
}

// The asset is as it will be for now: it is told, at once where nothing has to
// be written for that.
static void finish(struct http_request *r, struct upload *u)
{
    scoped(asset) const struct asset *asset = NULL;
    enum err e = catalog_asset(u->api->catalog, &u->id, &asset);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    if (asset->state == ASSET_UPLOADED)
        jobs_look(u->api->jobs);
    if (asset->state == ASSET_REJECTED || u->replay.is_owned) {
        upload_park(r, u, finish_on_pool, answer);
        return;
    }
    asset_reply(u->api, asset, asset->state == ASSET_READY ? 201 : 202,
                &u->reply);
    say(r, u);
}

// On the crew's thread or a pool's: the request's may be waiting in
// jobs_hang_up() for this to end.
static void probed(void *context, enum err result, const char *detail,
                   struct blob *piece)
{
    (void)piece;
    struct upload *u = context;
    if (result != OK) {
        char quoted[LOG_QUOTED_BYTES];
        log_warn("upload.not_probed id=%s error=%s text=%s", u->id.text,
                 err_name(result), log_quote(str_of(detail), quoted));
    }
    await_wake(&u->probe);
}

// Late or without a result, the bytes are safe and the job stays in the
// catalog: 202.
static void after_probe(struct http_request *r, bool is_late)
{
    (void)is_late;
    struct upload *u = call_of(r)->work;
    await_end(&u->probe);
    finish(r, u);
}

static void probe(struct http_request *r, struct upload *u)
{
    struct jobs *jobs = u->api->jobs;
    if (!await_park(&u->probe, r, jobs, PROBE_WAIT_US, after_probe)) {
        after_probe(r, true);
        return;
    }
    if (jobs_probe(jobs, &u->id, probed, u, &u->probe.waiter) != OK)
        await_wake(&u->probe);
}

static void after_commit(struct http_request *r, bool is_late)
{
    struct upload *u = call_of(r)->work;
    if (is_late || u->result != OK)
        answer(r, is_late);
    else if (u->is_async)
        finish(r, u);
    else
        probe(r, u);
}

// The request as it is told apart from others by Idempotency-Key: the file and
// all that was said about it.
static struct digest digest_of(const struct upload *u)
{
    scoped(hash) struct hash *h = hash_new();
    hash_add(h, u->source.bytes, sizeof(u->source.bytes));
    for (int i = 0; i < UPLOAD_FIELDS; i++) {
        const char *text = u->field[i] ? u->field[i] : "";
        hash_add(h, text, strlen(text) + 1);
    }
    return hash_end(h);
}

void upload_commit(struct http_request *r, struct upload *u)
{
    struct digest body = digest_of(u);
    // A resumable upload is itself what a repeat finds.
    enum err e = u->tus ? OK : replay_of(r, u->key_id.text, &body, &u->replay);
    if (e != OK)
        refuse_error(r, e);
    else
        upload_park(r, u, commit_on_pool, after_commit);
}
