// SPDX-License-Identifier: MIT
// hostile_test.c - smuggled requests, malformed ones, slow and many clients.
#include "unit.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_testing.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/http/reaper.h"

static atomic_int *smuggled_count(struct http_request *r)
{
    return http_request_context(r);
}

static void fine(struct http_request *r)
{
    http_reply(r, 200, "text/plain", STR("fine"));
}

static void smuggled(struct http_request *r)
{
    atomic_fetch_add(smuggled_count(r), 1);
    fine(r);
}

static const struct http_route routes[] = {
    {"GET",  "/",         fine,     NULL, 0},
    {"POST", "/",         fine,     NULL, 0},
    {"GET",  "/smuggled", smuggled, NULL, 0},
};

static atomic_int count_of_smuggled;

static int start(void **state)
{
    struct http_options o = http_test_options(
        routes, sizeof routes / sizeof *routes, &count_of_smuggled);
    *state = http_test_start(&o);
    return 0;
}

static int stop(void **state)
{
    http_test_stop(*state);
    return 0;
}

// SEC-09: a 400, a close, and nothing behind it runs.
static void smuggling_is_refused(void **state)
{
    static const char *const heads[] = {
        "Content-Length: 0\r\nContent-Length: 40\r\n",
        "Content-Length: 40\r\nContent-Length: 0\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \013chunked\r\n",
        "Content-Length : 3\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: 3,3\r\n",
        "Content-Length: 0x3\r\n",
        "Host: other\r\n",
        "X\x01Y: 1\r\n",
        "X: a\x01\r\n",
        "X Y: 1\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char request[1024];
        struct client c = client_open(*state);
        snprintf(request, sizeof request,
                 "POST / HTTP/1.1\r\nHost: h\r\n%s\r\n"
                 "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
                 heads[i]);
        struct reply r = client_ask(&c, request);
        if (r.status != 400)
            print_error("%d: %s", r.status, heads[i]);
        assert_int_equal(r.status, 400);
        assert_true(client_is_closed(&c));
        client_close(&c);
    }
    struct client c = client_open(*state);
    assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n\r\n").status, 400);
    client_close(&c);
    c = client_open(*state);
    assert_int_equal(client_ask(&c, "POST / HTTP/1.0\r\n"
                                    "Transfer-Encoding: chunked\r\n\r\n")
                         .status,
                     400);
    client_close(&c);
    assert_int_equal(atomic_load(&count_of_smuggled), 0);
}

// SEC-11: a 4xx, 501, 505 or a close, soon; and the next client is served.
static void malformed_requests_are_answered_or_closed(void **state)
{
    static const char *const requests[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: h\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1 x\r\nHost: h\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n no colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h i\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: "
        "99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "zz\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "ffffffffffffffffff\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n",
        "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
        "PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n",
        "G\xc3\xa4T / HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct client c = client_open(*state);
        client_send(&c, requests[i]);
        shutdown(c.fd, SHUT_WR);
        struct reply r = client_read(&c, true);
        bool is_client_error = r.status >= 400 && r.status < 500;
        if (r.status != 0 && !is_client_error && r.status != 501 &&
            r.status != 505)
            print_error("%d: %s\n", r.status, requests[i]);
        assert_true(r.status == 0 || is_client_error || r.status == 501 ||
                    r.status == 505);
        client_close(&c);
        c = client_open(*state);
        assert_int_equal(client_get(&c, "/", "").status, 200);
        client_close(&c);
    }
}

static void oversized_headers_are_refused(void **state)
{
    char more[32768];
    snprintf(more, sizeof more, "X: %7000s\r\n", "x");
    struct client c = client_open(*state);
    assert_int_equal(client_get(&c, "/", more).status, 200);
    client_close(&c);
    c = client_open(*state);
    char *request = mem_new(1, 70000);
    strcpy(request, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(request + strlen(request), 'x', 60000);
    client_send(&c, request);
    struct reply r = client_read(&c, true);
    assert_true(r.status == 431 || r.status == 0);
    client_close(&c);
    c = client_open(*state);
    strcpy(request, "GET /");
    memset(request + 5, 'x', 60000);
    request[60005] = '\0';
    client_send(&c, request);
    r = client_read(&c, true);
    assert_true(r.status == 414 || r.status == 0);
    client_close(&c);
    free(request);
    c = client_open(*state);
    more[0] = '\0';
    for (int i = 0; i < 98; i++)
        strcat(more, "X: 1\r\n");
    assert_int_equal(client_get(&c, "/", more).status, 200);
    strcat(more, "X: 1\r\nX: 1\r\n");
    assert_int_equal(client_get(&c, "/", more).status, 400);
    client_close(&c);
}

static void silent_and_slow_headers_are_cut_off(void **state)
{
    (void)state;
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof *routes, NULL);
    o.header_us = 300000;
    o.idle_us = 300000;
    struct http_server *s = http_test_start(&o);
    struct client silent = client_open(s);
    struct client begun = client_open(s);
    client_send(&begun, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    struct client idle = client_open(s);
    assert_int_equal(client_get(&idle, "/", "").status, 200);
    struct client good = client_open(s);
    for (int i = 0; i < 12; i++) {
        client_send(&begun, "x");
        assert_int_equal(client_get(&good, "/", "").status, 200);
        usleep(100000);
    }
    assert_true(client_is_closed(&silent));
    assert_true(client_is_closed(&begun));
    assert_true(client_is_closed(&idle));
    assert_int_equal(client_get(&good, "/", "").status, 200);
    client_close(&silent);
    client_close(&begun);
    client_close(&idle);
    client_close(&good);
    http_test_stop(s);
}

static void an_address_has_only_so_many_connections(void **state)
{
    (void)state;
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof *routes, NULL);
    o.connections_per_address = 3;
    struct http_server *s = http_test_start(&o);
    struct client c[4];
    for (int i = 0; i < 3; i++) {
        c[i] = client_open(s);
        assert_int_equal(client_get(&c[i], "/", "").status, 200);
    }
    c[3] = client_open(s);
    assert_true(client_is_closed(&c[3]));
    client_close(&c[3]);
    assert_int_equal(client_get(&c[0], "/", "").status, 200);
    client_close(&c[0]);
    while (http_counts(s).connections > 2)
        usleep(1000);
    c[0] = client_open(s);
    assert_int_equal(client_get(&c[0], "/", "").status, 200);
    for (int i = 0; i < 3; i++)
        client_close(&c[i]);
    http_test_stop(s);
}

