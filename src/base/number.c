// SPDX-License-Identifier: MIT
// number.c - decimal numbers without printf.
#include "reeld/base/number.h"

char *number_put(char *end, uint64_t value, int least)
{
    char *at = end;
    for (int n = 0; n < least || value > 0; n++) {
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    return at;
}
