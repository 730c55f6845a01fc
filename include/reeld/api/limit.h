// SPDX-License-Identifier: MIT
// limit.h - how often a name may do something, and how many at once.
//
// Threads: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/str.h"

// A rate for each name (a key's id, an address): `burst` at once, then one
// every `interval_us`. The table has a fixed size: past it the names that owe
// least are forgotten, which only ever lets somebody through.
struct limit;
struct limit *limit_new(int64_t interval_us, int64_t burst);
void limit_free(struct limit *l);
// True: go on, and it is counted. False: not for another *ret_wait_us.
bool limit_take(struct limit *l, struct str name, int64_t now_us,
                int64_t *ret_wait_us);

// How many things are under way: of all, and of each name.
struct gate;
struct gate *gate_new(int most, int most_per_name);
void gate_free(struct gate *g);
bool gate_enter(struct gate *g, struct str name);
void gate_leave(struct gate *g, struct str name);
