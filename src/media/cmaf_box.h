// SPDX-License-Identifier: MIT
// cmaf_box.h - beginning and ending an ISO BMFF box in a buffer.
//
// Threads: any; pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"

enum { CMAF_TRACK_ID = 1 };

// box_end() with what this returns writes the size. Nests.
static inline size_t box_begin(struct buf *out, const char type[static 5])
{
    size_t at = out->len;
    buf_u32(out, 0);
    buf_add(out, type, 4);
    return at;
}

static inline size_t box_begin_full(struct buf *out, const char type[static 5],
                                    uint8_t version, uint32_t flags)
{
    size_t at = box_begin(out, type);
    buf_u8(out, version);
    buf_u24(out, flags);
    return at;
}

static inline void box_end(struct buf *out, size_t at)
{
    buf_patch_u32(out, at, (uint32_t)(out->len - at));
}

static inline void box_zeros(struct buf *out, size_t bytes)
{
    while (bytes-- > 0)
        buf_u8(out, 0);
}
