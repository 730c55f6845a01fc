// SPDX-License-Identifier: MIT
// backoff.c - pauses that double.
#include "reeld/courier/backoff.h"

#include <assert.h>

int64_t backoff_us(int64_t first_us, int64_t longest_us, uint32_t attempts)
{
    assert(first_us > 0 && longest_us > 0);
    int64_t pause_us = first_us;
    for (uint32_t i = 1; i < attempts; i++) {
        if (pause_us > longest_us / 2)
            return longest_us;
        pause_us *= 2;
    }
    return pause_us;
}
