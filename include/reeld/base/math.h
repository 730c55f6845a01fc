// SPDX-License-Identifier: MIT
// math.h - exact arithmetic on media time and on input.
//
// No floating point: media time is ticks of a timescale (ticks a second).
//
// Threads: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rational {
    int64_t num;
    int64_t den; // > 0 in every valid value
};

// True when the result did not fit; *ret is then unspecified.
#define add_overflows(a, b, ret) __builtin_add_overflow((a), (b), (ret))
#define mul_overflows(a, b, ret) __builtin_mul_overflow((a), (b), (ret))

// value * num / den over 128 bits. num >= 0, den > 0. The result saturates at
// INT64_MIN and INT64_MAX.
int64_t scale_floor(int64_t value, int64_t num, int64_t den);
int64_t scale_ceil(int64_t value, int64_t num, int64_t den);
// Halves go away from zero.
int64_t scale_round(int64_t value, int64_t num, int64_t den);

// Lowest terms, den > 0; a zero denominator gives 0/1.
struct rational rational_reduce(struct rational r);
int rational_compare(struct rational a, struct rational b); // <0, 0, >0

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static inline int64_t clamp_i64(int64_t v, int64_t least, int64_t most)
{
    return max_i64(least, min_i64(v, most));
}
