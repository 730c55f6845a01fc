// SPDX-License-Identifier: MIT
// math.c - exact arithmetic over 128 bits.
#include "reeld/base/math.h"

#include <assert.h>

__extension__ typedef __int128 wide;

static int64_t saturate(wide v)
{
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int64_t scale_floor(int64_t value, int64_t num, int64_t den)
{
    assert(num >= 0 && den > 0);
    wide product = (wide)value * num;
    wide quotient = product / den; // cut towards zero
    return saturate(product % den < 0 ? quotient - 1 : quotient);
}

int64_t scale_ceil(int64_t value, int64_t num, int64_t den)
{
    assert(num >= 0 && den > 0);
    wide product = (wide)value * num;
    wide quotient = product / den;
    return saturate(product % den > 0 ? quotient + 1 : quotient);
}

int64_t scale_round(int64_t value, int64_t num, int64_t den)
{
    assert(num >= 0 && den > 0);
    wide product = (wide)value * num;
    wide twice_rest = product % den * 2;
    wide quotient = product / den;
    if (twice_rest >= den)
        quotient++;
    else if (twice_rest <= -(wide)den)
        quotient--;
    return saturate(quotient);
}

struct rational rational_reduce(struct rational r)
{
    if (r.den == 0)
        return (struct rational){0, 1};
    wide num = r.den < 0 ? -(wide)r.num : r.num;
    wide den = r.den < 0 ? -(wide)r.den : r.den;
    wide a = num < 0 ? -num : num;
    wide b = den;
    while (b != 0) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return (struct rational){saturate(num / a), saturate(den / a)};
}

int rational_compare(struct rational a, struct rational b)
{
    assert(a.den > 0 && b.den > 0);
    wide left = (wide)a.num * b.den;
    wide right = (wide)b.num * a.den;
    return (left > right) - (left < right);
}
