// SPDX-License-Identifier: MIT
// answer.c - finished responses that many requests share.
#include "answer.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "reeld/base/mem.h"

// libmicrohttpd allocates about this much beside the body.
enum { OVERHEAD_BYTES = 1024 };

static void release_blob(void *blob)
{
    blob_unref(blob);
}

// The library only reads a buffer, but its type does not say so.
static void *without_const(const uint8_t *bytes)
{
    return (void *)(uintptr_t)bytes;
}

struct MHD_Response *answer_response(struct blob *body, size_t from, size_t len)
{
    static const uint8_t nothing[1];
    struct MHD_Response *response;
    if (!body || len == 0)
        response = MHD_create_response_from_buffer(0, without_const(nothing),
                                                   MHD_RESPMEM_PERSISTENT);
    else
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            len, without_const(body->bytes + from), release_blob,
            blob_ref(body));
    if (!response)
        abort(); // no memory for a few hundred bytes
    return response;
}

static void add(struct MHD_Response *response, const char *name,
                const char *value)
{
    // What an answer is made with comes from our own tables.
    if (value && MHD_add_response_header(response, name, value) != MHD_YES)
        abort();
}

struct http_answer *http_answer_new(const struct http_answer_options *o,
                                    struct blob *body)
{
    struct http_answer *a = NEW(struct http_answer);
    atomic_init(&a->holders, 1);
    a->status = o->status;
    a->has_range = o->has_range;
    a->body = body ? blob_ref(body) : NULL;
    a->etag = o->etag ? mem_text(o->etag) : NULL;
    a->whole = answer_response(body, 0, body ? body->len : 0);
    add(a->whole, MHD_HTTP_HEADER_CONTENT_TYPE, o->type);
    add(a->whole, MHD_HTTP_HEADER_ETAG, o->etag);
    add(a->whole, MHD_HTTP_HEADER_CACHE_CONTROL, o->cache_control);
    add(a->whole, MHD_HTTP_HEADER_CONTENT_ENCODING, o->encoding);
    if (o->has_range)
        add(a->whole, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    for (const char *const *h = o->headers; h && h[0]; h += 2)
        add(a->whole, h[0], h[1]);
    return a;
}

struct http_answer *http_answer_ref(struct http_answer *a)
{
    atomic_fetch_add_explicit(&a->holders, 1, memory_order_relaxed);
    return a;
}

void http_answer_unref(struct http_answer *a)
{
    if (!a ||
        atomic_fetch_sub_explicit(&a->holders, 1, memory_order_acq_rel) > 1)
        return;
    MHD_destroy_response(a->whole);
    blob_unref(a->body);
    free(a->etag);
    free(a);
}

size_t http_answer_bytes(const struct http_answer *a)
{
    return (a->body ? a->body->len : 0) + OVERHEAD_BYTES;
}
