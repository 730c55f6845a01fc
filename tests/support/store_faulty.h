// SPDX-License-Identifier: MIT
// store_faulty.h - a store that fails on the Nth call.
#pragma once

#include "reeld/store.h"

struct store_faults {
    int fail_at;   // this call fails, counted from 1; 0: none does
    int calls;     // how many were made
    enum err code; // with which it fails
};

// Hands each call on to `inner`, which it owns, but for the one that fails.
// `faults` stays the caller's and may be changed between calls. A commit that
// fails does so before anything is published.
struct store *store_faulty_new(struct store *inner,
                               struct store_faults *faults);
