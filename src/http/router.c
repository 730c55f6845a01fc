// SPDX-License-Identifier: MIT
// router.c - which route a request is for.
#include "router.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"

enum { SEGMENTS_MAX = 12 };

enum segment_kind { SEGMENT_TEXT, SEGMENT_PARAM, SEGMENT_REST };

struct segment {
    enum segment_kind kind;
    struct str text; // literal, or the parameter's name
};

struct pattern {
    const struct http_route *route;
    struct str method;
    size_t count;
    struct segment segment[SEGMENTS_MAX];
};

struct router {
    size_t count;
    struct pattern *patterns;
};

static struct segment read_segment(struct str text)
{
    if (text.len < 2 || text.ptr[0] != '{')
        return (struct segment){SEGMENT_TEXT, text};
    assert(text.ptr[text.len - 1] == '}');
    struct str name = {text.ptr + 1, text.len - 2};
    if (!str_ends(name, STR("...")))
        return (struct segment){SEGMENT_PARAM, name};
    name.len -= 3;
    return (struct segment){SEGMENT_REST, name};
}

static struct pattern read_pattern(const struct http_route *route)
{
    struct pattern p = {.route = route, .method = str_of(route->method)};
    assert(route->pattern[0] == '/');
    struct str rest = str_of(route->pattern + 1);
    size_t params = 0;
    while (rest.len > 0) {
        assert(p.count < SEGMENTS_MAX);
        struct segment s = read_segment(str_cut(&rest, '/'));
        assert(s.kind != SEGMENT_REST || rest.len == 0);
        params += s.kind != SEGMENT_TEXT;
        p.segment[p.count++] = s;
    }
    assert(params <= ROUTE_PARAMS_MAX);
    return p;
}

struct router *router_new(const struct http_route *routes, size_t count)
{
    struct router *r = NEW(struct router);
    r->patterns = NEW_ARRAY(count, struct pattern);
    r->count = count;
    for (size_t i = 0; i < count; i++)
        r->patterns[i] = read_pattern(&routes[i]);
    return r;
}

void router_free(struct router *r)
{
    if (!r)
        return;
    free(r->patterns);
    free(r);
}

// What is left of the path from part `from` on. False when it holds an empty
// part: "a//b" would be a second name for the same thing.
static bool read_rest(const struct uri_path *path, size_t from, struct str *ret)
{
    *ret = (struct str){0};
    if (from >= path->count)
        return true;
    const struct str *last = &path->part[path->count - 1];
    for (size_t i = from; i < path->count; i++)
        if (path->part[i].len == 0 && !(i == from && i == path->count - 1))
            return false;
    const char *start = path->part[from].ptr;
    *ret = (struct str){start, (size_t)(last->ptr + last->len - start)};
    return true;
}

static bool matches(const struct pattern *p, const struct uri_path *path,
                    struct route_match *m)
{
    size_t params = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct segment *s = &p->segment[i];
        struct route_param *param = &m->param[params];
        if (s->kind == SEGMENT_REST) {
            *param = (struct route_param){.name = s->text};
            m->params = params + 1;
            return read_rest(path, i, &param->value);
        }
        if (i >= path->count)
            return false;
        if (s->kind == SEGMENT_TEXT) {
            if (!str_eq(s->text, path->part[i]))
                return false;
            continue;
        }
        if (path->part[i].len == 0)
            return false;
        *param = (struct route_param){s->text, path->part[i]};
        params++;
    }
    m->params = params;
    return p->count == path->count;
}

static void allow(struct route_match *m, const char *method)
{
    size_t len = strlen(m->allow);
    // Two routes may share a path and a method only by a slip.
    snprintf(m->allow + len, ROUTE_ALLOW_BYTES - len, "%s%s", len ? ", " : "",
             method);
}

// The path is known, the method is not: says which ones there are.
static void list_methods(const struct router *r, const struct uri_path *path,
                         struct route_match *m)
{
    struct route_match scratch;
    for (size_t i = 0; i < r->count; i++) {
        const struct pattern *p = &r->patterns[i];
        if (!matches(p, path, &scratch) || strstr(m->allow, p->route->method))
            continue;
        allow(m, p->route->method);
        if (str_eq(p->method, STR("GET")))
            allow(m, "HEAD");
    }
    if (m->allow[0])
        allow(m, "OPTIONS");
}

void router_match(const struct router *r, struct str method,
                  const struct uri_path *path, struct route_match *ret)
{
    struct str wanted = str_eq(method, STR("HEAD")) ? STR("GET") : method;
    ret->route = NULL;
    ret->allow[0] = '\0';
    for (size_t i = 0; i < r->count; i++) {
        const struct pattern *p = &r->patterns[i];
        if (str_eq(p->method, wanted) && matches(p, path, ret)) {
            ret->route = p->route;
            return;
        }
    }
    ret->params = 0;
    list_methods(r, path, ret);
}
