// SPDX-License-Identifier: MIT
// uploads.h - resumable uploads: what was said about bytes that are on the way.
//
//               all bytes are there          the asset is added
//   UPLOADING ----------------------> FINISHING -------------> FINISHED
//                                                                 | not media
//                                                                 v
//                                                              REJECTED
//
// How many bytes there are is known to the store alone. FINISHING names asset
// and digest before the bytes become a blob, so that a crash in between makes
// neither two assets nor none.
//
// Threads: readers any; functions under "changes" not on HTTP threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/scoped.h"
#include "reeld/catalog.h"

enum upload_state {
    UPLOAD_UPLOADING,
    UPLOAD_FINISHING,
    UPLOAD_FINISHED,
    UPLOAD_REJECTED,
};
enum upload_kind {
    UPLOAD_WHOLE, // becomes an asset
    UPLOAD_PART,  // waits to be put together with others
    UPLOAD_FINAL, // was put together
};

struct catalog_upload {
    struct id id, key; // key: who made it
    enum upload_state state;
    enum upload_kind kind;
    int64_t length_bytes; // -1: not told yet
    int64_t created_us, expires_us;
    char *metadata, *concat; // heap: the headers as they were sent, or ""
    struct id asset;         // from FINISHING on
    struct digest source;    // from FINISHING on
    char *error_code, *error_detail; // heap: of REJECTED, NULL else
};
void catalog_upload_done(struct catalog_upload *u);
// In place, like struct buf.
static inline void scoped_release_catalog_upload(struct catalog_upload *held)
{
    catalog_upload_done(held);
}

// The time that `expires_us` goes by: the wall clock as it was when the catalog
// was opened, and what has passed since. An upload that somebody goes on with
// is not over because that clock was set.
int64_t catalog_uploads_now_us(const struct catalog *c);

// ERR_NOT_FOUND. Release with catalog_upload_done().
must_check enum err catalog_upload(struct catalog *c, const struct id *id,
                                   struct catalog_upload *ret);

// ---- changes ---------------------------------------------------------------

// ERR_BUSY when its key has `most_unfinished` of them that are not finished,
// ERR_CONFLICT when there is one of this id.
must_check enum err catalog_add_upload(struct catalog *c,
                                       const struct catalog_upload *u,
                                       int64_t most_unfinished);
// Somebody still sends: it lives until `expires_us`, and its length, if it was
// not known, is `length_bytes` (-1: still not). ERR_NOT_FOUND.
must_check enum err catalog_renew_upload(struct catalog *c, const struct id *id,
                                         int64_t expires_us,
                                         int64_t length_bytes);
// UPLOADING -> FINISHING. ERR_CONFLICT when it is not UPLOADING now.
must_check enum err catalog_finish_upload(struct catalog *c,
                                          const struct id *id,
                                          const struct id *asset,
                                          const struct digest *source);
// FINISHED -> REJECTED: the asset that it became is removed. (FINISHING ->
// FINISHED is catalog_add_asset()'s.)
must_check enum err catalog_reject_upload(struct catalog *c,
                                          const struct id *id, const char *code,
                                          const char *detail);
must_check enum err catalog_remove_upload(struct catalog *c,
                                          const struct id *id);
// Forgets what has all its bytes and is past its time, and everything that is a
// week past it: for rows whose bytes are gone already. *ret_removed counts
// them.
must_check enum err catalog_forget_uploads(struct catalog *c, int64_t now_us,
                                           int64_t *ret_removed);
