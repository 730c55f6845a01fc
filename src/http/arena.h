// SPDX-License-Identifier: MIT
// arena.h - small memory that lives as long as one request.
//
// Threads: one at a time an arena.
#pragma once

#include <stddef.h>

#include "reeld/base/str.h"

enum { ARENA_INLINE_BYTES = 1024 }; // enough for nearly all requests

struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t used; // of the inline bytes
    _Alignas(16) char bytes[ARENA_INLINE_BYTES];
};

void arena_init(struct arena *a);
void arena_done(struct arena *a); // releases all; may be used again after init
void *arena_get(struct arena *a,
                size_t len); // not zeroed; aligned for anything
struct str arena_str(struct arena *a, struct str s); // a copy with a NUL
