// SPDX-License-Identifier: MIT
// loop.c - one thread that runs a libmicrohttpd daemon of its own.
//
// The library could make the thread itself, or a pool of them. Neither is used:
// - Where epoll tells exactly 128 events, version 0.9.75 waits for more before
//   it works on these, without an end if nothing else happens. Driven from
//   outside it never waits.
// - MHD_quiesce_daemon() is safe only in the thread that runs the daemon.
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dispatch.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "request.h"

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
        loop->has_room = true;
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
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, dispatch_call, loop,                         //
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

// How long the daemon may be left alone: ms, -1 until something happens. At its
// limit it does not listen; that a connection has ended it sees in the next
// turn only.
static int patience_of(const struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (loop->has_room)
        return 0;
    if (MHD_get_timeout(loop->daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

// Before connections are accepted: or one that came in between would wait.
static void follow_server(struct loop *loop, bool *is_quiet)
{
    uint64_t ignored;
    if (read(loop->wake_fd, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
        log_error("http.wake error=%d", errno);
    if (atomic_load(&loop->server->is_stopping) && !*is_quiet) {
        MHD_quiesce_daemon(loop->daemon);
        *is_quiet = true;
    }
}

static void *run(void *argument)
{
    struct loop *loop = argument;
    int events =
        MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd polled[2] = {
        {events,        POLLIN, 0},
        {loop->wake_fd, POLLIN, 0}
    };
    bool is_quiet = false;
    while (!atomic_load(&loop->is_ending)) {
        poll(polled, 2, patience_of(loop));
        if (polled[1].revents)
            follow_server(loop, &is_quiet);
        loop->has_room = false;
        MHD_run(loop->daemon);
    }
    // Or the library closes the socket that all loops share.
    if (!is_quiet)
        MHD_quiesce_daemon(loop->daemon);
    return NULL;
}

enum err loop_start(struct loop *loop)
{
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        return fail_errno(ERR_IO, "eventfd");
    loop->daemon = start_daemon(loop);
    if (!loop->daemon)
        return fail_errno(ERR_IO, "start the HTTP server");
    loop->thread = thread_start("http", ROLE_HTTP, run, loop);
    return OK;
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    if (write(loop->wake_fd, &one, sizeof one) < 0)
        log_error("http.wake error=%d", errno);
}

void loop_stop(struct loop *loop)
{
    if (loop->daemon) {
        atomic_store(&loop->is_ending, true);
        loop_wake(loop);
        pthread_join(loop->thread, NULL);
        MHD_stop_daemon(loop->daemon);
    }
    fd_close(loop->wake_fd);
}
