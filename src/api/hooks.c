// SPDX-License-Identifier: MIT
// hooks.c - what happens before every handler and to every answer: who may
// come in, CORS, and errors that the http room finds.
#include "room.h"

#include <string.h>

#include "reeld/api/routes.h"
#include "reeld/base/mem.h"

#include "play_answer.h"

static void call_free(void *held)
{
    struct call *call = held;
    if (call->free_work)
        call->free_work(call->work);
    explicit_bzero(&call->key, sizeof(call->key));
    free(call);
}

// No body at all needs no type; the handler decides whether it may be missing.
static bool is_json_body(struct http_request *r, unsigned flags)
{
    if (http_request_content_length(r) <= 0 &&
        http_request_header(r, "Transfer-Encoding").len == 0)
        return true;
    struct str type = http_request_header(r, "Content-Type");
    struct str essence = str_trim(str_cut(&type, ';'));
    if (str_eq_nocase(essence, STR("application/json")))
        return true;
    if ((flags & ROUTE_PATCH) &&
        str_eq_nocase(essence, STR("application/merge-patch+json")))
        return true;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    const char *wanted = flags & ROUTE_PATCH ? "application/merge-patch+json"
                                             : "application/json";
    reply_problem(&p, "unsupported_type", "The body is %s here.", wanted);
    if (flags & ROUTE_PATCH)
        p.accept_patch = wanted;
    reply_send(r, &p);
    return false;
}

// Scopes of a route; /metrics needs one only where the setting says so.
static unsigned scopes_of(const struct http_request *r, unsigned flags)
{
    if ((flags & ROUTE_METRICS) && !api_of(r)->o.is_metrics_open)
        return SCOPE_READ;
    return flags & ROUTE_SCOPES;
}

// On /p/ the handler looks at the grant: it needs the asset for that.
bool hook_admit(struct http_request *r)
{
    unsigned flags = http_request_flags(r);
    unsigned scopes = scopes_of(r, flags);
    if (scopes == 0)
        return true;
    struct api_key key;
    if (!auth_admit(r, scopes, &key))
        return false;
    struct call *call = NEW(struct call);
    call->api = api_of(r);
    call->key = key;
    http_request_set_state(r, call, call_free);
    if ((flags & (ROUTE_JSON | ROUTE_PATCH)) && !is_json_body(r, flags))
        return false;
    if (flags & ROUTE_TUS)
        return tus_admit(r);
    return !(flags & ROUTE_UPLOAD) || upload_admit(r);
}

// SEC-21: an origin out of the list is named, others get nothing; no
// credentials ever, as keys travel in headers.
static void allow_origin(struct http_request *r)
{
    const char *allowed = api_of(r)->o.cors_origins;
    if (!allowed[0])
        return;
    http_header(r, "Vary", "Origin");
    struct str origin = http_request_header(r, "Origin");
    struct str rest = str_of(allowed);
    while (rest.ptr && origin.len > 0) {
        struct str one = str_cut(&rest, ' ');
        if (!str_eq(one, origin))
            continue;
        scoped(mem) char *text = str_dup(one);
        http_header(r, "Access-Control-Allow-Origin", text);
        http_header(r, "Access-Control-Expose-Headers",
                    "ETag, Link, Location, Retry-After, X-Request-Id, "
                    "Content-Range, Content-Disposition, "
                    "Content-Location, Reeld-Asset, "
                    "Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, "
                    "Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, "
                    "Upload-Defer-Length, Upload-Metadata, Upload-Concat, "
                    "Upload-Expires");
        return;
    }
}

static void preflight(struct http_request *r, bool is_playback)
{
    http_header(r, "Access-Control-Allow-Methods",
                is_playback ? "GET, HEAD, OPTIONS"
                            : "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    http_header(r, "Access-Control-Allow-Headers",
                is_playback ? "Range, If-None-Match, If-Range, Authorization, "
                              "x-access-token"
                            : "Authorization, x-access-token, Content-Type, "
                              "Content-Digest, If-Match, If-None-Match, "
                              "Idempotency-Key, Prefer, Range, X-Request-Id, "
                              "X-HTTP-Method-Override, Tus-Resumable, "
                              "Upload-Offset, Upload-Length, "
                              "Upload-Defer-Length, Upload-Metadata, "
                              "Upload-Concat, Upload-Checksum");
    http_header(r, "Access-Control-Max-Age", "86400");
}

static void add_request_id(struct http_request *r)
{
    char id[80];
    str_copy(id, sizeof(id), http_request_id(r));
    http_header(r, "X-Request-Id", id);
}

// HTTP-03: on errors too, or players see a network error. An answer that is
// kept has all of this already and goes out as it is; the id, which would make
// it another one, is added when the client sent its own.
static void finish_playback(struct http_request *r, int status)
{
    const struct play_state *state = http_request_state(r);
    bool is_whole = state && state->has_headers && status < 400;
    for (const char *const *h = play_headers; h[0] && !is_whole; h += 2)
        http_header(r, h[0], h[1]);
    if (!is_whole || http_request_header(r, "X-Request-Id").len > 0)
        add_request_id(r);
}

void hook_finish(struct http_request *r, int status)
{
    struct str path = http_request_path(r);
    bool is_playback = str_starts(path, STR("/p/"));
    if (is_playback) {
        finish_playback(r, status);
    } else {
        http_header(r, "X-Content-Type-Options", "nosniff");
        add_request_id(r);
    }
    tus_finish(r, status);
    if (str_starts(path, STR("/v1/")))
        allow_origin(r);
    if (status == 204 && str_eq(http_request_method(r), STR("OPTIONS")))
        preflight(r, is_playback);
}

// Errors that are found before there is a handler: the codes of the http room
// are those of problem.c, or told by their status.
void hook_refuse(struct http_request *r, int status, const char *code,
                 const char *detail)
{
    const struct problem *kind = problem_find(code ? code : "");
    if (kind->status != status)
        kind = problem_of_status(status);
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    reply_problem(&p, kind->code, "%s",
                  detail && detail[0] ? detail : kind->text);
    p.status = status;
    reply_send(r, &p);
}
