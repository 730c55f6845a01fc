// SPDX-License-Identifier: MIT
// park_test.c - requests that wait: woken, late, gone, stopped; REL-23.
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "http_testing.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum { SECOND_US = 1000000, TICKETS_MAX = 1024 };

// Tickets that handlers left for the test, or for the waking thread.
struct fixture {
    struct http_server *server;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct http_ticket *tickets[TICKETS_MAX];
    int count;
    bool is_over;
    atomic_int gone, released;
    int64_t wait_us;
};

struct waiting {
    struct fixture *fixture;
    int rounds;
};

static void on_gone(void *state)
{
    struct waiting *w = state;
    atomic_fetch_add(&w->fixture->gone, 1);
}

static void release(void *state)
{
    struct waiting *w = state;
    atomic_fetch_add(&w->fixture->released, 1);
    free(w);
}

static void woken(struct http_request *r, bool is_late)
{
    if (is_late)
        http_reply(r, 503, "text/plain", STR("late"));
    else
        http_reply(r, 200, "text/plain", STR("woken"));
}

static void leave_ticket(struct fixture *f, struct http_ticket *t)
{
    HOLD(&f->lock);
    f->tickets[f->count++] = t;
    pthread_cond_signal(&f->more);
}

static struct waiting *new_state(struct http_request *r)
{
    struct waiting *w = NEW(struct waiting);
    w->fixture = http_request_context(r);
    http_request_set_state(r, w, release);
    http_on_gone(r, on_gone);
    return w;
}

static void wait_for_wake(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    new_state(r);
    struct http_ticket *t = http_park(r, clock_now_us() + f->wait_us, woken);
    if (!t)
        http_reply(r, 503, "text/plain", STR("full"));
    else
        leave_ticket(f, t);
}

// Parks and is woken before the handler has come back.
static void park_and_wake(struct http_request *r,
                          void (*then)(struct http_request *r, bool is_late))
{
    struct http_ticket *t =
        http_park(r, clock_now_us() + 60LL * SECOND_US, then);
    if (!t)
        http_reply(r, 503, "text/plain", STR("full"));
    http_wake(t);
}

static void wake_at_once(struct http_request *r)
{
    park_and_wake(r, woken);
}

// Parks again until it was woken three times.
static void again(struct http_request *r, bool is_late)
{
    struct waiting *w = http_request_state(r);
    if (is_late || ++w->rounds == 3) {
        woken(r, is_late);
        return;
    }
    park_and_wake(r, again);
}

static void wait_often(struct http_request *r)
{
    new_state(r);
    again(r, false);
}

static void drop_ticket(struct http_request *r)
{
    http_drop(http_park(r, clock_now_us() + 50000, woken));
}

static void deadline_passed(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    struct http_ticket *t = http_park(r, clock_now_us() - 1, woken);
    leave_ticket(f, t);
}

static const struct http_route routes[] = {
    {"GET", "/wait",    wait_for_wake,   NULL, 0},
    {"GET", "/at-once", wake_at_once,    NULL, 0},
    {"GET", "/often",   wait_often,      NULL, 0},
    {"GET", "/dropped", drop_ticket,     NULL, 0},
    {"GET", "/passed",  deadline_passed, NULL, 0},
};

static struct fixture *open_fixture(int parked_max)
{
    struct fixture *f = NEW(struct fixture);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->more, NULL);
    f->wait_us = 60LL * SECOND_US;
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof *routes, f);
    o.parked_max = parked_max;
    f->server = http_test_start(&o);
    return f;
}

