// SPDX-License-Identifier: MIT
// api.h - what people and players may ask: the /v1 API, playback, pages.
//
// Gives the one table of routes and the hooks to the http room, and turns
// requests into calls on the rooms below. Whatever changes a fact or syncs runs
// on the pool while its request is parked.
//
//   api_new()  ->  api_face(): for struct http_options  ->  http_start()
//   ->  api_started()  ...  api_stopping()  ->  http_stop()  ->  api_free()
//
// Threads: those functions on main; what they hand out says its own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/pool.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"
#include "reeld/courier.h"
#include "reeld/http.h"
#include "reeld/jobs.h"
#include "reeld/store.h"

struct api;

// Texts are copied. Counts and times of 0 mean "no limit" where it says so.
struct api_options {
    const char *data_dir;   // where admin.key is written
    const char *web_dir;    // pages and scripts; "" or NULL: none are served
    const char *public_url; // "https://video.example": before all URLs that are
                            // given out; "" or NULL: as the request came in
    const char *cors_origins;    // of /v1, exact, separated by blanks
    const char *frame_ancestors; // who may embed /player; NULL: "*"
    bool is_playback_open;       // the word "open" is a grant too
    bool is_metrics_open;        // /metrics without a key
    int64_t segment_wait_us;     // how long a request waits for its segment
    int32_t image_width_max;     // pixels, of what may be asked for
    int64_t preview_max_us;      // the same
    int64_t grant_life_us;       // of the URLs that are given out
    int64_t grant_life_max_us;   // most that may be asked for
    int64_t upload_limit_bytes;
    int64_t keep_free_bytes;   // as the store's, for /v1/system
    int uploads_max;           // at once, of all
    int pulls_waiting;         // most that are queued or running
    int64_t secret_overlap_us; // of a webhook's old secret with its new one
    int event_streams, event_streams_per_key; // at once
    int uploads_per_key;                      // at once
    int64_t upload_expiry_us;  // of a resumable upload, from its last byte on
    int unfinished_per_key;    // resumable uploads that wait for more
    int requests_per_key;      // a second; 0: no limit
    int requests_burst;        // that many at once on top of an idle key
    size_t memory_cache_bytes; // manifests and hot pieces
};

// Opens the grant keys and, where there is no API key at all, makes one of
// scope admin and writes it to data_dir/admin.key (0600). ERR_IO, ERR_NO_SPACE.
must_check enum err api_new(const struct api_options *o, struct store *s,
                            struct catalog *c, struct jobs *j,
                            struct courier *k, struct pool *p,
                            struct api **ret);
// All paths but those of other faces.
struct http_face api_face(struct api *a);
// The server runs: its counts appear in /metrics.
void api_started(struct api *a, struct http_server *server);
// Comes before http_stop() and jobs_stop(): /readyz answers 503 from now on,
// and tasks on the pool leave the jobs room alone.
void api_stopping(struct api *a);
void api_free(struct api *a); // after http_stop()
DEFINE_SCOPED(api, struct api *, api_free)

// ---- keys, for the command line too ----------------------------------------

// "rk_", 26 characters (the id without its prefix), "_", 43 of base64url, NUL.
enum { API_KEY_TEXT_BYTES = 74 };

// "read,ingest" -> scopes, or'ed enum api_scope. ERR_BAD_INPUT.
must_check enum err api_parse_scopes(struct str text, unsigned *ret);
// Adds a key; `text` is the only copy of its secret. ERR_BAD_INPUT for a label
// that is too long or not printable. Not on HTTP threads.
must_check enum err api_add_key(struct catalog *c, unsigned scopes,
                                const char *label, struct api_key *ret,
                                char text[static API_KEY_TEXT_BYTES]);
// Begins to sign with a new grant key; links signed with the one before stay
// good until they expire. Not on HTTP threads.
must_check enum err api_rotate_grants(struct api *a);
