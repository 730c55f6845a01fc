// SPDX-License-Identifier: MIT
// response.c - builds answers and sends them: status, headers, ranges, tags.
#include <assert.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "access.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/http/etag.h"
#include "reeld/http/field.h"
#include "reeld/http/range.h"
#include "request.h"

enum { EARLY_BYTES = 256 * 1024 }; // an answer that is written by hand

// ---- headers ---------------------------------------------------------------

static bool is_header(const char *name, const char *value)
{
    return field_is_token(str_of(name)) && field_is_value(str_of(value));
}

void http_header(struct http_request *r, const char *name, const char *value)
{
    if (!is_header(name, value) || r->headers == REQUEST_HEADERS_MAX) {
        log_debug("http.header_left_out");
        return;
    }
    struct request_header *h = &r->header[r->headers++];
    h->name = arena_str(r->arena, str_of(name)).ptr;
    h->value = arena_str(r->arena, str_of(value)).ptr;
}

// A shared answer with these headers added would be the same answer.
static bool adds_nothing(const struct http_request *r,
                         struct MHD_Response *shared)
{
    for (int i = 0; i < r->headers; i++) {
        const char *there = MHD_get_response_header(shared, r->header[i].name);
        if (!there || strcmp(there, r->header[i].value) != 0)
            return false;
    }
    return true;
}

static void add_header(struct MHD_Response *response, const char *name,
                       const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        log_debug("http.header_left_out");
}

static void add_own_headers(struct http_request *r,
                            struct MHD_Response *response)
{
    for (int i = 0; i < r->headers; i++)
        add_header(response, r->header[i].name, r->header[i].value);
}

struct copying {
    const struct http_request *r;
    struct MHD_Response *to;
};

// Copies a header of a shared answer unless the request has one of that name.
static enum MHD_Result copy_header(void *context, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    (void)kind;
    struct copying *c = context;
    for (int i = 0; i < c->r->headers; i++)
        if (str_eq_nocase(str_of(name), str_of(c->r->header[i].name)))
            return MHD_YES;
    add_header(c->to, name, value);
    return MHD_YES;
}

// The owner's last word: CORS and the like.
static void finish(struct http_request *r, int status)
{
    assert(!r->response);
    if (r->face->finish)
        r->face->finish(r, status);
    if (r->must_close || r->is_early ||
        atomic_load_explicit(&r->server->is_stopping, memory_order_relaxed))
        http_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
}

static void settle(struct http_request *r, int status,
                   struct MHD_Response *response, struct str bytes)
{
    r->status = status;
    r->response = response;
    r->bytes = bytes;
    r->sent_bytes = (int64_t)bytes.len;
}

// ---- what to send: all of it, a range, or nothing new ----------------------

static struct str header(const struct http_request *r, const char *name)
{
    return http_request_header(r, name);
}

// The Range header, if it is one that may be followed.
static struct str range_header(const struct http_request *r, const char *etag)
{
    struct str range = header(r, MHD_HTTP_HEADER_RANGE);
    if (range.len == 0 || r->is_head || !str_eq(r->method, STR("GET")))
        return (struct str){0};
    struct str only_if = header(r, MHD_HTTP_HEADER_IF_RANGE);
    if (only_if.len > 0 && !(etag && str_eq(only_if, str_of(etag))))
        return (struct str){0};
    return range;
}

// 200, 206 with *ret, 304 or 416 (RFC 9110 section 13.2.2).
static int choose(const struct http_request *r, const char *etag,
                  bool has_range, int64_t size_bytes, struct range *ret)
{
    *ret = (struct range){0, size_bytes};
    if (etag && (r->is_head || str_eq(r->method, STR("GET")))) {
        struct str list = header(r, MHD_HTTP_HEADER_IF_NONE_MATCH);
        if (list.len > 0 && etag_in_list(list, str_of(etag), false))
            return MHD_HTTP_NOT_MODIFIED;
    }
    if (!has_range)
        return MHD_HTTP_OK;
    switch (range_parse(range_header(r, etag), size_bytes, ret)) {
    case RANGE_NONE:
        return MHD_HTTP_OK;
    case RANGE_ONE:
        return MHD_HTTP_PARTIAL_CONTENT;
    case RANGE_PAST:
        return MHD_HTTP_RANGE_NOT_SATISFIABLE;
    }
    return MHD_HTTP_OK;
}

static void add_content_range(struct http_request *r, const struct range *range,
                              int64_t size_bytes)
{
    char text[80];
    snprintf(text, sizeof text, "bytes %lld-%lld/%lld", (long long)range->from,
             (long long)range->to - 1, (long long)size_bytes);
    http_header(r, MHD_HTTP_HEADER_CONTENT_RANGE, text);
}

static void refuse_range(struct http_request *r, int64_t size_bytes)
{
    char text[40];
    r->headers = 0; // what the handler said of the answer is not true of this
    snprintf(text, sizeof text, "bytes */%lld", (long long)size_bytes);
    http_header(r, MHD_HTTP_HEADER_CONTENT_RANGE, text);
    request_refuse(r, MHD_HTTP_RANGE_NOT_SATISFIABLE, "range_not_satisfiable",
                   "the range starts behind the last byte");
}

// ---- the three kinds of answer ---------------------------------------------

