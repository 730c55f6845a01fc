// SPDX-License-Identifier: MIT
// asset_view.h - how an asset looks to clients.
//
// Threads: any.
#pragma once

#include "reeld/catalog/streams.h"
#include "reeld/model/asset.h"

#include "room.h"

// The asset that a path names; else *p is the problem.
bool asset_find(struct api *a, struct str text, struct reply *p,
                const struct asset **ret);
// The one of this request's path. False: answered.
bool asset_of_path(struct http_request *r, const struct asset **ret);

// How much of it is made.
struct asset_progress {
    int64_t made, total; // segments of all renditions; UPLOADING: bytes
    uint32_t ready[RENDITIONS_MAX];
};
must_check enum err asset_progress(struct api *a, const struct asset *asset,
                                   struct asset_progress *ret);

// One JSON object.
must_check enum err asset_write(struct api *a, const struct asset *asset,
                                struct str origin, struct json_out *j,
                                const char *name);
// A whole answer with Location (201, 202) and ETag.
void asset_reply(struct api *a, const struct asset *asset, int status,
                 struct reply *p);

// As etag_of_halves().
void asset_etag(const struct asset *asset, struct str all,
                char to[static REPLY_ETAG_BYTES]);

// `e` is how something failed of an asset as it was when the request came. If
// ERR_IO, and the asset's source was dropped meanwhile: ERR_GONE; if the asset
// was deleted: ERR_NOT_FOUND, both with fail_text(); else `e`.
must_check enum err asset_error_now(struct api *a, const struct asset *asset,
                                    enum err e);
// The uploaded bytes. Answers and returns false where they are not there.
bool source_open(struct http_request *r, const struct asset *asset, int *ret_fd,
                 int64_t *ret_size_bytes);

// Playback URLs of an asset, good until `exp_s` (0: the usual life from now).
void playback_write(struct api *a, const struct asset *asset, int64_t exp_s,
                    struct str origin, struct json_out *j, const char *name);

// The same of anything that plays.
struct playable {
    const struct id *id; // lent
    int64_t epoch;
    unsigned has; // of these, or'ed
};
enum {
    PLAYABLE_MEDIA = 1,    // manifests
    PLAYABLE_PICTURES = 2, // a thumbnail
    PLAYABLE_FILE = 4,     // an image that browsers show as it is
};
struct playable playable_asset(const struct asset *asset);
// Whether a stream has pictures, its clips would have to be looked up for: its
// thumbnail answers 404 if it has none.
struct playable playable_stream(const struct stream *s);
void playback_write_of(struct api *a, const struct playable *what,
                       int64_t exp_s, struct str origin, struct json_out *j,
                       const char *name);
// The answer to POST .../grants: what the body asks for, or what is wrong.
void playback_grant(struct http_request *r, const struct playable *what,
                    struct reply *p);
// "{origin}/p/{grant}/{id}/", good for the usual life.
void playback_base(struct api *a, const struct asset *asset, struct str origin,
                   struct buf *to);
