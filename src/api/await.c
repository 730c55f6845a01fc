// SPDX-License-Identifier: MIT
// await.c - a request that is parked until the jobs room says something.
#include "await.h"

#include "reeld/base/clock.h"

bool await_park(struct await *w, struct http_request *r, struct jobs *jobs,
                int64_t wait_us,
                void (*then)(struct http_request *r, bool is_late))
{
    *w = (struct await){.jobs = jobs};
    w->ticket = http_park(r, clock_now_us() + wait_us, then);
    return w->ticket != NULL;
}

void await_wake(struct await *w)
{
    w->was_woken = true;
    http_wake(w->ticket);
}

void await_end(struct await *w)
{
    if (!w->waiter)
        return;
    jobs_hang_up(w->jobs, w->waiter); // await_wake() is not running any more
    w->waiter = NULL;
    if (!w->was_woken)
        http_drop(w->ticket);
}
