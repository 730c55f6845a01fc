// SPDX-License-Identifier: MIT
// buf.h - text or bytes that grow up to a limit.
//
// Writers do not check: past the limit the buffer keeps what it has and
// remembers; buf_end() reports once. The first 64 KiB are small allocations, as
// mem.h has them.
//
// Threads: one at a time a buffer.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

struct buf {
    uint8_t *bytes; // NUL behind the last one once anything was written
    size_t len;
    size_t capacity;
    size_t limit;      // most bytes it may hold
    bool is_over;      // something did not fit
    bool lacks_memory; // which is why
};

void buf_init(struct buf *b, size_t limit);
void buf_done(struct buf *b); // releases the bytes; b may be used again
// scoped(buf) struct buf b; is released in place, so it has no DEFINE_SCOPED.
static inline void scoped_release_buf(struct buf *held)
{
    buf_done(held);
}

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) printf_like(2, 3);

// Big-endian numbers, as ISO BMFF and MPEG-TS want them.
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u24(struct buf *b, uint32_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);

// Writes a number over four bytes that are there already, for box sizes.
void buf_patch_u32(struct buf *b, size_t at, uint32_t v);

struct str buf_view(const struct buf *b); // valid until the next write

// ERR_TOO_LARGE if something did not fit, ERR_IO if memory could not be had.
must_check enum err buf_end(const struct buf *b);

// Moves the bytes out, to be released with free(); the buffer is empty then.
uint8_t *buf_take(struct buf *b, size_t *ret_len);
