// SPDX-License-Identifier: MIT
// range.c - the Range header (RFC 9110 section 14), one range.
#include "reeld/http/range.h"

#include <stdbool.h>

#include "reeld/base/math.h"

// A number of digits alone; what is too large for us is larger than any body.
static bool read_number(struct str s, int64_t *ret)
{
    if (s.len == 0)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c < '0' || c > '9')
            return false;
        if (mul_overflows(value, 10, &value) ||
            add_overflows(value, c - '0', &value))
            value = INT64_MAX;
    }
    *ret = value;
    return true;
}

static bool has_comma(struct str s)
{
    str_cut(&s, ',');
    return s.ptr != NULL;
}

enum range_kind range_parse(struct str header, int64_t size_bytes,
                            struct range *ret)
{
    struct str rest = str_trim(header);
    struct str unit = str_cut(&rest, '=');
    if (!rest.ptr || !str_eq_nocase(unit, STR("bytes")) || has_comma(rest))
        return RANGE_NONE;
    rest = str_trim(rest);
    struct str first = str_cut(&rest, '-');
    if (!rest.ptr)
        return RANGE_NONE;
    int64_t from = 0;
    int64_t last = INT64_MAX;
    if (first.len == 0) {
        int64_t suffix;
        if (!read_number(rest, &suffix))
            return RANGE_NONE;
        if (suffix == 0 || size_bytes == 0)
            return RANGE_PAST;
        from = size_bytes - min_i64(suffix, size_bytes);
    } else {
        if (!read_number(first, &from) ||
            (rest.len > 0 && !read_number(rest, &last)) || last < from)
            return RANGE_NONE;
        if (from >= size_bytes)
            return RANGE_PAST;
    }
    *ret = (struct range){from, last < size_bytes ? last + 1 : size_bytes};
    return RANGE_ONE;
}
