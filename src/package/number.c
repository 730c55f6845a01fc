// SPDX-License-Identifier: MIT
// number.c - decimal numbers without printf.
#include "number.h"

char *number_put(char *end, uint64_t value, int least)
{
    char *at = end;
    for (int n = 0; n < least || value > 0; n++) {
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    return at;
}

void number_add(struct buf *out, uint64_t value)
{
    char text[NUMBER_DIGITS_MAX];
    char *end = text + sizeof text;
    char *at = number_put(end, value, 1);
    buf_add(out, at, (size_t)(end - at));
}
