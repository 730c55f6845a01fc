// SPDX-License-Identifier: MIT
// request.h - one request, from its first line to the end of its answer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "arena.h"
#include "body.h"
#include "park.h"
#include "reeld/http.h"
#include "reeld/http/framing.h"
#include "reeld/http/reaper.h"
#include "reeld/http/uri.h"
#include "router.h"
#include "server.h"

struct MHD_Connection;
struct MHD_Response;

// The states and their moves are in dispatch.c.
enum request_state {
    REQUEST_NEW,
    REQUEST_READING,
    REQUEST_HANDLING,
    REQUEST_PARKED,
    REQUEST_ANSWERED,
    REQUEST_LINGERING,
};

enum { REQUEST_HEADERS_MAX = 24, REQUEST_ID_BYTES = 72 };

struct request_header {
    const char *name, *value;
};

struct http_request {
    struct http_server *server;
    struct loop *loop;
    struct MHD_Connection *mhd;
    struct reaper_entry *entry;
    struct arena *arena;
    enum request_state state;
    bool is_head, is_http_1_0;
    bool must_close;   // after the answer
    bool is_collected; // the body, though the route takes it as it comes
    bool is_early;     // answered while the body still comes in
    struct str method, target;
    const struct http_face *face;
    const struct router *router; // of the face
    struct uri uri;
    struct framing framing;
    struct route_match match;
    size_t pairs;
    struct uri_pair *pair; // the query
    struct body body;
    size_t lingered; // bytes dropped after an early answer
    char id[REQUEST_ID_BYTES];
    // The handler's.
    void *own;
    void (*release)(void *own);
    void (*gone)(void *own);
    void (*then)(struct http_request *r, bool is_late);
    struct park_slot slot;
    // The answer.
    int headers;
    struct request_header header[REQUEST_HEADERS_MAX];
    int status;
    struct MHD_Response *response; // NULL: not answered yet
    struct http_answer *answer;    // keeps `response`, which is then shared
    struct str bytes;              // what the response holds, for early answers
    int64_t sent_bytes;            // of the body
    int64_t began_us;
};

// One connection with the request that is under way on it.
struct connection {
    struct reaper_entry entry;
    struct http_request request;
    struct arena arena;
};

// response.c: hands the finished answer to libmicrohttpd. False when the
// connection is to be closed instead.
bool response_send(struct http_request *r);
// Writes the finished answer to the socket right away, in the middle of the
// body, and says that nothing more will come.
bool response_send_early(struct http_request *r);
void response_done(struct http_request *r);
// stream.c: the response of http_reply_stream().
struct MHD_Response *stream_response(struct http_request *r, int64_t step_us,
                                     http_more *more);

// request.c: the client's X-Request-Id, or a new one.
void request_make_id(struct http_request *r);
// dispatch.c: the room's own errors, written by the server's `refuse`.
void request_refuse(struct http_request *r, int status, const char *code,
                    const char *detail);
