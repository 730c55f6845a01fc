// SPDX-License-Identifier: MIT
// pulls.h - assets whose bytes are fetched from a URL, by jobs of kind PULL.
//
// The bytes so far are a draft in the store, named like the asset.
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

enum { PULL_URL_BYTES = 2049, PULL_VALIDATOR_BYTES = 257 };

struct pull {
    char url[PULL_URL_BYTES];
    char validator[PULL_VALIDATOR_BYTES]; // of the draft; "" it is of no use
};
// ERR_NOT_FOUND.
must_check enum err catalog_pull(struct catalog *c, const struct id *asset,
                                 struct pull *ret);
// Are its bytes still to come? What the draft of that name is kept for.
must_check enum err catalog_pull_is_due(struct catalog *c,
                                        const struct id *asset, bool *ret);
// Bytes so far, and of all; a total of 0 is not known. ERR_NOT_FOUND.
must_check enum err catalog_pull_progress(struct catalog *c,
                                          const struct id *asset,
                                          int64_t *ret_done,
                                          int64_t *ret_total);

// ---- changes ---------------------------------------------------------------

// A new asset in state UPLOADING and its job; `callback` (NULL: nobody) is told
// what becomes of it. ERR_BUSY when `most_waiting`
// pulls are queued or running already.
must_check enum err catalog_add_pull(struct catalog *c, const struct asset *a,
                                     const char *url,
                                     const struct callback *callback,
                                     int64_t most_waiting, struct id *ret_job);
// What the draft is of from here on. ERR_NOT_FOUND: the asset is gone.
must_check enum err catalog_pull_validator(struct catalog *c,
                                           const struct id *asset,
                                           const char *validator);
// The bytes are a blob: the asset is UPLOADED, the job DONE, a probe owed.
// ERR_CONFLICT: the job was cancelled, or the asset is gone.
must_check enum err catalog_pull_done(struct catalog *c, const struct job *job,
                                      const struct digest *source,
                                      int64_t size_bytes);
// They never come: the asset is REJECTED, the job FAILED. ERR_CONFLICT as
// above.
must_check enum err catalog_pull_failed(struct catalog *c,
                                        const struct job *job, const char *code,
                                        const char *detail);