static void free_fixture(struct fixture *f)
{
    pthread_cond_destroy(&f->more);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static int start(void **state)
{
    *state = open_fixture(350);
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;
    http_test_stop(f->server);
    free_fixture(f);
    return 0;
}

static struct http_ticket *take_ticket(struct fixture *f)
{
    HOLD(&f->lock);
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 5;
    while (f->count == 0)
        assert_int_equal(pthread_cond_timedwait(&f->more, &f->lock, &end), 0);
    return f->tickets[--f->count];
}

static const char wait_request[] = "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n";

static void a_wake_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    struct client c = client_open(f->server);
    for (int i = 0; i < 3; i++) {
        client_send(&c, wait_request);
        struct http_ticket *t = take_ticket(f);
        assert_int_equal(http_counts(f->server).parked, 1);
        http_wake(t);
        assert_str(client_read(&c, true).body, "woken");
        assert_int_equal(http_counts(f->server).parked, 0);
    }
    client_close(&c);
}

static void a_wake_before_the_handler_is_back_is_kept(void **state)
{
    struct fixture *f = *state;
    struct client c = client_open(f->server);
    for (int i = 0; i < 50; i++)
        assert_str(client_get(&c, "/at-once", "").body, "woken");
    for (int i = 0; i < 50; i++)
        assert_str(client_get(&c, "/often", "").body, "woken");
    client_close(&c);
}

static void a_deadline_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    struct client c = client_open(f->server);
    int64_t before_us = clock_now_us();
    f->wait_us = 100000;
    struct reply r = client_get(&c, "/wait", "");
    f->wait_us = 60LL * SECOND_US;
    assert_int_equal(r.status, 503);
    assert_str(r.body, "late");
    int64_t waited_us = clock_now_us() - before_us;
    assert_true(waited_us >= 100000 && waited_us < 1000000);
    // The ticket of a request that is long over does no harm.
    http_wake(take_ticket(f));
    assert_str(client_get(&c, "/passed", "").body, "late");
    http_drop(take_ticket(f));
    assert_str(client_get(&c, "/dropped", "").body, "late");
    client_close(&c);
}

static void tickets_outlive_requests_and_server(void **state)
{
    (void)state;
    struct fixture *f = open_fixture(10);
    struct client c = client_open(f->server);
    struct client d = client_open(f->server);
    client_send(&c, wait_request);
    struct http_ticket *t = take_ticket(f);
    client_send(&d, wait_request);
    struct http_ticket *u = take_ticket(f);
    http_test_stop(f->server);
    struct reply r = client_read(&c, true);
    assert_int_equal(r.status, 503);
    assert_str(r.body, "late");
    char text[16];
    assert_string_equal(reply_header(&r, "Connection", text, sizeof text),
                        "close");
    assert_int_equal(client_read(&d, true).status, 503);
    http_wake(t);
    http_drop(u);
    assert_int_equal(atomic_load(&f->released), 2);
    assert_int_equal(atomic_load(&f->gone), 0);
    client_close(&c);
    client_close(&d);
    free_fixture(f);
}

static void no_more_wait_than_there_is_room_for(void **state)
{
    (void)state;
    struct fixture *f = open_fixture(1);
    struct client c = client_open(f->server);
    struct client d = client_open(f->server);
    client_send(&c, wait_request);
    struct http_ticket *t = take_ticket(f);
    assert_str(client_ask(&d, wait_request).body, "full");
    http_wake(t);
    assert_str(client_read(&c, true).body, "woken");
    client_send(&d, wait_request);
    http_wake(take_ticket(f));
    assert_str(client_read(&d, true).body, "woken");
    client_close(&c);
    client_close(&d);
    http_test_stop(f->server);
    free_fixture(f);
}

static bool reaches(atomic_int *count, int want, int64_t within_us)
{
    const struct timespec moment = {0, 2000000};
    int64_t end_us = clock_now_us() + within_us;
    while (atomic_load(count) < want && clock_now_us() < end_us)
        nanosleep(&moment, NULL);
    return atomic_load(count) == want;
}

