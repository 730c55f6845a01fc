// SPDX-License-Identifier: MIT
// waiter.c - who waits, and leaving while being told.
#include <stdlib.h>

#include "crew.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

struct jobs_waiter *waiter_new(struct jobs *j, jobs_done *done, void *context)
{
    struct jobs_waiter *w = NEW(struct jobs_waiter);
    w->jobs = j;
    w->done = done;
    w->context = context;
    atomic_init(&w->holders, 1);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void waiter_release(struct jobs_waiter *w)
{
    if (atomic_fetch_sub(&w->holders, 1) != 1)
        return;
    pthread_mutex_destroy(&w->lock);
    piece_done(&w->piece);
    download_unref(w->download);
    free(w);
}

static void tell(struct jobs_waiter *w, enum err result, const char *detail,
                 struct blob *blob)
{
    // The lock is held while `done` runs: that is what lets jobs_hang_up()
    // promise that it is not running.
    HOLD(&w->lock);
    if (w->is_over)
        return;
    w->is_over = true;
    w->done(w->context, result, detail, blob ? blob_ref(blob) : NULL);
}

void waiter_tell(struct jobs_waiter *w, enum err result, const char *detail,
                 struct blob *blob)
{
    if (!w->is_inner)
        atomic_fetch_sub(&w->jobs->waiting, 1);
    tell(w, result, detail, blob);
    waiter_release(w);
}
