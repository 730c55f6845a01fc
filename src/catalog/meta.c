// SPDX-License-Identifier: MIT
// meta.c - small named values.
#include <string.h>

#include "core.h"

enum err catalog_meta(struct catalog *c, const char *name, uint8_t *to,
                      size_t to_bytes, size_t *ret_len)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_META_GET);
    query_text(&q, ":name", name);
    TRY(query_one(&q));
    struct str value = query_get_str(&q);
    if (value.len > to_bytes)
        return fail(ERR_TOO_LARGE, "%s has %zu bytes", name, value.len);
    memcpy(to, value.ptr, value.len);
    *ret_len = value.len;
    return OK;
}

enum err catalog_set_meta(struct catalog *c, const char *name,
                          const void *bytes, size_t len)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_META_SET);
    query_text(&q, ":name", name);
    query_bytes(&q, ":value", bytes, len);
    TRY(query_run(&q));
    return change_commit(&w);
}
