// SPDX-License-Identifier: MIT
// backoff.h - how long is waited before what failed is tried again. Pure.
//
// Threads: any.
#pragma once

#include <stdint.h>

// The pause behind the `attempts`-th try: `first_us` (> 0) behind the first,
// then twice the one before, but never more than `longest_us` (> 0).
int64_t backoff_us(int64_t first_us, int64_t longest_us, uint32_t attempts);
