// SPDX-License-Identifier: MIT
// verdict.h - errands about rows of the catalog: claiming a job, giving it
// back, and deciding what a probe means.
#pragma once

#include "inbox.h"
#include "reeld/base/blob.h"
#include "reeld/catalog.h"
#include "reeld/jobs.h"
#include "reeld/wire.h"

struct claim_errand {
    struct errand errand;
    struct catalog *catalog;
    enum job_kind kind;
    struct id wanted; // its asset; empty: any
    enum err result;
    char why[256];
    struct job job;            // OK
    const struct asset *asset; // a reference; of the job, or the wanted one
};
void claim_init(struct claim_errand *e, struct jobs *j, enum job_kind kind,
                const struct id *wanted);  // e is all zero
void claim_on_pool(struct errand *errand); // its `work`
void claim_free(struct claim_errand *e);

// RUNNING -> `to`.
struct move_errand {
    struct errand errand;
    struct catalog *catalog;
    struct job job;
    enum job_state to;
    char error[128]; // "" none
    int64_t not_before_us;
    bool counts_attempt;
};
struct move_errand *move_new(struct jobs *j, const struct job *job,
                             enum job_state to, int64_t not_before_us);
bool move_is_out(const struct jobs *j, const struct id *job); // on its way

struct verdict {
    struct errand errand;
    struct catalog *catalog;
    const struct jobs_options *options;
    char build[RECIPE_BUILD_BYTES];
    struct id asset;
    struct job job;
    const struct asset *snapshot; // a reference, UPLOADED
    struct wire_probed *answer;
    struct blob *packed; // the plan; NULL unless the answer is OK

    bool is_lie; // the worker's word does not hold together
    enum err result;
    char why[256];
    const struct asset *ready; // a reference; NULL: rejected
};
struct verdict *verdict_new(struct jobs *j, const struct wire_probed *answer);
void verdict_free(struct verdict *v);
