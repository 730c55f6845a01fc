// SPDX-License-Identifier: MIT
// fetch_canary.c - one thread, one connection at a time.
#include "fetch_canary.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "unit.h"

enum { REQUEST_BYTES = 8192, HANGING_MAX = 16 };

struct canary {
    int fd, port, stop[2];
    pthread_t thread;
    atomic_int visits;
    pthread_mutex_t lock;
    char *answer;
    bool is_hanging;
    char request[REQUEST_BYTES];
    int hanging[HANGING_MAX], hanging_count; // the thread's alone
};

static const char usual[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"
                            "Connection: close\r\n\r\ncanary";

static void read_request(struct canary *c, int fd)
{
    char text[REQUEST_BYTES];
    size_t len = 0;
    while (len < sizeof(text) - 1) {
        ssize_t got = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n"))
            break;
    }
    text[len] = '\0';
    HOLD(&c->lock);
    memcpy(c->request, text, len + 1);
}

// A copy: one who hangs up early has the next answer set while this is sent.
static char *answer_of(struct canary *c, bool *ret_is_hanging)
{
    HOLD(&c->lock);
    *ret_is_hanging = c->is_hanging;
    return mem_text(c->answer ? c->answer : usual);
}

static void serve(struct canary *c, int fd)
{
    atomic_fetch_add(&c->visits, 1);
    read_request(c, fd);
    bool is_hanging;
    scoped(mem) char *answer = answer_of(c, &is_hanging);
    if (is_hanging && c->hanging_count < HANGING_MAX) {
        c->hanging[c->hanging_count++] = fd;
        return;
    }
    // Whoever hangs up meanwhile is what some tests are about.
    (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    char rest[512];
    while (recv(fd, rest, sizeof(rest), 0) > 0)
        continue;
    fd_close(fd);
}

static void *run(void *argument)
{
    struct canary *c = argument;
    for (;;) {
        struct pollfd polled[2] = {
            {c->fd,      POLLIN, 0},
            {c->stop[0], POLLIN, 0}
        };
        poll(polled, 2, -1);
        if (polled[1].revents)
            return NULL;
        int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(c, fd);
    }
}

static bool listen_on(struct canary *c, const char *address, int port)
{
    struct sockaddr_storage place = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&place;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place;
    socklen_t len = sizeof(*v4);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
    } else {
        assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        len = sizeof(*v6);
    }
    c->fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    if (bind(c->fd, (struct sockaddr *)&place, len) != 0)
        return false;
    assert_int_equal(listen(c->fd, 16), 0);
    assert_int_equal(getsockname(c->fd, (struct sockaddr *)&place, &len), 0);
    c->port = ntohs(v4->sin_port); // at the same place in both
    return true;
}

struct canary *canary_new(const char *address, int port)
{
    struct canary *c = NEW(struct canary);
    if (!listen_on(c, address, port)) {
        fd_close(c->fd);
        free(c);
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    assert_int_equal(pipe(c->stop), 0);
    c->thread = thread_start("canary", ROLE_ANY, run, c);
    return c;
}

void canary_free(struct canary *c)
{
    if (!c)
        return;
    assert_int_equal(write(c->stop[1], "", 1), 1);
    pthread_join(c->thread, NULL);
    for (int i = 0; i < c->hanging_count; i++)
        fd_close(c->hanging[i]);
    fd_close(c->fd);
    fd_close(c->stop[0]);
    fd_close(c->stop[1]);
    free(c->answer);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int canary_port(const struct canary *c)
{
    return c->port;
}

int canary_visits(struct canary *c)
{
    return atomic_load(&c->visits);
}

const char *canary_request(struct canary *c)
{
    HOLD(&c->lock);
    return c->request;
}

void canary_answer(struct canary *c, const char *bytes)
{
    HOLD(&c->lock);
    free(c->answer);
    c->answer = bytes ? mem_text(bytes) : NULL;
    c->is_hanging = false;
}

void canary_hang(struct canary *c)
{
    HOLD(&c->lock);
    c->is_hanging = true;
}

void canary_reset(struct canary *c)
{
    canary_answer(c, NULL);
    atomic_store(&c->visits, 0);
}
