// SPDX-License-Identifier: MIT
// face.h - the functions behind /v1, for other dialects of the same API.
//
// What goes wrong comes back as a value; each face writes it in its own form.
//
// Threads: any, save those "on the pool", which change facts or sync.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/api.h"
#include "reeld/api/grant.h"
#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"
#include "reeld/catalog/jobs.h"
#include "reeld/catalog/streams.h"
#include "reeld/jobs/maker.h"
#include "reeld/model/timeline.h"
#include "reeld/play.h"

enum { REFUSAL_DETAIL_BYTES = 512 };

// Why a client does not get what it asks for.
struct refusal {
    const char *code; // of problem.h
    char detail[REFUSAL_DETAIL_BYTES];
    int64_t retry_after_s; // 0: none
};
void refusal_set(struct refusal *w, const char *code, const char *format, ...)
    printf_like(3, 4);
// A failure below; what clients should not know is logged. Reads fail_text().
void refusal_of_err(struct refusal *w, enum err e);
// The same with a sentence that came from another thread.
void refusal_of_text(struct refusal *w, enum err e, const char *text);

// ---- who asks, and where from ----------------------------------------------

// Who calls, by Authorization or x-access-token: a live key with one of the
// scopes, or with admin. False: *why says why not (401, 403, 429).
bool api_admit(struct api *a, const struct http_request *r, unsigned scopes,
               struct api_key *ret, struct refusal *why);
// What stands before every URL that is given out: "http://127.0.0.1:8080".
// Lives as long as the request.
struct str api_url_base(const struct api *a, const struct http_request *r);
// As many uploads as allowed are under way: false. Who enters leaves.
bool api_enter_upload(struct api *a, const struct id *key);
void api_leave_upload(struct api *a, const struct id *key);

// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
void url_encode(struct buf *to, struct str text);

// ---- the right to play -----------------------------------------------------

// A grant of the usual life for an asset or a stream, or "open".
void api_write_grant(struct api *a, const struct id *id, int64_t epoch,
                     char text[static GRANT_TEXT_BYTES]);
// The media type of the file of an image, below /p/ as "image": where browsers
// show it and nothing in it can run; else NULL, and there is a thumbnail alone.
const char *image_type(const struct asset *asset);
// What an asset or a stream plays, and the epoch of its grants. ERR_NOT_FOUND:
// there is none of that id, it is not ready, or an asset of the stream is gone.
must_check enum err api_show_of(struct api *a, const struct id *id,
                                int64_t *ret_epoch,
                                const struct play_show **ret);

// One job with its progress; its row is catalog_job()'s. ERR_NOT_FOUND.
must_check enum err api_job(struct api *a, const struct id *id,
                            struct job_fact *ret);

// ---- changes, on the pool --------------------------------------------------

// Appends a gap (model/gap.h).
must_check enum err api_add_gap(struct api *a, struct timeline *t,
                                int64_t duration_us);
// Stores what plays as a stream: takes the timeline in every case. `ret` has
// its name and created_us set; the rest is filled in, to be released with
// stream_done(). ERR_BAD_INPUT, ERR_UNSUPPORTED as play_show_of_timeline(),
// ERR_GONE as play_check_kept().
must_check enum err api_put_stream(struct api *a, struct timeline *t,
                                   struct stream *ret);
// The bytes become durable under `asset->source`, then the asset is a fact and
// its probe is owed. Takes the writer over in every case; NULL: another asset
// has the same bytes already.
must_check enum err api_add_asset(struct api *a, const struct asset *asset,
                                  struct store_writer *writer);
// The same with bytes that came to an upload address (catalog/parcels.h), which
// is gone then. ERR_NOT_FOUND: nothing is there (any more).
must_check enum err api_claim_parcel(struct api *a, const struct asset *asset,
                                     const struct digest *token);
// A new asset, ready at once: a part of `parent` and of its picture. Both as
// jobs_reframe() has them, and what goes wrong; id and created_us are filled
// in.
must_check enum err api_reframe(struct api *a, const struct asset *parent,
                                const struct asset_reframe *wish,
                                struct asset *child);
// The whole of `parent` with its pictures cropped about the centre, for a
// timeline: its shape of this width and height, old or new (model/asset.h). A
// width and height as reframe_check_shape() has them; what goes wrong as above.
//
//   ret   on success, a reference; release with asset_unref()
must_check enum err api_shape(struct api *a, const struct asset *parent,
                              int32_t width, int32_t height,
                              const struct asset **ret);
// Makes an image asset of the picture that a video shows at `at_us`: a JPEG of
// the size of its best rendition, kept in the video's collection. `name` empty:
// the video's. Its metadata says what it is of:
// {"frame_of":"m-...","time":12.5}. READY as a rule; UPLOADED where the probe
// takes too long. Waits for workers (up to segment_wait, twice), so it runs on
// this pool and no other.
//
//   ret   on success, a reference; release with asset_unref()
//
// ERR_BAD_INPUT: the time lies outside. ERR_UNSUPPORTED: it is no video.
// ERR_CONFLICT: it is not READY. ERR_BUSY, ERR_TIMEOUT, ERR_NO_SPACE, ERR_IO.
struct pool *api_slow_pool(struct api *a);
must_check enum err api_make_frame(struct api *a, const struct asset *video,
                                   int64_t at_us, struct str name,
                                   const struct asset **ret);
// A new asset whose bytes are fetched from a URL: UPLOADING, then UPLOADED like
// any other, or REJECTED. Texts that are NULL have their defaults; the name is
// the URL's.
struct api_pull {
    const char *url;
    const char *name, *description, *collection;
    const char *metadata; // a JSON object
    bool has_kind;        // false: as the URL's name promises
    enum asset_kind kind;
    const struct callback *callback; // catalog/events.h; NULL: nobody is told
};
// ERR_BAD_INPUT: what is wrong with the URL. ERR_NOT_FOUND: the collection.
// ERR_BUSY: too many wait already. ERR_QUOTA.
must_check enum err api_start_pull(struct api *a, const struct api_pull *wish,
                                   struct id *ret_asset, struct id *ret_job);
// Its source goes once all is made that the asset plays: `ret` is the job that
// does it, old or new. What goes wrong as catalog_begin_drop() (kept.h).
must_check enum err api_drop_source(struct api *a, const struct id *asset,
                                    struct job_fact *ret);
// Gone for everybody at once, its bytes too where nothing else names them.
must_check enum err api_remove_asset(struct api *a, const struct asset *asset);
