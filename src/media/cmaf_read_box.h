// SPDX-License-Identifier: MIT
// cmaf_read_box.h - walking boxes in memory (ISO/IEC 14496-12 section 4.2).
//
// Threads: any; pure.
#pragma once

#include "bytes.h"
#include "reeld/base/err.h"

#define BOX(a, b, c, d)                                                        \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |          \
     (uint32_t)(d))

struct box {
    uint32_t type;
    struct bytes body; // behind the header
};

// The box that `in` begins with; `in` goes on behind it. ERR_BAD_INPUT when it
// does not fit.
must_check enum err box_next(struct bytes *in, struct box *ret);
// The body of the first box of that type. ERR_UNSUPPORTED without one.
must_check enum err box_find(struct bytes in, uint32_t type, struct bytes *ret);
