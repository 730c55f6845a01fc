// SPDX-License-Identifier: MIT
// server.c - starts and stops libmicrohttpd, and counts.
//
// Each thread runs a libmicrohttpd daemon of its own on the one listening
// socket, which is what its thread pool does inside. Its pool is not used
// because MHD_quiesce_daemon() on one may abort when a thread of the pool wakes
// at that moment; a daemon of one thread can be quieted by that thread itself.
#include "server.h"

#include <assert.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dispatch.h"
#include "listen.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/hash.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "request.h"

enum {
    LINGER_US = 5000000,
    BODY_WINDOW_US = 20000000,
    REPLY_WINDOW_US = 30000000,
    STOP_POLL_US = 5000,
    QUIET_POLL_US = 100,
};

static void on_connection(void *context, struct MHD_Connection *mhd,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct loop *loop = context;
    struct reaper *reaper = loop->server->reaper;
    struct connection *c = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        reaper_remove(reaper, &c->entry);
        free(c);
        return;
    }
    c = NEW(struct connection);
    *socket_context = c;
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)
                 ->connect_fd;
    const struct sockaddr *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    reaper_add(reaper, &c->entry, fd, address);
}

// Paths are decoded by uri.c, part by part; here they stay as they are.
static size_t leave_escaped(void *context, struct MHD_Connection *mhd,
                            char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context,
                                                         const char *format,
                                                         va_list arguments)
{
    (void)context;
    if (log_get_level() < LOG_DEBUG)
        return;
    char text[LOG_QUOTED_BYTES];
    char quoted[LOG_QUOTED_BYTES];
    vsnprintf(text, sizeof text, format, arguments);
    log_debug("http.library text=%s",
              log_quote(str_trim(str_of(text)), quoted));
}

static struct MHD_Daemon *start_daemon(struct loop *loop)
{
    const struct http_server *s = loop->server;
    unsigned connections =
        (unsigned)((s->options.connections + s->loops - 1) / s->loops);
    // A head may take half of a connection's memory; there is little to zero
    // behind each request (http-facts.md, section 2).
    size_t memory = 2 * (size_t)s->options.header_limit_bytes;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, dispatch_call, loop,                //
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,          //
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd,            //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,        //
        MHD_OPTION_CONNECTION_LIMIT, connections,          //
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, //
        MHD_OPTION_URI_LOG_CALLBACK, dispatch_line, loop,  //
        MHD_OPTION_NOTIFY_COMPLETED, dispatch_end, loop,   //
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop, //
        MHD_OPTION_END);
}

// The library's threads inherit the signal mask: all blocked, as in ours.
static enum err start_loops(struct http_server *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum err result = OK;
    for (int i = 0; i < s->options.threads && result == OK; i++) {
        struct loop *loop = &s->loop[i];
        loop->daemon = start_daemon(loop);
        if (!loop->daemon)
            result = fail_errno(ERR_IO, "start the HTTP server");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

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

static void pause_us(int64_t us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

void server_quiet(struct loop *loop)
{
    int expected = LOOP_LOUD;
    if (atomic_compare_exchange_strong(&loop->quiet, &expected,
                                       LOOP_TURNING_QUIET)) {
        MHD_quiesce_daemon(loop->daemon);
        atomic_store(&loop->quiet, LOOP_QUIET);
    }
    while (atomic_load(&loop->quiet) != LOOP_QUIET)
        pause_us(QUIET_POLL_US);
}

// The daemons first: their threads use all the rest.
static void tear_down(struct http_server *s)
{
    for (int i = 0; i < s->loops; i++)
        if (s->loop[i].daemon) {
            // Or libmicrohttpd closes the socket that all of them share.
            server_quiet(&s->loop[i]);
            MHD_stop_daemon(s->loop[i].daemon);
        }
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
    enum err e = start_loops(s);
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
    // A loop that is at work quiets itself with its next request, a loop that
    // sleeps is safe to quiet from here.
    if (in_flight(s) > 0)
        pause_us(STOP_POLL_US);
    for (int i = 0; i < s->loops; i++)
        server_quiet(&s->loop[i]);
    while (in_flight(s) > 0 && clock_now_us() < deadline_us)
        pause_us(STOP_POLL_US);
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
