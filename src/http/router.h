// SPDX-License-Identifier: MIT
// router.h - which route a request is for.
//
// Threads: any; a router never changes.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/str.h"
#include "reeld/http.h"
#include "reeld/http/uri.h"

enum {
    ROUTE_PARAMS_MAX = 8,
    ROUTE_ALLOW_BYTES = 64, // "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
};

struct router;
// Shares `routes`, which must outlive the router. The first that matches wins.
struct router *router_new(const struct http_route *routes, size_t count);
void router_free(struct router *r);

struct route_param {
    struct str name, value;
};

struct route_match {
    const struct http_route *route; // NULL: none with that method
    size_t params;
    struct route_param param[ROUTE_PARAMS_MAX];
    // Methods of all routes of that path; empty: the path is unknown.
    char allow[ROUTE_ALLOW_BYTES];
};

void router_match(const struct router *r, struct str method,
                  const struct uri_path *path, struct route_match *ret);
