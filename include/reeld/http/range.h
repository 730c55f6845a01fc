// SPDX-License-Identifier: MIT
// range.h - the Range header (RFC 9110 section 14), one range. Pure.
#pragma once

#include <stdint.h>

#include "reeld/base/str.h"

enum range_kind {
    RANGE_NONE, // no range, several, or malformed: answer with everything
    RANGE_ONE,  // 206
    RANGE_PAST, // 416
};

struct range {
    int64_t from, to; // bytes [from, to) of the body, never empty
};

// Reads `header` for a body of `size_bytes`; *ret is set for RANGE_ONE alone.
enum range_kind range_parse(struct str header, int64_t size_bytes,
                            struct range *ret);
