// SPDX-License-Identifier: MIT
// courier.h - what the files of this room share.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "reeld/courier.h"

enum { COURIER_THREADS_MAX = 256 };

struct courier {
    struct courier_options options;
    struct fetcher *fetcher;
    struct store *store;
    struct catalog *catalog;
    pthread_t threads[COURIER_THREADS_MAX];
    int thread_count;
    atomic_bool is_stopping;
    _Atomic int64_t trim_at_us; // the history of events is cut then

    pthread_mutex_t lock;
    pthread_cond_t wake;
    // Guarded by lock.
    uint64_t looks; // grows with each courier_look()
};

// A while, before what failed is tried again. False: the courier stops.
bool courier_pauses(struct courier *c);

// pull.c: the oldest pull that is due. False: there was none.
bool pull_one(struct courier *c);
// deliver.c: what a webhook is owed and is due longest. False: nothing.
bool deliver_one(struct courier *c);
