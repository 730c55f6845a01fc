// SPDX-License-Identifier: MIT
// routes.c - every route. openapi.json describes the same; a test compares.
//
// The first that matches wins. HEAD comes with GET, OPTIONS by itself.
#include "reeld/api/routes.h"
#include "room.h"

// What a caller must be allowed to, and what is looked at besides.
enum {
    READ = SCOPE_READ,
    WRITE = SCOPE_INGEST,
    ADMIN = SCOPE_ADMIN,
    PLAY = ROUTE_PLAY,
    STATS = ROUTE_METRICS,
    BULK = SCOPE_INGEST | ROUTE_UPLOAD,
    TUS = SCOPE_INGEST | ROUTE_TUS,
    LINK = SCOPE_READ | ROUTE_JSON,
    MAKE = SCOPE_INGEST | ROUTE_JSON,
    EDIT = SCOPE_INGEST | ROUTE_PATCH,
    KEY = SCOPE_ADMIN | ROUTE_JSON,
    ALL = 0,
};

// absent: of the contract (api.md), not of this version: a clear 501.
const struct http_route api_routes[] = {
    {"GET",    "/p/{grant}/{id}/{rest...}", playback_get,      NULL,     PLAY },
    {"POST",   "/v1/assets",                upload_handle,     &uploads, BULK },
    {"GET",    "/v1/assets",                asset_list,        NULL,     READ },
    {"GET",    "/v1/assets/{id}",           asset_get,         NULL,     READ },
    {"PATCH",  "/v1/assets/{id}",           asset_patch,       NULL,     EDIT },
    {"DELETE", "/v1/assets/{id}",           asset_delete,      NULL,     WRITE},
    {"GET",    "/v1/assets/{id}/source",    asset_source,      NULL,     READ },
    {"POST",   "/v1/assets/{id}/grants",    asset_grant,       NULL,     LINK },
    {"POST",   "/v1/assets/{id}/frames",    asset_frame,       NULL,     MAKE },
    {"POST",   "/v1/assets/{id}/reframe",   asset_reframe,     NULL,     MAKE },
    {"GET",    "/v1/assets/{id}/clip.m3u8", clip_hls,          NULL,     READ },
    {"GET",    "/v1/assets/{id}/clip.mpd",  clip_dash,         NULL,     READ },
    {"GET",    "/v1/assets/{id}/events",    absent,            NULL,     READ },
    {"GET",    "/v1/events",                absent,            NULL,     READ },
    {"POST",   "/v1/uploads",               tus_handle,        &tus_put, TUS  },
    {"GET",    "/v1/uploads/{id}",          tus_get,           NULL,     WRITE},
    {"PATCH",  "/v1/uploads/{id}",          tus_handle,        &tus_put, TUS  },
    {"POST",   "/v1/uploads/{id}",          tus_handle,        &tus_put, TUS  },
    {"DELETE", "/v1/uploads/{id}",          tus_delete,        NULL,     WRITE},
    {"GET",    "/v1/jobs",                  job_list,          NULL,     READ },
    {"GET",    "/v1/jobs/{id}",             job_get,           NULL,     READ },
    {"POST",   "/v1/jobs/{id}/cancel",      job_cancel,        NULL,     WRITE},
    {"POST",   "/v1/streams",               stream_create,     NULL,     MAKE },
    {"GET",    "/v1/streams",               stream_list,       NULL,     READ },
    {"GET",    "/v1/streams/{id}",          stream_get,        NULL,     READ },
    {"DELETE", "/v1/streams/{id}",          stream_delete,     NULL,     WRITE},
    {"POST",   "/v1/streams/{id}/grants",   stream_grant,      NULL,     LINK },
    {"GET",    "/v1/collections",           collection_list,   NULL,     READ },
    {"POST",   "/v1/collections",           collection_create, NULL,     MAKE },
    {"GET",    "/v1/collections/{id}",      collection_get,    NULL,     READ },
    {"PATCH",  "/v1/collections/{id}",      collection_patch,  NULL,     EDIT },
    {"DELETE", "/v1/collections/{id}",      collection_delete, NULL,     WRITE},
    {"GET",    "/v1/keys",                  key_list,          NULL,     ADMIN},
    {"POST",   "/v1/keys",                  key_create,        NULL,     KEY  },
    {"DELETE", "/v1/keys/{id}",             key_revoke,        NULL,     ADMIN},
    {"GET",    "/v1/system",                system_get,        NULL,     READ },
    {"GET",    "/v1/openapi.json",          openapi_get,       NULL,     ALL  },
    {"GET",    "/healthz",                  system_health,     NULL,     ALL  },
    {"GET",    "/readyz",                   system_ready,      NULL,     ALL  },
    {"GET",    "/version",                  system_version,    NULL,     ALL  },
    {"GET",    "/metrics",                  system_metrics,    NULL,     STATS},
    {"GET",    "/problems/{code}",          problem_get,       NULL,     ALL  },
    {"GET",    "/",                         page_get,          NULL,     ALL  },
    {"GET",    "/player",                   page_get,          NULL,     ALL  },
    {"GET",    "/watch",                    page_get,          NULL,     ALL  },
    {"GET",    "/embed",                    page_get,          NULL,     ALL  },
    {"GET",    "/web/{rest...}",            web_get,           NULL,     ALL  },
};
const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);

void absent(struct http_request *r)
{
    refuse(r, "not_implemented",
           "This call belongs to the API, but this version does not have it.");
}