void http_reply(struct http_request *r, int status, const char *type,
                struct str body)
{
    finish(r, status);
    if (!type)
        body.len = 0;
    char *copy = mem_new(body.len + 1, 1);
    if (body.len > 0)
        memcpy(copy, body.ptr, body.len);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, copy, MHD_RESPMEM_MUST_FREE);
    if (!response)
        abort(); // no memory for a few hundred bytes
    if (type)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    add_own_headers(r, response);
    settle(r, status, response, (struct str){copy, body.len});
}

void http_reply_answer(struct http_request *r, struct http_answer *a)
{
    int64_t size_bytes = a->body ? (int64_t)a->body->len : 0;
    struct range range = {0, size_bytes};
    int status = a->status;
    if (status == MHD_HTTP_OK)
        status = choose(r, a->etag, a->has_range, size_bytes, &range);
    if (status == MHD_HTTP_RANGE_NOT_SATISFIABLE) {
        refuse_range(r, size_bytes);
        return;
    }
    if (status == MHD_HTTP_PARTIAL_CONTENT)
        add_content_range(r, &range, size_bytes);
    finish(r, status);
    struct str bytes = {0};
    size_t len = (size_t)(range.to - range.from);
    if (a->body && len > 0)
        bytes = (struct str){(const char *)a->body->bytes + range.from, len};
    r->answer = http_answer_ref(a);
    if (adds_nothing(r, a->whole)) {
        settle(r, status, a->whole, bytes);
        return;
    }
    struct MHD_Response *response =
        answer_response(a->body, (size_t)range.from, len);
    struct copying c = {r, response};
    MHD_get_response_headers(a->whole, copy_header, &c);
    add_own_headers(r, response);
    settle(r, status, response, bytes);
}

void http_reply_file(struct http_request *r, int fd, int64_t len,
                     const char *type, const char *etag)
{
    scoped(fd) int held = fd;
    struct range range;
    int status = choose(r, etag, true, len, &range);
    if (status == MHD_HTTP_RANGE_NOT_SATISFIABLE) {
        refuse_range(r, len);
        return;
    }
    if (status == MHD_HTTP_PARTIAL_CONTENT)
        add_content_range(r, &range, len);
    finish(r, status);
    struct MHD_Response *response;
    if (range.to == range.from)
        response = answer_response(NULL, 0, 0);
    else
        response = MHD_create_response_from_fd_at_offset64(
            (uint64_t)(range.to - range.from), take_fd(&held),
            (uint64_t)range.from);
    if (!response)
        abort(); // no memory for a few hundred bytes
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    add_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    if (etag)
        add_header(response, MHD_HTTP_HEADER_ETAG, etag);
    add_own_headers(r, response);
    settle(r, status, response, (struct str){NULL, 0});
    r->sent_bytes = range.to - range.from;
}

void http_reply_stream(struct http_request *r, const char *type,
                       int64_t step_us, http_more *more)
{
    r->must_close = true; // where it ends is where the connection ends
    finish(r, MHD_HTTP_OK);
    struct MHD_Response *response = stream_response(r, step_us, more);
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    add_own_headers(r, response);
    settle(r, MHD_HTTP_OK, response, (struct str){NULL, 0});
}

// ---- sending ---------------------------------------------------------------

static void count_answer(struct http_request *r)
{
    int hundreds = r->status / 100;
    if (hundreds >= 1 && hundreds <= 5)
        count_add(&r->loop->by_status[hundreds], 1);
    if (r->is_head || r->status == MHD_HTTP_NOT_MODIFIED)
        r->sent_bytes = 0;
    count_add(&r->loop->bytes_sent, r->sent_bytes);
    access_log(r);
}

bool response_send(struct http_request *r)
{
    enum MHD_Result queued =
        MHD_queue_response(r->mhd, (unsigned)r->status, r->response);
    count_answer(r);
    response_done(r);
    r->state = REQUEST_ANSWERED;
    reaper_mark(r->entry, PHASE_REPLY);
    return queued == MHD_YES;
}

static enum MHD_Result write_header(void *context, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
    (void)kind;
    buf_printf(context, "%s: %s\r\n", name, value);
    return MHD_YES;
}

bool response_send_early(struct http_request *r)
{
    scoped(buf) struct buf out;
    buf_init(&out, EARLY_BYTES);
    char date[CLOCK_TEXT_BYTES];
    clock_format_http(clock_wall_us(), date);
    buf_printf(&out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status,
               MHD_get_reason_phrase_for((unsigned)r->status), date);
    MHD_get_response_headers(r->response, write_header, &out);
    // An answer that was made before the body began does not say so yet.
    if (!MHD_get_response_header(r->response, MHD_HTTP_HEADER_CONNECTION))
        buf_text(&out, "Connection: close\r\n");
    buf_printf(&out, "Content-Length: %zu\r\n\r\n", r->bytes.len);
    buf_str(&out, r->bytes);
    count_answer(r);
    response_done(r);
    r->state = REQUEST_LINGERING;
    reaper_mark(r->entry, PHASE_LINGER);
    if (buf_end(&out) != OK)
        return false;
    // Nothing else was written for this request and the socket's buffer is
    // empty, so that what fits into it goes out whole.
    struct str text = buf_view(&out);
    ssize_t sent =
        send(r->entry->fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(r->entry->fd, SHUT_WR);
    return sent == (ssize_t)text.len;
}

void response_done(struct http_request *r)
{
    bool is_shared = r->answer && r->response == r->answer->whole;
    if (r->response && !is_shared)
        MHD_destroy_response(r->response);
    http_answer_unref(r->answer);
    r->answer = NULL;
    r->response = NULL;
}
