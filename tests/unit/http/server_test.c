// SPDX-License-Identifier: MIT
// server_test.c - starting, sockets that are handed over, and stopping.
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_testing.h"
#include "reeld/base/clock.h"
#include "reeld/base/thread.h"

static void fine(struct http_request *r)
{
    http_reply(r, 200, "text/plain", STR("fine"));
}

static enum err take_name(struct http_request *r, struct str name,
                          struct str value)
{
    (void)r;
    (void)name;
    (void)value;
    return OK;
}

static enum err take_bytes(struct http_request *r, const void *bytes,
                           size_t len)
{
    (void)r;
    (void)bytes;
    (void)len;
    return OK;
}

static enum err take_end(struct http_request *r)
{
    (void)r;
    return OK;
}

static const struct http_upload upload = {take_name, take_name, take_bytes,
                                          take_end};
static const struct http_route routes[] = {
    {"GET",  "/", fine, NULL,    0},
    {"POST", "/", fine, &upload, 0},
};

static struct http_options options(void)
{
    return http_test_options(routes, sizeof routes / sizeof *routes, NULL);
}

static void addresses_that_cannot_be_had_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "127.0.0.1", "127.0.0.1:",      ":x",
        "[::1:80", "::1:80",    "127.0.0.1:65536", "127.0.0.1:-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_options o = options();
        struct http_server *s = NULL;
        o.listen = bad[i];
        assert_int_not_equal(http_start(&o, &s), OK);
        assert_null(s);
        assert_non_null(strstr(fail_text(), "listen"));
    }
    struct http_options o = options();
    struct http_server *first = http_test_start(&o);
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%d", http_port(first));
    o.listen = taken;
    struct http_server *s = NULL;
    assert_int_equal(http_start(&o, &s), ERR_IO);
    assert_non_null(strstr(fail_text(), taken));
    http_test_stop(first);
    // At once: connections that are only fading away do not hold the port.
    assert_int_equal(http_start(&o, &s), OK);
    http_test_stop(s);
}

static void a_socket_may_be_handed_over(void **state)
{
    (void)state;
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct http_options o = options();
    struct http_server *s = NULL;
    o.listen_fd = fd;
    assert_int_equal(http_start(&o, &s), ERR_BAD_INPUT); // does not listen
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(fd, 8), 0);
    int kept = dup(fd); // as systemd does
    assert_int_equal(http_start(&o, &s), OK);
    struct client c = client_open(s);
    assert_int_equal(client_get(&c, "/", "").status, 200);
    client_close(&c);
    http_test_stop(s);
    // The other holder's socket still listens, for the next server.
    o.listen_fd = kept;
    assert_int_equal(http_start(&o, &s), OK);
    c = client_open(s);
    assert_int_equal(client_get(&c, "/", "").status, 200);
    client_close(&c);
    http_test_stop(s);
}

static void ipv6_is_served(void **state)
{
    (void)state;
    struct http_options o = options();
    struct http_server *s = NULL;
    o.listen = "[::1]:0";
    if (http_start(&o, &s) != OK)
        skip(); // a machine without IPv6
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)http_port(s)),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct client c = {.fd = socket(AF_INET6, SOCK_STREAM, 0)};
    buf_init(&c.in, 1 << 20);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(client_get(&c, "/", "").status, 200);
    client_close(&c);
    http_test_stop(s);
}

static void *finish_upload(void *argument)
{
    usleep(100000);
    client_send(argument, "lo");
    return NULL;
}

// What is under way is answered, and says that no more will be.
static void stopping_waits_for_answers(void **state)
{
    (void)state;
    struct http_options o = options();
    struct http_server *s = http_test_start(&o);
    struct client idle = client_open(s);
    assert_int_equal(client_get(&idle, "/", "").status, 200);
    struct client c = client_open(s);
    client_send(&c,
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
    while (http_counts(s).requests < 2)
        usleep(1000);
    pthread_t late = thread_start("late", ROLE_ANY, finish_upload, &c);
    http_stop(s, clock_now_us() + PATIENCE_S * INT64_C(1000000));
    pthread_join(late, NULL);
    struct reply r = client_read(&c, true);
    assert_int_equal(r.status, 200);
    char text[16];
    assert_string_equal(reply_header(&r, "Connection", text, sizeof text),
                        "close");
    assert_true(client_is_closed(&idle));
    client_close(&idle);
    client_close(&c);
}

static void stopping_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct http_options o = options();
    struct http_server *s = http_test_start(&o);
    struct client c = client_open(s);
    client_send(&c,
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
    while (http_counts(s).requests < 1)
        usleep(1000);
    http_stop(s, clock_now_us() + 100000);
    assert_true(client_is_closed(&c));
    client_close(&c);
}

static void *hammer(void *argument)
{
    struct client *c = argument;
    char bytes[4096];
    do
        client_send(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    while (recv(c->fd, bytes, sizeof bytes, 0) > 0);
    return NULL;
}

static void stopping_under_load_is_clean(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        enum { THREADS = 4 };
        struct http_options o = options();
        struct http_server *s = http_test_start(&o);
        struct client c[THREADS];
        pthread_t thread[THREADS];
        for (int i = 0; i < THREADS; i++) {
            c[i] = client_open(s);
            thread[i] = thread_start("hammer", ROLE_ANY, hammer, &c[i]);
        }
        while (http_counts(s).requests < 50)
            usleep(500);
        http_test_stop(s);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
            client_close(&c[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_cannot_be_had_are_told),
        cmocka_unit_test(a_socket_may_be_handed_over),
        cmocka_unit_test(ipv6_is_served),
        cmocka_unit_test(stopping_waits_for_answers),
        cmocka_unit_test(stopping_does_not_wait_for_ever),
        cmocka_unit_test(stopping_under_load_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
