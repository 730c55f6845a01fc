// SPDX-License-Identifier: MIT
// piece_answer.c - inits and segments: from memory, from the store, or made
// while the request waits.
//
//   asked --> in memory --------------------------------> answered
//     +-----> in the store -----------------------------> answered
//     +-----> jobs_want(), parked --> made -------------> answered
//                                +--> late, failed -----> 503, 500
#include "play_answer.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/blob.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

#include "asset_view.h"
#include "await.h"
#include "touch.h"

enum { PIECE_KEY_BYTES = HASH_HEX_BYTES + 2 };

static struct str cache_key(const struct digest *key,
                            char text[static PIECE_KEY_BYTES])
{
    text[0] = 'p';
    text[1] = '/';
    digest_hex(key, text + 2);
    return (struct str){text, PIECE_KEY_BYTES - 1};
}

static struct http_answer *new_answer(const char *type,
                                      const struct digest *key,
                                      struct blob *bytes)
{
    char hex[HASH_HEX_BYTES], etag[HASH_HEX_BYTES + 2];
    digest_hex(key, hex);
    snprintf(etag, sizeof(etag), "\"%s\"", hex);
    struct http_answer_options o = {
        .status = 200,
        .type = type,
        .etag = etag,
        .cache_control = PIECE_CACHED,
        .has_range = true,
        .headers = play_headers,
    };
    return http_answer_new(&o, bytes);
}

static struct http_answer *keep(struct api *a, const char *type,
                                const struct digest *key, struct blob *bytes)
{
    char text[PIECE_KEY_BYTES];
    struct str name = cache_key(key, text);
    struct http_answer *answer = http_cache_get(a->cache, name);
    if (answer)
        return answer;
    answer = new_answer(type, key, bytes);
    http_cache_put(a->cache, name, answer);
    return answer;
}

static void reply(struct http_request *r, struct http_answer *answer,
                  bool is_private)
{
    if (is_private)
        http_header(r, "Cache-Control", PIECE_CACHED_PRIVATE);
    play_reply(r, answer);
}

// Read-ahead follows the player from segment to segment.
static void note_served(struct api *a, const struct piece *piece)
{
    touches_add(a->touches, &piece->key);
    if (piece->kind == PIECE_SEGMENT || piece->kind == PIECE_TS)
        jobs_saw(a->jobs, piece);
}

static void prefetch_behind_join(struct api *a, const struct play_show *show,
                                 const struct play_path *path)
{
    scoped(piece) struct piece next = {0};
    if (play_piece_behind_join(show, path, &next) == OK)
        jobs_prefetch(a->jobs, &next);
}

// ---- waiting for a piece to be made ----------------------------------------

struct wait {
    struct play_state state; // first: what hook_finish() looks at
    struct api *api;
    const struct asset *asset; // a reference
    struct digest key;
    const char *type; // a literal
    bool is_private;
    struct await made;
    // Written by whoever calls made(), before it wakes:
    enum err result;
    struct blob *bytes;
};

static void wait_free(void *held)
{
    struct wait *w = held;
    await_end(&w->made);
    asset_unref(w->asset);
    blob_unref(w->bytes);
    free(w);
}

static void wake(struct wait *w, enum err result)
{
    w->result = result;
    await_wake(&w->made);
}

static void made(void *context, enum err result, const char *detail,
                 struct blob *piece)
{
    struct wait *w = context;
    if (result != OK) {
        char quoted[LOG_QUOTED_BYTES];
        log_debug("piece.not_made error=%s text=%s", err_name(result),
                  log_quote(str_of(detail), quoted));
    }
    w->bytes = piece; // the reference is ours
    wake(w, result);
}

static void refuse_piece(struct http_request *r, enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        refuse(r, "not_found", "The asset has nothing of that name.");
        return;
    case ERR_GONE:
        refuse(r, "source_dropped",
               "It was not made before the source was "
               "dropped.");
        return;
    case ERR_BUSY:
    case ERR_NO_SPACE:
    case ERR_TIMEOUT:
        refuse(r, "busy", "It could not be made just now.");
        return;
    case OK:
    case ERR_BAD_INPUT:
    case ERR_CONFLICT:
    case ERR_QUOTA:
    case ERR_TOO_LARGE:
    case ERR_UNSUPPORTED:
    case ERR_IO:
    case ERRS:
        break;
    }
    refuse(r, "internal", "This part of the source cannot be made.");
}

static void after_wait(struct http_request *r, bool is_late)
{
    struct wait *w = http_request_state(r);
    await_end(&w->made);
    if (is_late) {
        refuse(r, "busy", "It is still being made.");
        return;
    }
    if (w->result != OK || !w->bytes) {
        refuse_piece(r, asset_error_now(w->api, w->asset, w->result));
        return;
    }
    scoped(http_answer) struct http_answer *answer =
        keep(w->api, w->type, &w->key, w->bytes);
    w->state.has_headers = true;
    reply(r, answer, w->is_private);
}

static void wait_for(struct http_request *r, const struct piece *piece,
                     const char *type, bool is_private)
{
    struct api *a = api_of(r);
    struct wait *w = NEW(struct wait);
    w->api = a;
    w->asset = asset_ref(piece->asset);
    w->key = piece->key;
    w->type = type;
    w->is_private = is_private;
    http_request_set_state(r, w, wait_free);
    if (!await_park(&w->made, r, a->jobs, a->o.segment_wait_us, after_wait)) {
        refuse(r, "busy", "Too many requests wait already.");
        return;
    }
    enum err e = jobs_want(a->jobs, piece, made, w, &w->made.waiter);
    if (e != OK)
        wake(w, e);
}

void piece_answer(struct http_request *r, const struct play_show *show,
                  const struct play_path *path, const struct play_right *right)
{
    struct api *a = api_of(r);
    scoped(piece) struct piece piece = {0};
    const char *type = play_content_type(show, path);
    enum err e = play_piece_of(show, path, &piece);
    if (e != OK) {
        refuse_piece(r, e);
        return;
    }
    prefetch_behind_join(a, show, path);
    char text[PIECE_KEY_BYTES];
    scoped(http_answer) struct http_answer *answer =
        http_cache_get(a->cache, cache_key(&piece.key, text));
    if (!answer) {
        scoped(blob) struct blob *bytes = NULL;
        e = play_piece(a->catalog, a->store, &piece, &bytes);
        if (e == ERR_NOT_FOUND) {
            wait_for(r, &piece, type, right->is_private);
            return;
        }
        if (e != OK) {
            refuse_error(r, e);
            return;
        }
        answer = keep(a, type, &piece.key, bytes);
    }
    note_served(a, &piece);
    reply(r, answer, right->is_private);
}
