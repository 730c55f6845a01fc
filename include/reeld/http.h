// SPDX-License-Identifier: MIT
// http.h - HTTP/1.1 over libmicrohttpd: routes, bodies, ranges, parking.
//
// Knows nothing of assets. A handler runs on an HTTP thread when the request is
// complete (for uploads: when the last byte came); it answers, or parks the
// request and is called again when somebody wakes it.
//
//   READING -> HANDLING <-> PARKED -> ANSWERED
//
// Small parsers of this room have doors of their own: reeld/http/*.h.
//
// Threads: handlers and body functions run on HTTP threads (ROLE_HTTP), one at
// a time a request. http_wake() and struct http_answer: any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/blob.h"
#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

struct http_server;
struct http_request;
struct http_answer; // a finished response that many requests may share
struct http_ticket; // the right to wake one parked request, once

typedef void http_handler(struct http_request *r);

// How an upload arrives: raw body or multipart/form-data, the same calls; all
// four are needed. A function that returns an error ends the body: the route's
// handler is called and asks http_body_error(). When little of the body is to
// come it is drained first; when much or nobody knows how much, the handler is
// called at once, its answer (not a file) goes out in the middle of the body,
// and the connection ends. A client that hangs up on the way: the handler is
// not called, the state is released.
struct http_upload {
    enum err (*field)(struct http_request *r, struct str name,
                      struct str value); // whole small fields
    enum err (*begin)(struct http_request *r, struct str name,
                      struct str filename); // raw body: both empty
    enum err (*data)(struct http_request *r, const void *bytes, size_t len);
    enum err (*end)(struct http_request *r); // the file is complete
};

// In `admit`, of a route with `upload`: this request's body is collected as on
// routes without.
void http_collect_body(struct http_request *r);

struct http_route {
    const char *method; // "GET" also serves HEAD
    // "/v1/assets/{id}"; "{rest...}" takes what is left, perhaps nothing. The
    // first route in the table that matches wins.
    const char *pattern;
    http_handler *handle;
    const struct http_upload *upload; // NULL: body of at most json_limit bytes
    unsigned flags; // the owner's: read back with http_request_flags()
};

// One face of the server: the paths below a prefix, with routes, hooks and
// errors of its own.
struct http_face {
    const char *prefix; // "/videodb": that path and all below it; "": any
    const struct http_route *routes;
    size_t route_count;
    void *context;            // http_request_context()
    bool drops_empty_parts;   // "/a//b/" is "/a/b"
    int64_t json_limit_bytes; // 0: the server's
    // A part of patterns ("grant") that is a right by itself and so is never
    // logged; NULL: none.
    const char *secret_part;
    // Runs before the body is read; answers to refuse (401, 413 ...), true to
    // go on. May be NULL.
    bool (*admit)(struct http_request *r);
    // Runs for every answer, to add headers (CORS, nosniff). A shared answer
    // that holds all headers that are added, with the same values, goes out as
    // it is; of one name with another value, the one that is added counts. May
    // be NULL.
    void (*finish)(struct http_request *r, int status);
    // Writes the body for errors found here (404, 405, 400 ...), as the
    // handler would: problem documents belong to the api. Codes: bad_request,
    // not_found, method_not_allowed, too_large, range_not_satisfiable, and
    // uri_too_long with an empty detail: the owner knows of shorter ways.
    void (*refuse)(struct http_request *r, int status, const char *code,
                   const char *detail);
};
enum { HTTP_FACES_MAX = 2 };

struct http_options {
    const char *listen; // "127.0.0.1:8080", "[::1]:80", port 0: any
    int listen_fd;      // >= 0: takes this socket over (systemd), not `listen`
    int threads;        // >= 1
    int connections;    // most at once
    int connections_per_address; // 0: no limit
    int64_t json_limit_bytes;    // 1 MiB
    int64_t idle_us;             // keep-alive idle
    int64_t header_limit_bytes;  // of a request's head, about; 16 KiB at most
    int64_t header_us;           // headers complete within
    int64_t least_bytes_per_s;   // slower bodies and readers are cut off
    int parked_max;
    bool logs_access; // a line for each answer
    // The first whose prefix a request has is its own; the last one's is "".
    size_t faces;
    struct http_face face[HTTP_FACES_MAX];
};

must_check enum err http_start(const struct http_options *o,
                               struct http_server **ret);
int http_port(const struct http_server *s); // where it really listens
// Stops accepting, wakes the parked with `is_late`, waits for answers in flight
// until `deadline_us` (clock_now_us()), then closes.
void http_stop(struct http_server *s, int64_t deadline_us);

struct http_counts {
    int64_t connections, requests, parked, bytes_sent, bytes_received;
    int64_t by_status[6]; // [2] counts 2xx ...
};
struct http_counts http_counts(const struct http_server *s);

// ---- the request -----------------------------------------------------------

