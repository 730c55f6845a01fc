// SPDX-License-Identifier: MIT
// upload_test.c - uploads, raw and multipart: whole, refused, broken off.
#include "unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_testing.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

// What the handlers of all uploads leave behind.
struct trace {
    atomic_int begun, released, handled;
};

struct upload {
    struct trace *trace;
    struct buf text; // "field a=1;begin f x;...bytes...;end"
    int64_t bytes;
};

static void release(void *state)
{
    struct upload *u = state;
    atomic_fetch_add(&u->trace->released, 1);
    buf_done(&u->text);
    free(u);
}

static struct upload *state_of(struct http_request *r)
{
    struct upload *u = http_request_state(r);
    if (u)
        return u;
    u = NEW(struct upload);
    u->trace = http_request_context(r);
    buf_init(&u->text, 1 << 20);
    http_request_set_state(r, u, release);
    return u;
}

static enum err on_field(struct http_request *r, struct str name,
                         struct str value)
{
    buf_printf(&state_of(r)->text, "field %.*s=%.*s;", STR_ARG(name),
               STR_ARG(value));
    return OK;
}

static enum err on_begin(struct http_request *r, struct str name,
                         struct str filename)
{
    struct upload *u = state_of(r);
    if (str_eq(filename, STR("refused")))
        return fail(ERR_UNSUPPORTED, "not this one");
    buf_printf(&u->text, "begin %.*s %.*s;", STR_ARG(name), STR_ARG(filename));
    atomic_fetch_add(&u->trace->begun, 1);
    return OK;
}

static enum err on_data(struct http_request *r, const void *bytes, size_t len)
{
    struct upload *u = state_of(r);
    u->bytes += (int64_t)len;
    struct str most;
    if (http_request_query(r, "most", &most) && u->bytes > atoi(most.ptr))
        return fail(ERR_TOO_LARGE, "more than it may be");
    if (u->text.len + len < 1000)
        buf_add(&u->text, bytes, len);
    return OK;
}

static enum err on_end(struct http_request *r)
{
    struct upload *u = state_of(r);
    buf_printf(&u->text, ";end %lld", (long long)u->bytes);
    return OK;
}

static void uploaded(struct http_request *r)
{
    struct trace *t = http_request_context(r);
    atomic_fetch_add(&t->handled, 1);
    const char *why;
    enum err e = http_body_error(r, &why);
    if (e == OK) {
        http_reply(r, 201, "text/plain", buf_view(&state_of(r)->text));
        return;
    }
    char text[256];
    snprintf(text, sizeof text, "%s: %s", err_name(e), why);
    http_reply(r, e == ERR_TOO_LARGE ? 413 : 400, "text/plain", str_of(text));
}

static const struct http_upload upload = {on_field, on_begin, on_data, on_end};
static const struct http_route routes[] = {
    {"POST", "/up", uploaded, &upload, 0},
};

struct fixture {
    struct trace trace;
    struct http_server *server;
};

static int start(void **state)
{
    struct fixture *f = NEW(struct fixture);
    struct http_options o = http_test_options(routes, 1, &f->trace);
    f->server = http_test_start(&o);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;
    http_test_stop(f->server);
    free(f);
    return 0;
}

static struct client open_client(void **state)
{
    struct fixture *f = *state;
    return client_open(f->server);
}

