// SPDX-License-Identifier: MIT
// loop_test.c - a loop that finds many connections ready at once.
#include "unit.h"

#include <pthread.h>
#include <stdbool.h>

#include "http_testing.h"
#include "reeld/base/thread.h"

// So many events libmicrohttpd takes from epoll at a time.
enum { BATCH = 128 };

static const char hello_request[] = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
static const char hold_request[] = "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n";

struct fixture {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_held, may_go;
};

static void hello(struct http_request *r)
{
    http_reply(r, 200, "text/plain", STR("hello"));
}

// Keeps its loop from all other work, as a slow disk would.
static void hold(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    HOLD(&f->lock);
    f->is_held = true;
    pthread_cond_broadcast(&f->changed);
    while (!f->may_go)
        pthread_cond_wait(&f->changed, &f->lock);
    hello(r);
}

static const struct http_route routes[] = {
    {"GET", "/hello", hello, NULL, 0},
    {"GET", "/hold",  hold,  NULL, 0},
};

static void wait_until_held(struct fixture *f)
{
    HOLD(&f->lock);
    while (!f->is_held)
        pthread_cond_wait(&f->changed, &f->lock);
}

static void let_go(struct fixture *f)
{
    HOLD(&f->lock);
    f->may_go = true;
    pthread_cond_broadcast(&f->changed);
}

// `count` connections send while the one loop is held: it finds them ready
// together, and no event follows that would wake it from another wait.
static void answer_at_once(int count)
{
    struct fixture f = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                        false, false};
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof routes[0], &f);
    o.threads = 1;
    struct http_server *s = http_test_start(&o);
    struct client holder = client_open(s), c[3 * BATCH];
    for (int i = 0; i < count; i++) {
        c[i] = client_open(s);
        assert_str(client_ask(&c[i], hello_request).body, "hello");
    }
    client_send(&holder, hold_request);
    wait_until_held(&f);
    for (int i = 0; i < count; i++)
        client_send(&c[i], hello_request);
    let_go(&f);
    for (int i = 0; i < count; i++) {
        assert_str(client_read(&c[i], true).body, "hello");
        client_close(&c[i]);
    }
    client_close(&holder);
    http_test_stop(s);
}

static void a_full_batch_of_events_is_answered(void **state)
{
    (void)state;
    answer_at_once(BATCH - 1);
    answer_at_once(BATCH);
    answer_at_once(BATCH + 1);
    answer_at_once(2 * BATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_batch_of_events_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
