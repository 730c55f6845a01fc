// SPDX-License-Identifier: MIT
// tidy.h - tells clang-tidy what it cannot see: a failure is never OK.
//
// Included before every file that it looks at, except err.c.
#pragma once

#include "reeld/base/err.h"

// Takes the sentence and its arguments, so that they count as used.
static inline void tidy_sentence(const char *format, ...)
{
    (void)format;
}

#define fail(code, ...)       (tidy_sentence(__VA_ARGS__), (code))
#define fail_errno(code, ...) (tidy_sentence(__VA_ARGS__), (code))
