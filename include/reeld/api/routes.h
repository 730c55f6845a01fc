// SPDX-License-Identifier: MIT
// routes.h - the table of routes, and the document that describes it.
//
// Threads: any; neither ever changes.
#pragma once

#include <stddef.h>

#include "reeld/base/str.h"
#include "reeld/catalog.h"
#include "reeld/http.h"

// Flags of a route: who may call it, in the bits of enum api_scope (none:
// everybody), and what is looked at before its handler runs.
enum route_flag {
    ROUTE_SCOPES = SCOPE_READ | SCOPE_INGEST | SCOPE_ADMIN,
    ROUTE_PLAY = 8,     // the grant in the path is the right
    ROUTE_UPLOAD = 16,  // of any size: looked at before it is read
    ROUTE_METRICS = 32, // a setting decides whether a key is needed
    ROUTE_JSON = 64,    // has a body, which is JSON
    ROUTE_PATCH = 128,  // has a body, which is a JSON merge patch
    ROUTE_TUS = 256,    // as ROUTE_UPLOAD, by tus
};

extern const struct http_route api_routes[];
extern const size_t api_route_count;

// OpenAPI 3.1, JSON.
struct str openapi_document(void);