void *http_request_context(const struct http_request *r);
unsigned http_request_flags(const struct http_request *r);
struct str http_request_method(const struct http_request *r); // "GET" for HEAD
bool http_request_is_head(const struct http_request *r);
struct str http_request_path(const struct http_request *r); // raw
// A decoded part of the pattern ("id"); empty if the pattern lacks it. Parts
// never hold '/', '\', controls or "..".
struct str http_request_part(const struct http_request *r, const char *name);
// The first query parameter of that name. False: not there.
bool http_request_query(const struct http_request *r, const char *name,
                        struct str *ret);
// Each parameter in order, decoded; stops when `each` returns false.
void http_request_each_query(const struct http_request *r,
                             bool (*each)(void *context, struct str name,
                                          struct str value),
                             void *context);
// The raw query behind '?', "" if none.
struct str http_request_query_text(const struct http_request *r);
struct str http_request_header(const struct http_request *r, const char *name);
struct str http_request_body(const struct http_request *r);
enum err http_body_error(const struct http_request *r, const char **ret_text);
int64_t http_request_content_length(const struct http_request *r); // -1 unknown
// Scheme, host and port for absolute URLs, as the client sees them:
// "http://127.0.0.1:8080". https where X-Forwarded-Proto says so.
struct str http_request_origin(const struct http_request *r);
struct str http_request_id(const struct http_request *r);   // X-Request-Id
struct str http_request_peer(const struct http_request *r); // address text
// The handler's own state; `release` runs when the request is over.
void http_request_set_state(struct http_request *r, void *state,
                            void (*release)(void *state));
void *http_request_state(const struct http_request *r);
bool http_request_accepts_gzip(const struct http_request *r);

// ---- answering: exactly one of these ends a handler ------------------------

// Extra headers of the coming answer; names and values are checked (no CR, LF,
// NUL: such a header is left out and logged).
void http_header(struct http_request *r, const char *name, const char *value);
// A copied body. `type` NULL: no body.
void http_reply(struct http_request *r, int status, const char *type,
                struct str body);
// A shared prebuilt answer: handles If-None-Match, Range, If-Range and HEAD.
void http_reply_answer(struct http_request *r, struct http_answer *a);
// `len` bytes of a file from 0 on, with Range; takes `fd` over.
void http_reply_file(struct http_request *r, int fd, int64_t len,
                     const char *type, const char *etag);
// A 200 that goes on until `more` returns false or the server stops. `more`
// adds what there is to `to`, perhaps nothing: then it is asked again `step_us`
// later, on an HTTP thread, with the handler's own state. Its requests count as
// parked meanwhile; when parked_max is reached the answer ends.
struct buf;
typedef bool http_more(void *state, struct buf *to);
void http_reply_stream(struct http_request *r, const char *type,
                       int64_t step_us, http_more *more);
// Parks until http_wake() or `deadline_us`; then `then` runs on an HTTP thread
// and answers or parks again. The ticket must be used or dropped, once, at any
// time, even when the request or the server has long been over. NULL (and
// nothing parked) when parked_max is reached, the server is stopping, or the
// answer goes out in the middle of an upload: answer 503.
struct http_ticket *http_park(struct http_request *r, int64_t deadline_us,
                              void (*then)(struct http_request *r,
                                           bool is_late));
void http_wake(struct http_ticket *t);
void http_drop(struct http_ticket *t);
// The client hung up while parked: `gone` is called once, on any thread, before
// the request is released. Set before parking.
void http_on_gone(struct http_request *r, void (*gone)(void *state));

// ---- answers to keep -------------------------------------------------------

struct http_answer_options {
    int status;
    const char *type;
    const char *etag;           // with quotes, strong; NULL none
    const char *cache_control;  // NULL none
    const char *encoding;       // "gzip" or NULL
    bool has_range;             // Accept-Ranges, 206
    const char *const *headers; // name, value, ..., NULL: in every answer
};
// Shares `body` (takes a reference of its own).
struct http_answer *http_answer_new(const struct http_answer_options *o,
                                    struct blob *body);
struct http_answer *http_answer_ref(struct http_answer *a);
void http_answer_unref(struct http_answer *a);
DEFINE_SCOPED(http_answer, struct http_answer *, http_answer_unref)
size_t http_answer_bytes(const struct http_answer *a);

// Least recently used answers under a byte budget, by text key. Thread-safe.
struct http_cache;
struct http_cache *http_cache_new(size_t budget_bytes);
void http_cache_free(struct http_cache *c);
// A reference of the caller's own, or NULL.
struct http_answer *http_cache_get(struct http_cache *c, struct str key);
void http_cache_put(struct http_cache *c, struct str key,
                    struct http_answer *a);
void http_cache_clear(struct http_cache *c);
struct http_cache_counts {
    int64_t hits, misses, bytes, answers;
} http_cache_counts(const struct http_cache *c);

// gzip of a body, for answers made once. Empty on failure.
struct blob *http_gzip(struct str body);
