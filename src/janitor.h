// SPDX-License-Identifier: MIT
// janitor.h - what is left in the store by crashes goes. Part of the main.
#pragma once

#include <stdbool.h>

#include "reeld/base/pool.h"
#include "reeld/catalog.h"
#include "reeld/store.h"

// A blob is in the store before its fact is in the catalog, so that young ones
// stay while anybody publishes.
#define JANITOR_YOUNG_US (INT64_C(3600) * 1000000)

// One round, now: facts whose time is over, temp files of nobody, and blobs
// older than `young_us` that no fact names. Not on HTTP threads.
must_check enum err janitor_round(struct store *s, struct catalog *c,
                                  int64_t young_us, int64_t *ret_removed);

// The catalog was opened without a look at all of it; the first round begins
// with one. Damage ends the daemon by a SIGTERM to itself, and why stands in
// `damage` from then on.
struct janitor {
    struct store *store;
    struct catalog *catalog;
    struct pool *pool;
    int64_t next_us; // clock_now_us() of the next round; 0: at once
    bool has_checked;
    char damage[512]; // read once the pool has ended; "": none
};

// Hands a round to the pool when its time has come: once after the start, then
// hourly. Call it now and then, from one thread.
void janitor_look(struct janitor *j);