// F14: past its limit libmicrohttpd accepts nobody; those who have asked for
// nothing make room before that.
static void a_crowd_of_silent_clients_makes_room(void **state)
{
    (void)state;
    enum { CROWD = 120 };
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof *routes, NULL);
    o.connections = 40;
    struct http_server *s = http_test_start(&o);
    struct client good = client_open(s);
    assert_int_equal(client_get(&good, "/", "").status, 200);
    struct client c[CROWD];
    for (int i = 0; i < CROWD; i++) {
        c[i] = client_open(s);
        client_send(&c[i], "GET / HT");
    }
    struct client late = client_open(s);
    assert_int_equal(client_get(&late, "/", "").status, 200);
    assert_int_equal(client_get(&good, "/", "").status, 200);
    assert_true(http_counts(s).connections <= 40);
    for (int i = 0; i < CROWD; i++)
        client_close(&c[i]);
    client_close(&late);
    client_close(&good);
    http_test_stop(s);
}

// ---- the reaper by itself, with a clock of its own -------------------------

struct pair {
    int ours, theirs;
};

static struct pair open_pair(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof any;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&any, &len);
    struct pair p = {.theirs = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(connect(p.theirs, (struct sockaddr *)&any, sizeof any), 0);
    p.ours = accept(listener, NULL, NULL);
    assert_true(p.ours >= 0);
    close(listener);
    return p;
}

static bool is_shut(struct pair p)
{
    char byte;
    return recv(p.theirs, &byte, 1, MSG_DONTWAIT) == 0;
}

static void close_pair(struct pair p)
{
    close(p.ours);
    close(p.theirs);
}

enum { SECOND = 1000000 };

static struct reaper *test_reaper(void)
{
    struct reaper_limits limits = {
        .connections = 1000,
        .header_us = 10 * SECOND,
        .idle_us = 15 * SECOND,
        .linger_us = 2 * SECOND,
        .least_bytes_per_s = 1024,
        .body_window_us = 20 * SECOND,
        .reply_window_us = 30 * SECOND,
    };
    return reaper_new(&limits);
}

static const struct sockaddr_in loopback = {.sin_family = AF_INET};

static void add(struct reaper *r, struct reaper_entry *e, int fd)
{
    reaper_add(r, e, fd, (const struct sockaddr *)&loopback);
}

// Sweeps until the connection is shut; the seconds it took, -1 for never.
static int seconds_until_shut(struct reaper *r, struct pair p,
                              struct reaper_entry *e, int64_t bytes_per_s)
{
    for (int s = 0; s < 100; s++) {
        reaper_sweep(r, (int64_t)s * SECOND);
        if (is_shut(p))
            return s;
        reaper_count(e, bytes_per_s);
    }
    return -1;
}