// REL-23: those who hang up free their place within two seconds.
static void hang_ups_free_their_place(void **state)
{
    (void)state;
    struct fixture *f = open_fixture(350);
    enum { CLIENTS = 30 };
    struct client c[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        c[i] = client_open(f->server);
        client_send(&c[i], wait_request);
        // Bytes that nobody reads must not hide the end of the stream.
        if (i % 2)
            client_send(&c[i], "GET /nothing");
    }
    while (http_counts(f->server).parked < CLIENTS)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    for (int i = 1; i < CLIENTS; i++)
        client_close(&c[i]);
    assert_true(reaches(&f->gone, CLIENTS - 1, 2LL * SECOND_US));
    assert_true(reaches(&f->released, CLIENTS - 1, SECOND_US));
    assert_int_equal(http_counts(f->server).parked, 1);
    for (int i = 0; i < CLIENTS; i++)
        http_wake(f->tickets[i]);
    assert_str(client_read(&c[0], true).body, "woken");
    client_close(&c[0]);
    http_test_stop(f->server);
    assert_int_equal(atomic_load(&f->gone), CLIENTS - 1);
    assert_int_equal(atomic_load(&f->released), CLIENTS);
    free_fixture(f);
}

static void *wake_all(void *argument)
{
    struct fixture *f = argument;
    for (;;) {
        struct http_ticket *mine[TICKETS_MAX];
        int count = 0;
        {
            HOLD(&f->lock);
            while (f->count == 0 && !f->is_over)
                pthread_cond_wait(&f->more, &f->lock);
            if (f->count == 0)
                return NULL;
            for (; f->count > 0; count++)
                mine[count] = f->tickets[--f->count];
        }
        for (int i = 0; i < count; i++)
            http_wake(mine[i]);
    }
}

// REL-23: 100,000 rounds over many connections, two threads that wake, none
// stuck.
static void many_rounds_leave_none_stuck(void **state)
{
    (void)state;
    enum { CLIENTS = 300, ROUNDS = 334 };
    struct fixture *f = open_fixture(350);
    pthread_t a = thread_start("wake-a", ROLE_ANY, wake_all, f);
    pthread_t b = thread_start("wake-b", ROLE_ANY, wake_all, f);
    struct client *c = NEW_ARRAY(CLIENTS, struct client);
    for (int i = 0; i < CLIENTS; i++)
        c[i] = client_open(f->server);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++)
            client_send(&c[i], wait_request);
        for (int i = 0; i < CLIENTS; i++)
            assert_str(client_read(&c[i], true).body, "woken");
    }
    for (int i = 0; i < CLIENTS; i++)
        client_close(&c[i]);
    {
        HOLD(&f->lock);
        f->is_over = true;
        pthread_cond_broadcast(&f->more);
    }
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    http_test_stop(f->server);
    assert_int_equal(atomic_load(&f->released), CLIENTS * ROUNDS);
    assert_int_equal(atomic_load(&f->gone), 0);
    free(c);
    free_fixture(f);
}

static void stopping_under_load_is_clean(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        enum { CLIENTS = 20 };
        struct fixture *f = open_fixture(350);
        pthread_t a = thread_start("wake", ROLE_ANY, wake_all, f);
        struct client c[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            c[i] = client_open(f->server);
            client_send(&c[i], i % 2 ? wait_request
                                     : "GET /at-once HTTP/1.1\r\nHost: h\r\n"
                                       "\r\n");
        }
        http_test_stop(f->server);
        {
            HOLD(&f->lock);
            f->is_over = true;
            pthread_cond_signal(&f->more);
        }
        pthread_join(a, NULL);
        for (int i = 0; i < CLIENTS; i++)
            client_close(&c[i]);
        free_fixture(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_ends_the_wait),
        cmocka_unit_test(a_wake_before_the_handler_is_back_is_kept),
        cmocka_unit_test(a_deadline_ends_the_wait),
        cmocka_unit_test(tickets_outlive_requests_and_server),
        cmocka_unit_test(no_more_wait_than_there_is_room_for),
        cmocka_unit_test(hang_ups_free_their_place),
        cmocka_unit_test(many_rounds_leave_none_stuck),
        cmocka_unit_test(stopping_under_load_is_clean),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
