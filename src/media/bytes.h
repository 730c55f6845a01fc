// SPDX-License-Identifier: MIT
// bytes.h - reading big-endian numbers from bytes that may end early.
//
// A read past the end gives zero, empties the rest and is remembered, so that
// a parser checks once for each thing it has read.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *at;
    size_t left;
    bool is_short; // something was read that is not there
};

// The next `len` bytes, on their own.
static inline struct bytes bytes_take(struct bytes *in, size_t len)
{
    if (len > in->left) {
        *in = (struct bytes){in->at + in->left, 0, true};
        return (struct bytes){in->at, 0, true};
    }
    struct bytes taken = {in->at, len, false};
    in->at += len;
    in->left -= len;
    return taken;
}

static inline void bytes_skip(struct bytes *in, size_t len)
{
    bytes_take(in, len);
}

static inline uint64_t bytes_number(struct bytes *in, size_t len)
{
    struct bytes taken = bytes_take(in, len);
    uint64_t value = 0;
    for (size_t i = 0; i < taken.left; i++)
        value = value << 8 | taken.at[i];
    return value;
}

static inline uint8_t bytes_u8(struct bytes *in)
{
    return (uint8_t)bytes_number(in, 1);
}

static inline uint16_t bytes_u16(struct bytes *in)
{
    return (uint16_t)bytes_number(in, 2);
}

static inline uint32_t bytes_u32(struct bytes *in)
{
    return (uint32_t)bytes_number(in, 4);
}