static void each_phase_has_its_deadline(void **state)
{
    (void)state;
    static const struct {
        enum reaper_phase phase;
        int bytes_per_s, seconds;
    } cases[] = {
        {PHASE_HEADER, 5000, 10},
        {PHASE_IDLE,   0,    15},
        {PHASE_LINGER, 5000, 2 },
        {PHASE_BUSY,   0,    -1},
        {PHASE_BODY,   0,    20},
        {PHASE_BODY,   1023, 20},
        {PHASE_BODY,   1024, -1},
        {PHASE_REPLY,  0,    30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reaper *r = test_reaper();
        struct pair p = open_pair();
        struct reaper_entry e;
        add(r, &e, p.ours);
        reaper_mark(&e, cases[i].phase);
        assert_int_equal(seconds_until_shut(r, p, &e, cases[i].bytes_per_s),
                         cases[i].seconds);
        reaper_remove(r, &e);
        reaper_free(r);
        close_pair(p);
    }
}

// However much came at once: whoever stops then has one window, not two.
static void a_burst_buys_no_second_window(void **state)
{
    (void)state;
    struct reaper *r = test_reaper();
    struct pair p = open_pair();
    struct reaper_entry e;
    add(r, &e, p.ours);
    reaper_mark(&e, PHASE_BODY);
    reaper_sweep(r, 0);
    reaper_count(&e, 1 << 20);
    int cut_at = seconds_until_shut(r, p, &e, 0);
    assert_in_range(cut_at, 20, 23);
    reaper_remove(r, &e);
    reaper_free(r);
    close_pair(p);
}

// An answer goes out as fast as the other side acknowledges it.
static void a_reader_that_reads_lives(void **state)
{
    (void)state;
    struct reaper *r = test_reaper();
    struct pair p = open_pair();
    struct reaper_entry e;
    add(r, &e, p.ours);
    reaper_mark(&e, PHASE_REPLY);
    char bytes[40000] = {0};
    for (int s = 0; s <= 60; s += 30) {
        reaper_sweep(r, (int64_t)s * SECOND);
        assert_int_equal(send(p.ours, bytes, sizeof bytes, 0), sizeof bytes);
        for (size_t got = 0; got < sizeof bytes;) {
            ssize_t n = recv(p.theirs, bytes, sizeof bytes - got, 0);
            assert_true(n > 0);
            got += (size_t)n;
        }
        usleep(50000); // for the last acknowledgement
    }
    assert_false(is_shut(p));
    reaper_sweep(r, 90LL * SECOND);
    assert_false(is_shut(p));
    reaper_sweep(r, 120LL * SECOND);
    assert_true(is_shut(p));
    reaper_remove(r, &e);
    reaper_free(r);
    close_pair(p);
}

static void a_new_phase_starts_a_new_deadline(void **state)
{
    (void)state;
    struct reaper *r = test_reaper();
    struct pair p = open_pair();
    struct reaper_entry e;
    add(r, &e, p.ours);
    for (int s = 0; s < 40; s += 8) {
        // The same phase again: another request.
        reaper_mark(&e, PHASE_HEADER);
        reaper_sweep(r, (int64_t)s * SECOND);
        reaper_sweep(r, (int64_t)(s + 7) * SECOND);
        assert_false(is_shut(p));
    }
    reaper_remove(r, &e);
    reaper_free(r);
    close_pair(p);
}

static void a_hang_up_that_nobody_saw_is_found(void **state)
{
    (void)state;
    static const enum reaper_phase phases[] = {PHASE_HEADER, PHASE_IDLE};
    for (int i = 0; i < 2; i++) {
        struct reaper *r = test_reaper();
        struct pair p = open_pair();
        struct reaper_entry e;
        add(r, &e, p.ours);
        reaper_mark(&e, phases[i]);
        shutdown(p.theirs, SHUT_WR);
        reaper_sweep(r, 0);
        assert_false(is_shut(p));
        reaper_sweep(r, 1);
        assert_true(is_shut(p));
        reaper_remove(r, &e);
        reaper_free(r);
        close_pair(p);
    }
}

static void the_oldest_header_is_shed_first(void **state)
{
    (void)state;
    struct reaper_limits limits = {
        .connections = 10, .header_us = 100 * SECOND, .idle_us = 100 * SECOND};
    struct reaper *r = reaper_new(&limits);
    enum { COUNT = 10 };
    struct reaper_entry e[COUNT];
    struct pair p[COUNT];
    static const enum reaper_phase phases[COUNT] = {
        PHASE_BUSY,   PHASE_IDLE, PHASE_HEADER, PHASE_IDLE, PHASE_HEADER,
        PHASE_HEADER, PHASE_BUSY, PHASE_BUSY,   PHASE_BUSY, PHASE_BUSY};
    for (int i = 0; i < COUNT; i++) {
        p[i] = open_pair();
        add(r, &e[i], p[i].ours);
        reaper_mark(&e[i], phases[i]);
        reaper_sweep(r, i);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(is_shut(p[i]), i == 2);
    for (int i = 0; i < COUNT; i++) {
        reaper_remove(r, &e[i]);
        close_pair(p[i]);
    }
    reaper_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smuggling_is_refused),
        cmocka_unit_test(malformed_requests_are_answered_or_closed),
        cmocka_unit_test(oversized_headers_are_refused),
        cmocka_unit_test(silent_and_slow_headers_are_cut_off),
        cmocka_unit_test(an_address_has_only_so_many_connections),
        cmocka_unit_test(a_crowd_of_silent_clients_makes_room),
        cmocka_unit_test(each_phase_has_its_deadline),
        cmocka_unit_test(a_burst_buys_no_second_window),
        cmocka_unit_test(a_reader_that_reads_lives),
        cmocka_unit_test(a_new_phase_starts_a_new_deadline),
        cmocka_unit_test(a_hang_up_that_nobody_saw_is_found),
        cmocka_unit_test(the_oldest_header_is_shed_first),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
