// SPDX-License-Identifier: MIT
// content_range_fuzz.c - what a server says of the part that it sends.
#include <assert.h>
#include <stddef.h>

#include "reeld/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t from, total;
    struct str text = {(const char *)data, size};
    if (fetch_parse_content_range(text, &from, &total) != OK)
        return 0;
    assert(from >= 0);
    assert(total == -1 || total > from);
    return 0;
}
