// SPDX-License-Identifier: MIT
// kept.h - dropping the source of an asset, which goes on playing.
//
//   begin    a DROP job is owed; from here on no piece of the source goes
//   (the job has every piece made that a manifest may name: jobs room)
//   finish   the source is dropped: its pieces are all there is of the asset
//
// Given up (the job failed or was cancelled), all is as before. So it is once
// the same bytes are uploaded again.
//
// Threads: readers any; functions under "changes" not on HTTP threads.
#pragma once

#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/catalog.h"
#include "reeld/catalog/streams.h"
#include "reeld/catalog/upkeep.h"

// The first stream by id behind `after` ("": of all) that has a clip of the
// asset. ERR_NOT_FOUND: none. Release with stream_done().
must_check enum err catalog_stream_with(struct catalog *c,
                                        const struct id *asset,
                                        const struct id *after,
                                        struct stream *ret);

// How many streams there have been, ever.
must_check enum err catalog_last_stream(struct catalog *c, int64_t *ret);

// ---- changes ---------------------------------------------------------------

// *ret_job is the DROP job, old or new. ERR_NOT_FOUND. ERR_GONE: it is dropped
// already. ERR_CONFLICT: the asset is not READY, is an image (which is nothing
// but its source), or shares its source with another one, which the text names.
must_check enum err catalog_begin_drop(struct catalog *c,
                                       const struct id *asset,
                                       struct id *ret_job);
// Kept pieces of a source whose bytes' hash is not known, behind the row
// `after` (0: from the beginning), at most `limit`; *ret_count is 0 at the end.
must_check enum err catalog_kept_unhashed(struct catalog *c, int64_t source_row,
                                          int64_t after, uint32_t limit,
                                          struct blob_fact *ret,
                                          uint32_t *ret_count);
// Those that have a hash. On the disk with the next change that is.
must_check enum err catalog_set_hashes(struct catalog *c,
                                       const struct blob_fact *piece,
                                       uint32_t count);
// The job is DONE and the source dropped, in one; its blob is the caller's to
// remove, who owns its claim (store/claims.h). ERR_CONFLICT: the job is not
// running, or another asset has the bytes by now. ERR_QUOTA: what is kept is
// more than the collection may hold. ERR_BUSY: a stream of the asset came after
// the first `streams`, so look for what it plays.
must_check enum err catalog_finish_drop(struct catalog *c,
                                        const struct job *job,
                                        int64_t source_row, int64_t streams);
