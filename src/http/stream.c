// SPDX-License-Identifier: MIT
// stream.c - an answer without an end that is known: its writer is asked again
// and again, and between two times the request is parked, so that no thread
// waits with it.
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "request.h"

enum { STREAM_PART_BYTES = 1 << 20 };

struct stream {
    struct http_request *request;
    http_more *more;
    int64_t step_us;
    struct buf part; // what is to be sent
    size_t sent;
    bool is_parked, is_over;
};

// Parked until the next step. False: there is no room, or the server stops.
static bool wait_a_step(struct stream *s)
{
    struct http_request *r = s->request;
    if (atomic_load_explicit(&r->server->is_stopping, memory_order_relaxed))
        return false;
    r->slot.mhd = r->mhd;
    r->slot.loop = r->loop;
    r->slot.fd = r->entry->fd;
    r->slot.deadline_us = clock_now_us() + s->step_us;
    r->slot.gone = r->gone;
    r->slot.state = r->own;
    reaper_mark(r->entry, PHASE_BUSY);
    struct http_ticket *t = park_wait(r->server->park, &r->slot);
    if (!t)
        return false;
    http_drop(t); // nobody wakes it: its deadline does
    s->is_parked = true;
    return true;
}

static void next_part(struct stream *s)
{
    buf_done(&s->part);
    buf_init(&s->part, STREAM_PART_BYTES);
    s->sent = 0;
    s->is_over = !s->more(s->request->own, &s->part) || buf_end(&s->part) != OK;
}

static ssize_t read_stream(void *context, uint64_t at, char *to, size_t most)
{
    (void)at;
    struct stream *s = context;
    if (s->is_parked && s->request->slot.outcome == PARK_GONE)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    s->is_parked = false;
    if (s->sent == s->part.len && !s->is_over)
        next_part(s);
    size_t len =
        (size_t)min_i64((int64_t)most, (int64_t)(s->part.len - s->sent));
    if (len == 0) {
        bool goes_on = !s->is_over && wait_a_step(s);
        return goes_on ? 0 : MHD_CONTENT_READER_END_OF_STREAM;
    }
    memcpy(to, s->part.bytes + s->sent, len);
    s->sent += len;
    reaper_mark(s->request->entry, PHASE_REPLY);
    return (ssize_t)len;
}

static void free_stream(void *context)
{
    struct stream *s = context;
    buf_done(&s->part);
    free(s);
}

struct MHD_Response *stream_response(struct http_request *r, int64_t step_us,
                                     http_more *more)
{
    enum { BLOCK_BYTES = 16 << 10 };
    struct stream *s = NEW(struct stream);
    *s = (struct stream){.request = r, .more = more, .step_us = step_us};
    buf_init(&s->part, STREAM_PART_BYTES);
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, s, free_stream);
    if (!response)
        abort(); // no memory for a few hundred bytes
    return response;
}
