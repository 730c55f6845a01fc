// SPDX-License-Identifier: MIT
// unit.h - what every cmocka test includes, in the order that cmocka wants.
#pragma once

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#undef fail // cmocka's stands in the way of reeld's

#include "reeld/base/str.h"

// What a sanitizer makes of a second.
#ifdef REELD_SANITIZED
enum { SLOWER = 5 };
#else
enum { SLOWER = 1 };
#endif

// Tests that open or dump a database for each N do so for every so many under
// ASan, where that takes ten times as long; what one N leaks, others do, too.
#ifdef REELD_SANITIZED
enum { EACH = 7 };
#else
enum { EACH = 1 };
#endif

// How long a test waits for what has to come, however busy the machine is. What
// must not come is never waited for that long.
enum { PATIENCE_S = 60 * SLOWER };

// For borrowed text, which has no terminator.
#define assert_str(actual, expected)                                           \
    do {                                                                       \
        struct str actual_ = (actual);                                         \
        assert_int_equal(actual_.len, sizeof(expected) - 1);                   \
        if (actual_.len > 0)                                                   \
            assert_memory_equal(actual_.ptr, "" expected, actual_.len);        \
    } while (0)