static void raw_bodies_arrive_whole(void **state)
{
    struct client c = open_client(state);
    struct reply r = client_ask(&c, "POST /up HTTP/1.1\r\nHost: h\r\n"
                                    "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(r.status, 201);
    assert_str(r.body, "begin  ;hello;end 5");
    r = client_ask(&c, "POST /up HTTP/1.1\r\nHost: h\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n"
                       "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n");
    assert_str(r.body, "begin  ;hello;end 5");
    r = client_ask(&c, "POST /up HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_str(r.body, "begin  ;;end 0");
    r = client_ask(&c,
                   "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    assert_str(r.body, "begin  ;;end 0");
    client_close(&c);
}

static void large_bodies_arrive_whole(void **state)
{
    enum { MIB = 1024 * 1024, COUNT = 24 };
    struct client c = open_client(state);
    char head[128];
    snprintf(head, sizeof head,
             "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
             MIB * COUNT);
    client_send(&c, head);
    char *bytes = mem_new(1, MIB);
    for (int i = 0; i < COUNT; i++)
        client_send_bytes(&c, bytes, MIB);
    free(bytes);
    struct reply r = client_read(&c, true);
    assert_int_equal(r.status, 201);
    assert_true(str_ends(r.body, STR(";end 25165824")));
    client_close(&c);
}

#define MULTIPART                                                              \
    "POST /up HTTP/1.1\r\nHost: h\r\n"                                         \
    "Content-Type: multipart/form-data; boundary=XX\r\n"

static struct reply ask_form(struct client *c, const char *body)
{
    char request[1024];
    snprintf(request, sizeof request, MULTIPART "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    return client_ask(c, request);
}

static void forms_arrive_as_fields_and_files(void **state)
{
    struct client c = open_client(state);
    struct reply r =
        ask_form(&c, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n"
                     "\r\n1\r\n--XX\r\nContent-Disposition: form-data; "
                     "name=\"file\"; filename=\"x.mp4\"\r\n\r\nhello\r\n"
                     "--XX--\r\n");
    assert_str(r.body, "field a=1;begin file x.mp4;hello;end 5");
    r = ask_form(&c, "--XX");
    assert_int_equal(r.status, 400);
    assert_str(r.body, "bad_input: the last boundary is missing");
    r = client_ask(&c, "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                       "Content-Type: multipart/form-data\r\n\r\nx");
    assert_int_equal(r.status, 400);
    client_close(&c);
}

static void a_small_upload_that_fails_keeps_the_connection(void **state)
{
    struct client c = open_client(state);
    struct reply r = client_ask(&c, "POST /up?most=3 HTTP/1.1\r\nHost: h\r\n"
                                    "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(r.status, 413);
    assert_str(r.body, "too_large: more than it may be");
    r = client_ask(&c, "POST /up?most=5 HTTP/1.1\r\nHost: h\r\n"
                       "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(r.status, 201);
    client_close(&c);
}

// The answer comes while most of the body has not been sent.
static void a_large_upload_that_fails_is_answered_at_once(void **state)
{
    static const char *const heads[] = {
        "POST /up?most=3 HTTP/1.1\r\nHost: h\r\n"
        "Content-Length: 999999999\r\n\r\nhello",
        "POST /up?most=3 HTTP/1.1\r\nHost: h\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n"
        "Content-Type: multipart/form-data\r\n\r\n",
        MULTIPART "Content-Length: 99999999\r\n\r\n"
                  "--XX\r\nContent-Disposition: form-data; name=\"file\"; "
                  "filename=\"refused\"\r\n\r\nhello",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char text[32];
        struct client c = open_client(state);
        struct reply r = client_ask(&c, heads[i]);
        assert_int_equal(r.status, i < 2 ? 413 : 400);
        assert_string_equal(reply_header(&r, "Connection", text, sizeof text),
                            "close");
        // What the client still sends neither blocks nor resets it.
        char *bytes = mem_new(1, 1 << 20);
        client_send_bytes(&c, bytes, 1 << 20);
        free(bytes);
        client_close(&c);
    }
}

static void an_upload_that_breaks_off_is_released(void **state)
{
    (void)state;
    void *own = NULL;
    start(&own);
    struct fixture *f = own;
    struct client c = client_open(f->server);
    client_send(&c, "POST /up HTTP/1.1\r\nHost: h\r\n"
                    "Content-Length: 500\r\n\r\nhello");
    int64_t end_us = clock_now_us() + PATIENCE_S * INT64_C(1000000);
    const struct timespec moment = {0, 1000000};
    while (atomic_load(&f->trace.begun) == 0 && clock_now_us() < end_us)
        nanosleep(&moment, NULL);
    client_close(&c);
    while (atomic_load(&f->trace.released) == 0 && clock_now_us() < end_us)
        nanosleep(&moment, NULL);
    assert_int_equal(atomic_load(&f->trace.begun), 1);
    assert_int_equal(atomic_load(&f->trace.released), 1);
    assert_int_equal(atomic_load(&f->trace.handled), 0);
    stop(&own);
}

static void every_state_is_released_once(void **state)
{
    (void)state;
    void *own = NULL;
    start(&own);
    struct fixture *f = own;
    raw_bodies_arrive_whole(&own);
    http_test_stop(f->server);
    assert_int_equal(atomic_load(&f->trace.released), 4);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_bodies_arrive_whole),
        cmocka_unit_test(large_bodies_arrive_whole),
        cmocka_unit_test(forms_arrive_as_fields_and_files),
        cmocka_unit_test(a_small_upload_that_fails_keeps_the_connection),
        cmocka_unit_test(a_large_upload_that_fails_is_answered_at_once),
        cmocka_unit_test(an_upload_that_breaks_off_is_released),
        cmocka_unit_test(every_state_is_released_once),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
