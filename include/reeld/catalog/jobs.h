// SPDX-License-Identifier: MIT
// jobs.h - jobs as people follow them: looking, listing, cancelling.
//
// Threads: readers any; functions under "changes" not on HTTP threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"

enum { JOB_ERROR_BYTES = 512 };

struct job_fact {
    struct id id;
    enum job_kind kind;
    enum job_state state;
    struct id asset; // "" none
    uint32_t attempts;
    int64_t not_before_us;
    // In what the kind counts (PULL: bytes); total 0: not known.
    int64_t progress_done, progress_total;
    char error[JOB_ERROR_BYTES]; // why it was queued again or failed; "" none
    int64_t created_us, changed_us;
};

// ERR_NOT_FOUND.
must_check enum err catalog_job(struct catalog *c, const struct id *id,
                                struct job_fact *ret);

struct catalog_job_filter {
    struct str state, kind, asset; // empty: any
    struct str after; // cursor: id of the last one seen; newest come first
    uint32_t limit;
};
must_check enum err catalog_list_jobs(struct catalog *c,
                                      const struct catalog_job_filter *f,
                                      struct job_fact *ret, uint32_t *ret_count,
                                      bool *ret_more);

// ---- changes ---------------------------------------------------------------

// How far a RUNNING job is; may be lost with the power. ERR_CONFLICT: it is not
// running any more.
must_check enum err catalog_job_progress(struct catalog *c,
                                         const struct id *job, int64_t done,
                                         int64_t total);
// QUEUED or RUNNING -> CANCELLED; the asset of a PULL is REJECTED with it.
// `ret` is the job as it is then. ERR_NOT_FOUND; ERR_CONFLICT: it is over, or a
// PROBE, without which its asset would never be anything.
must_check enum err catalog_cancel_job(struct catalog *c, const struct id *id,
                                       struct job_fact *ret);
