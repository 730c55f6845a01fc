// SPDX-License-Identifier: MIT
// job_view.h - how a job looks to clients.
//
// Threads: any.
#pragma once

#include "reeld/catalog/jobs.h"

#include "reply.h"

// A whole answer, with Location unless the status is 200.
void job_reply(struct reply *p, const struct job_fact *job, int status);
