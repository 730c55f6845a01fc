// SPDX-License-Identifier: MIT
// uri_fuzz.c - request targets: path and query, decoded once.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(struct str part)
{
    assert(str_is_printable(part));
    assert(!str_eq(part, STR("..")) && !str_eq(part, STR(".")));
    assert(part.len == 0 || (!memchr(part.ptr, '/', part.len) &&
                             !memchr(part.ptr, '\\', part.len)));
}

static void check_path(struct str raw)
{
    char *to = mem_new(raw.len + 1, 1);
    struct uri_path path;
    if (uri_decode_path(raw, to, &path) == OK) {
        assert(path.count <= URI_PARTS_MAX);
        for (size_t i = 0; i < path.count; i++) {
            check_part(path.part[i]);
            assert(path.part[i].ptr >= to &&
                   path.part[i].ptr + path.part[i].len <= to + raw.len);
        }
    }
    free(to);
}

static void check_query(struct str raw)
{
    size_t most = uri_query_pairs(raw);
    struct uri_pair *pairs = NEW_ARRAY(most + 1, struct uri_pair);
    char *to = mem_new(raw.len + 1, 1);
    size_t count = 0;
    if (uri_decode_query(raw, to, pairs, &count) == OK) {
        assert(count <= most);
        for (size_t i = 0; i < count; i++) {
            assert(str_is_utf8(pairs[i].name));
            assert(str_is_utf8(pairs[i].value));
        }
    }
    free(pairs);
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct uri u;
    if (uri_split(text, &u) != OK)
        return 0;
    assert(u.path.len > 0 && u.path.ptr[0] == '/');
    check_path(u.path);
    check_query(u.query);
    return 0;
}
