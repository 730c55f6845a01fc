// SPDX-License-Identifier: MIT
// etag.c - entity tags (RFC 9110 sections 8.8.3 and 13.1).
#include "reeld/http/etag.h"

#include <string.h>

// Cuts one tag with its quotes off *rest. False when there is none.
static bool cut_tag(struct str *rest, struct str *ret)
{
    if (rest->len < 2 || rest->ptr[0] != '"')
        return false;
    const char *end = memchr(rest->ptr + 1, '"', rest->len - 1);
    if (!end)
        return false;
    size_t len = (size_t)(end - rest->ptr) + 1;
    *ret = (struct str){rest->ptr, len};
    *rest = str_skip(*rest, len);
    return true;
}

bool etag_in_list(struct str list, struct str etag, bool is_strong)
{
    struct str rest = str_trim(list);
    if (str_eq(rest, STR("*")))
        return true;
    while (rest.len > 0) {
        if (rest.ptr[0] == ',' || rest.ptr[0] == ' ' || rest.ptr[0] == '\t') {
            rest = str_skip(rest, 1);
            continue;
        }
        bool is_weak = str_starts(rest, STR("W/"));
        if (is_weak)
            rest = str_skip(rest, 2);
        struct str tag;
        if (!cut_tag(&rest, &tag))
            return false;
        if (str_eq(tag, etag) && !(is_weak && is_strong))
            return true;
    }
    return false;
}
