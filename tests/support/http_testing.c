// SPDX-License-Identifier: MIT
// http_testing.c - a real server on a free port, and a client on plain sockets.
#include "unit.h"

#include "http_testing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reeld/base/clock.h"

enum { STOP_S = 30, ANSWER_BYTES = 64 * 1024 * 1024 };

// No connection ends for its own silence while a test waits for the end.
#define SILENCE_US (4 * PATIENCE_S * INT64_C(1000000))

static void refuse(struct http_request *r, int status, const char *code,
                   const char *detail)
{
    char text[512];
    snprintf(text, sizeof text, "%s: %s\n", code, detail);
    http_reply(r, status, "text/plain", str_of(text));
}

struct http_options http_test_options(const struct http_route *routes,
                                      size_t count, void *context)
{
    return (struct http_options){
        .listen = "127.0.0.1:0",
        .listen_fd = -1,
        .threads = 2,
        .connections = 400,
        .json_limit_bytes = 1024,
        .idle_us = SILENCE_US,
        .header_limit_bytes = 8192,
        .header_us = SILENCE_US,
        .least_bytes_per_s = 1024,
        .parked_max = 350,
        .faces = 1,
        .face[0] = {.prefix = "",
                    .routes = routes,
                    .route_count = count,
                    .context = context,
                    .refuse = refuse},
    };
}

struct http_server *http_test_start(const struct http_options *o)
{
    struct http_server *s = NULL;
    assert_int_equal(http_start(o, &s), OK);
    return s;
}

void http_test_stop(struct http_server *s)
{
    http_stop(s, clock_now_us() + STOP_S * INT64_C(1000000));
}

struct client client_open(const struct http_server *s)
{
    struct client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(s)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_true(c.fd >= 0);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
    buf_init(&c.in, ANSWER_BYTES);
    return c;
}

void client_close(struct client *c)
{
    close(c->fd);
    buf_done(&c->in);
}

void client_send_bytes(struct client *c, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t sent = send(c->fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; // the server closed: the reply says why
        at += sent;
        len -= (size_t)sent;
    }
}

void client_send(struct client *c, const char *text)
{
    client_send_bytes(c, text, strlen(text));
}

// More bytes into the buffer. False at the end of the stream.
static bool receive(struct client *c)
{
    char bytes[65536];
    struct pollfd p = {c->fd, POLLIN, 0};
    assert_int_equal(poll(&p, 1, PATIENCE_S * 1000), 1);
    ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
    if (got <= 0)
        return false;
    buf_add(&c->in, bytes, (size_t)got);
    return true;
}

bool client_is_closed(struct client *c)
{
    char bytes[65536];
    struct pollfd p = {c->fd, POLLIN, 0};
    while (poll(&p, 1, PATIENCE_S * 1000) == 1)
        if (recv(c->fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}

const char *reply_header(const struct reply *r, const char *name, char *to,
                         size_t to_bytes)
{
    struct str rest = str_of(r->head);
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str found = str_cut(&line, ':');
        if (line.ptr && str_eq_nocase(found, str_of(name))) {
            if (line.len > 0 && line.ptr[line.len - 1] == '\r')
                line.len--;
            str_copy(to, to_bytes, str_trim(line));
            return to;
        }
    }
    return NULL;
}

struct reply client_read(struct client *c, bool has_body)
{
    struct reply r = {0};
    const char *end = NULL;
    while (!end) {
        if (c->in.len > c->at)
            end = memmem(c->in.bytes + c->at, c->in.len - c->at, "\r\n\r\n", 4);
        if (!end && !receive(c))
            return r;
    }
    const char *start = (const char *)c->in.bytes + c->at;
    size_t head = (size_t)(end - start) + 2;
    assert_true(head < sizeof r.head);
    memcpy(r.head, start, head);
    r.status = atoi(r.head + strlen("HTTP/1.1 "));
    c->at += head + 2;
    char text[32];
    size_t len = 0;
    if (has_body && reply_header(&r, "Content-Length", text, sizeof text))
        len = (size_t)atoll(text);
    if (r.status == 304 || r.status == 204 || r.status == 100)
        len = 0;
    while (c->in.len - c->at < len)
        if (!receive(c))
            return (struct reply){0};
    r.body = (struct str){(const char *)c->in.bytes + c->at, len};
    c->at += len;
    return r;
}

struct reply client_ask(struct client *c, const char *request)
{
    client_send(c, request);
    return client_read(c, strncmp(request, "HEAD ", 5) != 0);
}

struct reply client_get(struct client *c, const char *path, const char *more)
{
    char request[16384];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n",
             path, more);
    return client_ask(c, request);
}
