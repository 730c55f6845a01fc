// SPDX-License-Identifier: MIT
// routes_test.c - the description of the API names the routes that there are.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "reeld/api/routes.h"
#include "unit.h"

static json_t *load(void)
{
    struct str text = openapi_document();
    json_error_t error;
    json_t *document =
        json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(document);
    return document;
}

// "/web/{rest...}" is "/web/{rest}" there.
static void described_path(const char *pattern, char *to, size_t to_bytes)
{
    const char *dots = strstr(pattern, "...}");
    if (dots)
        snprintf(to, to_bytes, "%.*s}", (int)(dots - pattern), pattern);
    else
        snprintf(to, to_bytes, "%s", pattern);
}

static json_t *described(const json_t *paths, const struct http_route *route)
{
    char path[128], method[16] = "";
    described_path(route->pattern, path, sizeof(path));
    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)(route->method[i] | 0x20);
    return json_object_get(json_object_get(paths, path), method);
}

static void every_route_is_described(void **state)
{
    (void)state;
    json_t *document = load();
    const json_t *paths = json_object_get(document, "paths");
    for (size_t i = 0; i < api_route_count; i++) {
        const struct http_route *route = &api_routes[i];
        if (!described(paths, route))
            print_error("%s %s\n", route->method, route->pattern);
        assert_non_null(described(paths, route));
    }
    json_decref(document);
}

static size_t count_methods(const json_t *methods)
{
    static const char *const names[] = {"get",    "put",  "post",
                                        "delete", "head", "patch"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        count += json_object_get(methods, names[i]) != NULL;
    return count;
}

static void nothing_else_is_described(void **state)
{
    (void)state;
    json_t *document = load();
    size_t count = 0;
    const char *path;
    json_t *methods;
    json_object_foreach(json_object_get(document, "paths"), path, methods)
        count += count_methods(methods);
    assert_int_equal(count, api_route_count);
    json_decref(document);
}

static const char *scope_name(unsigned flags)
{
    if (flags & SCOPE_READ)
        return "read";
    if (flags & SCOPE_INGEST)
        return "ingest";
    return flags & SCOPE_ADMIN ? "admin" : NULL;
}

static void the_scopes_are_those_of_the_routes(void **state)
{
    (void)state;
    json_t *document = load();
    const json_t *paths = json_object_get(document, "paths");
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *operation = described(paths, &api_routes[i]);
        const char *wanted = scope_name(api_routes[i].flags);
        const char *said =
            json_string_value(json_object_get(operation, "x-reeld-scope"));
        assert_true(wanted ? said && strcmp(said, wanted) == 0 : !said);
        size_t ways = json_array_size(json_object_get(operation, "security"));
        assert_int_equal(ways, wanted ? 2 : 0);
    }
    json_decref(document);
}

static void every_call_of_v1_needs_a_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        struct str pattern = str_of(api_routes[i].pattern);
        if (str_starts(pattern, STR("/v1/")) &&
            !str_eq(pattern, STR("/v1/openapi.json")))
            assert_int_not_equal(api_routes[i].flags & ROUTE_SCOPES, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(nothing_else_is_described),
        cmocka_unit_test(the_scopes_are_those_of_the_routes),
        cmocka_unit_test(every_call_of_v1_needs_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
