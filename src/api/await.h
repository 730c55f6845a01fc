// SPDX-License-Identifier: MIT
// await.h - a request that is parked until the jobs room says something.
//
//   await_park() --> jobs_want(..., &w->waiter) --> told: await_wake()
//                                              +--> late
//                                              +--> the client is gone
//
// then await_end(), whatever happened.
//
// Threads: the request's; await_wake() is for the one that jobs tells on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/http.h"
#include "reeld/jobs.h"

// Zeroed: waits for nothing. Stays where it is while it waits.
struct await {
    struct jobs *jobs;
    struct jobs_waiter *waiter; // set by the call that asks
    struct http_ticket *ticket;
    bool was_woken; // the ticket is used up
};

// As http_park(). False: nothing was parked; w waits for nothing.
must_check bool await_park(struct await *w, struct http_request *r,
                           struct jobs *jobs, int64_t wait_us,
                           void (*then)(struct http_request *r, bool is_late));
// It was said, or could not even be asked for; once. What `then` shall read of
// it is written before.
void await_wake(struct await *w);
// Hangs up: nobody calls await_wake() any more. Again is fine.
void await_end(struct await *w);
