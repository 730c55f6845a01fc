// SPDX-License-Identifier: MIT
// janitor.h - what is left in the store by crashes goes. Part of the main.
#pragma once

#include "reeld/base/pool.h"
#include "reeld/catalog.h"
#include "reeld/store.h"

struct janitor {
    struct store *store;
    struct catalog *catalog;
    struct pool *pool;
    int64_t next_us; // clock_now_us() of the next round; 0: at once
};

// Hands a round to the pool when its time has come: once after the start, then
// hourly. Call it now and then, from one thread.
void janitor_look(struct janitor *j);
