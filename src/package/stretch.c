// SPDX-License-Identifier: MIT
// stretch.c - what can be asked of a stretch.
#include "reeld/package/presentation.h"

int64_t stretch_longest(const struct stretch *s)
{
    int64_t longest = 0;
    for (uint32_t k = 0; k < s->segments; k++)
        longest = max_i64(longest, s->border[k + 1] - s->border[k]);
    return longest;
}
