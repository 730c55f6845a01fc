// SPDX-License-Identifier: MIT
// npt_fuzz.c - temporal ranges of media fragments.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "reeld/play/npt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was understood, written in seconds, is understood the same.
static void check_again(const struct npt_range *range)
{
    char text[96];
    int len = snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64 ",",
                       range->start_us / 1000000, range->start_us % 1000000);
    if (range->end_us < INT64_MAX)
        snprintf(text + len, sizeof(text) - (size_t)len,
                 "%" PRId64 ".%06" PRId64, range->end_us / 1000000,
                 range->end_us % 1000000);
    struct npt_range again;
    enum err result = npt_parse(str_of(text), &again);
    assert(result == OK);
    assert(again.start_us == range->start_us);
    assert(again.end_us == range->end_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct npt_range range;
    struct str text = {(const char *)data, size};
    int64_t us = 0;
    if (npt_parse_time(text, &us) == OK)
        assert(us >= 0 && npt_parse(text, &range) == OK &&
               range.start_us == us);
    if (npt_parse(text, &range) != OK)
        return 0;
    assert(range.start_us >= 0 && range.start_us < range.end_us);
    check_again(&range);
    return 0;
}
