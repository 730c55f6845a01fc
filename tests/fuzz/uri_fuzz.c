// SPDX-License-Identifier: MIT
// uri_fuzz.c - request targets: path, query and the route they lead to.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/http/router.h"
#include "../../src/http/uri.h"
#include "reeld/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_route routes[] = {
    {"GET",  "/",                         NULL, NULL, 0},
    {"GET",  "/v1/assets/{id}",           NULL, NULL, 0},
    {"POST", "/v1/assets",                NULL, NULL, 0},
    {"GET",  "/p/{grant}/{id}/{rest...}", NULL, NULL, 0},
    {"GET",  "/{rest...}",                NULL, NULL, 0},
};

static void check_part(struct str part)
{
    assert(str_is_printable(part));
    assert(!str_eq(part, STR("..")) && !str_eq(part, STR(".")));
    assert(part.len == 0 || (!memchr(part.ptr, '/', part.len) &&
                             !memchr(part.ptr, '\\', part.len)));
}

static void check_path(struct str raw, const struct router *router)
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
        struct route_match m;
        router_match(router, STR("HEAD"), &path, &m);
        for (size_t i = 0; i < m.params; i++)
            assert(str_is_printable(m.param[i].value));
        router_match(router, STR("POST"), &path, &m);
        assert(m.route || m.allow[0] || path.count > 0);
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
    struct router *router = router_new(routes, sizeof routes / sizeof *routes);
    check_path(u.path, router);
    check_query(u.query);
    router_free(router);
    return 0;
}
