// SPDX-License-Identifier: MIT
// server.c - starts and stops its loops, and counts.
#include "server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "listen.h"
#include "loop.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/hash.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum {
    LINGER_US = 5000000,
    BODY_WINDOW_US = 20000000,
    REPLY_WINDOW_US = 30000000,
    STOP_POLL_US = 5000,
};

static struct reaper_limits limits_of(const struct http_options *o)
{
    return (struct reaper_limits){
        .connections = o->connections,
        .per_address = o->connections_per_address,
        .header_us = o->header_us,
        .idle_us = o->idle_us,
        .linger_us = LINGER_US,
        .least_bytes_per_s = o->least_bytes_per_s,
        .body_window_us = BODY_WINDOW_US,
        .reply_window_us = REPLY_WINDOW_US,
    };
}

// The loops first: they use all the rest.
static void tear_down(struct http_server *s)
{
    for (int i = 0; i < s->loops; i++)
        loop_stop(&s->loop[i]);
    fd_close(s->listen_fd);
    park_free(s->park);
    reaper_free(s->reaper);
    for (size_t i = 0; i < s->options.faces; i++)
        router_free(s->router[i]);
    free(s->loop);
    free(s);
}

static struct loop *new_loops(struct http_server *s)
{
    size_t bytes = sizeof(struct loop) * (size_t)s->loops;
    struct loop *loops = aligned_alloc(alignof(struct loop), bytes);
    if (!loops)
        abort(); // no memory for a few hundred bytes
    memset(loops, 0, bytes);
    for (int i = 0; i < s->loops; i++) {
        loops[i].server = s;
        loops[i].wake_fd = -1;
        random_bytes(&loops[i].next_id, sizeof loops[i].next_id);
    }
    return loops;
}

enum err http_start(const struct http_options *o, struct http_server **ret)
{
    assert(o->threads >= 1 && o->faces >= 1 && o->faces <= HTTP_FACES_MAX);
    assert(o->face[o->faces - 1].prefix[0] == '\0');
    scoped(fd) int fd = -1;
    if (o->listen_fd >= 0) {
        TRY(listen_adopt(o->listen_fd));
        fd = o->listen_fd;
    } else {
        TRY(listen_open(o->listen, &fd));
    }
    struct http_server *s = NEW(struct http_server);
    s->options = *o;
    s->listen_fd = take_fd(&fd);
    s->port = listen_name(s->listen_fd, s->listen_text, sizeof s->listen_text);
    struct reaper_limits limits = limits_of(o);
    for (size_t i = 0; i < o->faces; i++)
        s->router[i] = router_new(o->face[i].routes, o->face[i].route_count);
    s->park = park_new(o->parked_max);
    s->reaper = reaper_new(&limits);
    s->loops = o->threads;
    s->loop = new_loops(s);
    park_start(s->park);
    reaper_start(s->reaper);
    enum err e = OK;
    for (int i = 0; i < s->loops && e == OK; i++)
        e = loop_start(&s->loop[i]);
    if (e != OK) {
        park_stop(s->park);
        tear_down(s);
        return e;
    }
    *ret = s;
    return OK;
}

int http_port(const struct http_server *s)
{
    return s->port;
}

static int64_t in_flight(const struct http_server *s)
{
    int64_t sum = 0;
    for (int i = 0; i < s->loops; i++)
        sum +=
            atomic_load_explicit(&s->loop[i].in_flight, memory_order_acquire);
    return sum;
}

void http_stop(struct http_server *s, int64_t deadline_us)
{
    if (!s)
        return;
    atomic_store(&s->is_stopping, true);
    park_stop(s->park);
    for (int i = 0; i < s->loops; i++)
        loop_wake(&s->loop[i]);
    while (in_flight(s) > 0 && clock_now_us() < deadline_us)
        clock_sleep_us(STOP_POLL_US);
    tear_down(s);
}

struct http_counts http_counts(const struct http_server *s)
{
    struct http_counts c = {0};
    for (int l = 0; l < s->loops; l++) {
        struct loop *loop = &s->loop[l];
        c.requests += atomic_load(&loop->requests);
        c.bytes_sent += atomic_load(&loop->bytes_sent);
        c.bytes_received += atomic_load(&loop->bytes_received);
        for (int i = 0; i < 6; i++)
            c.by_status[i] += atomic_load(&loop->by_status[i]);
    }
    c.connections = reaper_connections(s->reaper);
    c.parked = park_count(s->park);
    return c;
}
