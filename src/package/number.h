// SPDX-License-Identifier: MIT
// number.h - decimal numbers without printf, which took most of the time that
// a manifest takes.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"

enum { NUMBER_DIGITS_MAX = 20 }; // of 64 bits

// Writes at least `least` digits that end before `end`; returns the first.
char *number_put(char *end, uint64_t value, int least);
void number_add(struct buf *out, uint64_t value);
