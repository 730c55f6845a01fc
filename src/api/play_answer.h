// SPDX-License-Identifier: MIT
// play_answer.h - answers below /p/: manifests and pieces.
//
// Threads: the request's.
#pragma once

#include "reeld/model/asset.h"
#include "reeld/play.h"

#include "room.h"

// What the grant allows. Answers that are kept are the same for all grants;
// where these differ, their Cache-Control is laid over the kept one.
struct play_right {
    int64_t left_s;  // how long the grant is still good; INT64_MAX: for ever
    bool is_private; // by a key in the header: shared caches must not keep it
};

// What is asked for, as far as it is known.
struct play_wanted {
    const struct asset *asset; // NULL: a stream
    const struct play_show *show;
    const char *name; // of the asset or stream: what a file of it is called
    bool is_below;    // a clip by ?t=: what it names lies below, in t/{ranges}/
    struct play_right right;
};

// Manifests of clips never change: those that are kept are found by the text
// of the request, before anything is laid out. False: none is, go on.
bool manifest_answer_kept(struct http_request *r, const struct play_wanted *w);
void manifest_answer(struct http_request *r, const struct play_wanted *w,
                     const struct play_path *path);
// One that is not kept, whose URIs begin with `base`; not below /p/.
void manifest_reply(struct http_request *r, const struct play_show *show,
                    const struct play_path *path, const char *base);
enum { CLIP_BASE_BYTES = 64 << 10 };
// Cache-Control of what never changes.
#define PIECE_CACHED         "public, max-age=31536000, immutable"
#define PIECE_CACHED_PRIVATE "private, max-age=31536000, immutable"
// Parks where the piece has to be made first.
void piece_answer(struct http_request *r, const struct play_show *show,
                  const struct play_path *path, const struct play_right *right);

// The same.
void download_answer(struct http_request *r, const struct play_wanted *w,
                     enum download_container container);

// State of a request whose answer carries the headers of play_headers already,
// so that hook_finish() leaves it alone and the answer is sent as it is kept.
struct play_state {
    bool has_headers;
};
// name, value, ... on every answer below /p/ (HTTP-03).
#define PLAY_EXPOSED                                                           \
    "Content-Length, Content-Range, ETag, Date, Retry-After, X-Request-Id"
#define PLAY_HEADERS                                                           \
    "X-Content-Type-Options", "nosniff", "Access-Control-Allow-Origin", "*",   \
        "Access-Control-Expose-Headers", PLAY_EXPOSED, "Referrer-Policy",      \
        "no-referrer"
extern const char *const play_headers[]; // those, and NULL
void play_reply(struct http_request *r, struct http_answer *whole);
