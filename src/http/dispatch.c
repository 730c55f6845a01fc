// SPDX-License-Identifier: MIT
// dispatch.c - leads a request from its first line to its answer.
//
//           header           last byte            answer
//     NEW ---------> READING ---------> HANDLING ---------> ANSWERED
//                       |                 | ^
//          early answer |            park | | woken, late
//                       v                 v |
//                   LINGERING           PARKED
//
// libmicrohttpd calls once with the header, then with pieces of the body, then
// once more at the end. Answers are handed over in that last call only: from
// the first, it would close the connection behind each of them.
#include "dispatch.h"

#include <assert.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "request.h"

enum {
    // What is left of a body is read to its end after an error if it is no
    // more than this; the connection lives on then.
    DRAIN_BYTES = 256 * 1024,
    // After an early answer this much more is dropped before the connection
    // is: closed at once, it would be reset, and the answer lost.
    LINGER_BYTES = 64 * 1024 * 1024,
};

void request_refuse(struct http_request *r, int status, const char *code,
                    const char *detail)
{
    r->face->refuse(r, status, code, detail);
}

// ---- the header ------------------------------------------------------------

static enum MHD_Result see_header(void *context, enum MHD_ValueKind kind,
                                  const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    (void)kind;
    framing_add(context, (struct str){name, name_len},
                (struct str){value, value_len});
    return MHD_YES;
}

// By the target as it came: a request that cannot be read has a face, too.
static void find_face(struct http_request *r)
{
    const struct http_options *o = &r->server->options;
    size_t i = 0;
    while (i + 1 < o->faces &&
           !uri_is_below(r->target, str_of(o->face[i].prefix)))
        i++;
    r->face = &o->face[i];
    r->router = r->server->router[i];
}

static enum err read_target(struct http_request *r, struct uri_path *ret_path)
{
    TRY(uri_split(r->target, &r->uri));
    char *path = arena_get(r->arena, r->uri.path.len);
    TRY(uri_decode_path(r->uri.path, path, ret_path));
    if (r->face->drops_empty_parts)
        uri_drop_empty_parts(ret_path);
    size_t pairs = uri_query_pairs(r->uri.query);
    if (pairs == 0)
        return OK;
    r->pair = arena_get(r->arena, pairs * sizeof *r->pair);
    char *query = arena_get(r->arena, r->uri.query.len);
    return uri_decode_query(r->uri.query, query, r->pair, &r->pairs);
}

static void refuse_method(struct http_request *r)
{
    if (!r->match.allow[0]) {
        request_refuse(r, MHD_HTTP_NOT_FOUND, "not_found", "no such path");
        return;
    }
    http_header(r, MHD_HTTP_HEADER_ALLOW, r->match.allow);
    if (str_eq(r->method, STR("OPTIONS")))
        http_reply(r, MHD_HTTP_NO_CONTENT, NULL, STR(""));
    else
        request_refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed",
                       "this path does not have that method");
}

// Finds the route; answers if there is none or the owner does not admit it.
static void examine(struct http_request *r)
{
    if (str_eq(r->method, STR("OPTIONS")) && str_eq(r->target, STR("*"))) {
        http_reply(r, MHD_HTTP_NO_CONTENT, NULL, STR(""));
        return;
    }
    if ((int64_t)r->target.len > r->server->options.header_limit_bytes) {
        request_refuse(r, MHD_HTTP_URI_TOO_LONG, "uri_too_long", "");
        return;
    }
    struct uri_path path;
    if (read_target(r, &path) != OK) {
        request_refuse(r, MHD_HTTP_BAD_REQUEST, "bad_request", fail_text());
        return;
    }
    router_match(r->router, r->method, &path, &r->match);
    if (!r->match.route) {
        refuse_method(r);
        return;
    }
    if (r->face->admit && !r->face->admit(r)) {
        assert(r->response);
        return;
    }
    if (framing_has_body(&r->framing) || r->match.route->upload)
        body_begin(r);
}

static void answer_body_error(struct http_request *r)
{
    bool is_large = r->body.error == ERR_TOO_LARGE;
    request_refuse(r, is_large ? MHD_HTTP_CONTENT_TOO_LARGE : 400,
                   is_large ? "too_large" : "bad_request", r->body.error_text);
}

// How much of the body is still to come; -1: nobody knows.
static int64_t body_left(const struct http_request *r)
{
    return r->framing.is_chunked ? -1 : r->framing.length - r->body.received;
}

// The handler, or what stands in for it when the body was no good.
static void run(struct http_request *r)
{
    const struct http_route *route = r->match.route;
    r->state = REQUEST_HANDLING;
    reaper_mark(r->entry, PHASE_BUSY);
    if (r->body.error != OK && (!route->upload || r->is_collected))
        answer_body_error(r);
    else
        route->handle(r);
    assert(r->response || r->state == REQUEST_PARKED);
}

// The body is not wanted any more. Answers at once if much of it is to come;
// if not, the answer waits for the last byte. False: close.
static bool answer_early(struct http_request *r)
{
    int64_t left = body_left(r);
    if (left >= 0 && left <= DRAIN_BYTES)
        return true;
    r->is_early = true;
    if (!r->response)
        run(r);
    return response_send_early(r);
}

