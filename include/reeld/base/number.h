// SPDX-License-Identifier: MIT
// number.h - decimal numbers without printf, which took most of the time that
// a manifest takes. Into a struct buf, buf_printf() does as well.
//
// Threads: any; pure.
#pragma once

#include <stdint.h>

enum { NUMBER_DIGITS_MAX = 20 }; // of 64 bits

// Writes the digits of `value`, zeros before them up to `least` (at most
// NUMBER_DIGITS_MAX), so that they end before `end`; returns the first.
char *number_put(char *end, uint64_t value, int least);