static void set_context(const struct http_request *r)
{
    char word[96] = "request=";
    str_copy(word + 8, sizeof word - 8, str_of(r->id));
    log_set_context(word);
}

static bool begin(struct http_request *r, const char *method,
                  const char *version)
{
    r->state = REQUEST_READING;
    r->began_us = clock_now_us();
    r->is_head = strcmp(method, "HEAD") == 0;
    r->method = r->is_head ? STR("GET") : str_of(method);
    r->is_http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    count_add(&r->loop->requests, 1);
    count_add(&r->loop->in_flight, 1);
    MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, see_header,
                                &r->framing);
    find_face(r);
    request_make_id(r);
    set_context(r);
    const char *fault = framing_fault(&r->framing, r->is_http_1_0);
    if (fault) {
        r->must_close = true;
        request_refuse(r, MHD_HTTP_BAD_REQUEST, "bad_request", fault);
        return response_send(r);
    }
    examine(r);
    if (!framing_has_body(&r->framing)) {
        reaper_mark(r->entry, PHASE_BUSY);
        return true;
    }
    reaper_mark(r->entry, PHASE_BODY);
    if (!r->response && r->body.error == OK)
        return true;
    if (!r->framing.expects_continue)
        return answer_early(r);
    // The client asked first, so nothing of the body is on its way: an answer
    // in this call refuses it.
    r->must_close = r->is_early = true;
    if (!r->response)
        run(r);
    return response_send(r);
}

// ---- the body and what follows ---------------------------------------------

static bool take_bytes(struct http_request *r, const char *bytes, size_t len)
{
    count_add(&r->loop->bytes_received, (int64_t)len);
    reaper_count(r->entry, (int64_t)len);
    if (r->state == REQUEST_LINGERING) {
        r->lingered += len;
        return r->lingered <= LINGER_BYTES;
    }
    body_add(r, bytes, len);
    if (r->response || r->body.error != OK)
        return answer_early(r);
    return true;
}

// The handler came back: with an answer, or the request is parked.
static bool after(struct http_request *r)
{
    return r->state == REQUEST_PARKED || response_send(r);
}

static bool complete(struct http_request *r)
{
    if (!r->response) {
        body_end(r);
        run(r);
    }
    return after(r);
}

static bool resume(struct http_request *r)
{
    assert(r->slot.outcome != PARK_WAITING);
    if (r->slot.outcome == PARK_GONE)
        return false;
    r->state = REQUEST_HANDLING;
    set_context(r);
    r->then(r, r->slot.outcome == PARK_LATE);
    assert(r->response || r->state == REQUEST_PARKED);
    return after(r);
}

static bool step(struct http_request *r, const char *method,
                 const char *version, const char *bytes, size_t len)
{
    switch (r->state) {
    case REQUEST_NEW:
        return begin(r, method, version);
    case REQUEST_READING:
        return len > 0 ? take_bytes(r, bytes, len) : complete(r);
    case REQUEST_LINGERING:
        return len > 0 && take_bytes(r, bytes, len);
    case REQUEST_PARKED:
        return resume(r);
    case REQUEST_HANDLING:
    case REQUEST_ANSWERED:
        return false; // the server is being stopped
    }
    return false;
}

// ---- libmicrohttpd's side --------------------------------------------------

// The query is read by uri.c. Left to itself the library would list its pairs
// in the memory of the connection, 72 bytes each, and have none left to answer
// when they are some two hundred: it takes `target` apart, in its own buffer,
// when this has been called.
static void hide_query(const char *target)
{
    const char *query = strchr(target, '?');
    if (query)
        *(char *)(uintptr_t)(query + 1) = '\0';
}

void *dispatch_line(void *context, const char *target,
                    struct MHD_Connection *mhd)
{
    struct loop *loop = context;
    struct connection *c =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;
    arena_init(&c->arena);
    c->request = (struct http_request){
        .server = loop->server,
        .loop = loop,
        .mhd = mhd,
        .entry = &c->entry,
        .arena = &c->arena,
        .target = arena_str(&c->arena, str_of(target)),
    };
    hide_query(target);
    reaper_mark(&c->entry, PHASE_HEADER);
    return &c->request;
}

enum MHD_Result dispatch_call(void *context, struct MHD_Connection *mhd,
                              const char *url, const char *method,
                              const char *version, const char *bytes,
                              size_t *len, void **request)
{
    (void)context;
    (void)mhd;
    (void)url; // cut at '?'; the whole target came with the line
    size_t taken = *len;
    *len = 0;
    bool goes_on = step(*request, method, version, bytes, taken);
    return goes_on ? MHD_YES : MHD_NO;
}

void dispatch_end(void *context, struct MHD_Connection *mhd, void **request,
                  enum MHD_RequestTerminationCode why)
{
    (void)context;
    (void)mhd;
    (void)why;
    struct http_request *r = *request;
    body_done(&r->body);
    if (r->release)
        r->release(r->own);
    response_done(r);
    if (r->state != REQUEST_NEW)
        count_add(&r->loop->in_flight, -1);
    arena_done(r->arena);
    reaper_mark(r->entry, PHASE_IDLE);
    *request = NULL;
}
