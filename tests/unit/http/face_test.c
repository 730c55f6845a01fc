// SPDX-License-Identifier: MIT
// face_test.c - one server with two faces: routes, errors and hooks of its own.
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "http_testing.h"

static void tell(struct http_request *r)
{
    char text[128];
    snprintf(text, sizeof text, "%s %.*s", (char *)http_request_context(r),
             STR_ARG(http_request_part(r, "id")));
    http_reply(r, 200, "text/plain", str_of(text));
}

static void echo(struct http_request *r)
{
    http_reply(r, 200, "text/plain", http_request_body(r));
}

static void refuse_sourly(struct http_request *r, int status, const char *code,
                          const char *detail)
{
    (void)detail;
    char text[128];
    snprintf(text, sizeof text, "sour %s", code);
    http_reply(r, status, "text/plain", str_of(text));
}

static void finish_sourly(struct http_request *r, int status)
{
    (void)status;
    http_header(r, "X-Face", "sour");
}

static const struct http_route plain[] = {
    {"GET",  "/things/{id}", tell, NULL, 0},
    {"POST", "/echo",        echo, NULL, 0},
};
static const struct http_route sour[] = {
    {"GET",  "/sour/things/{id}", tell, NULL, 0},
    {"POST", "/sour/echo",        echo, NULL, 0},
};

static int start(void **state)
{
    static char plain_name[] = "plain", sour_name[] = "sour";
    struct http_options o = http_test_options(plain, 2, plain_name);
    o.face[1] = o.face[0];
    o.face[0] = (struct http_face){
        .prefix = "/sour",
        .routes = sour,
        .route_count = 2,
        .context = sour_name,
        .drops_empty_parts = true,
        .json_limit_bytes = 2048,
        .finish = finish_sourly,
        .refuse = refuse_sourly,
    };
    o.faces = 2;
    *state = http_test_start(&o);
    return 0;
}

static int stop(void **state)
{
    http_test_stop(*state);
    return 0;
}

static void each_face_has_its_own_routes_and_errors(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *want; // beginning
        bool is_sour;
    } cases[] = {
        {"/things/a",          200, "plain a",        false},
        {"/sour/things/a",     200, "sour a",         true },
        {"/sour//things///a/", 200, "sour a",         true },
        {"/things//a",         404, "not_found: ",    false},
        {"/sour/nothing",      404, "sour not_found", true },
        {"/sour",              404, "sour not_found", true },
        {"/sourly",            404, "not_found: ",    false},
        {"/sour/things/%zz",   400, "sour bad_requ",  true },
        {"/sour/echo",         405, "sour method_no", true },
        {"/echo",              405, "method_not_all", false},
    };
    struct client c = client_open(*state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply r = client_get(&c, cases[i].path, "");
        char face[16];
        assert_int_equal(r.status, cases[i].status);
        assert_true(str_starts(r.body, str_of(cases[i].want)));
        assert_int_equal(reply_header(&r, "X-Face", face, sizeof face) != NULL,
                         cases[i].is_sour);
    }
    client_close(&c);
}

// Found before any route is: doubtful framing.
static void a_request_that_cannot_be_read_has_a_face(void **state)
{
    struct client c = client_open(*state);
    struct reply r = client_ask(&c, "POST /sour/echo HTTP/1.1\r\nHost: h\r\n"
                                    "Content-Length: 1\r\n"
                                    "Transfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(r.status, 400);
    assert_true(str_starts(r.body, STR("sour bad_request")));
    client_close(&c);
}

static int post(void **state, const char *path, size_t len)
{
    char request[4096];
    struct client c = client_open(*state);
    int head = snprintf(request, sizeof request,
                        "POST %s HTTP/1.1\r\nHost: h\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        path, len);
    memset(request + head, 'a', len);
    request[(size_t)head + len] = '\0';
    int status = client_ask(&c, request).status;
    client_close(&c);
    return status;
}

static void a_face_may_have_a_limit_of_its_own(void **state)
{
    assert_int_equal(post(state, "/echo", 1024), 200);
    assert_int_equal(post(state, "/echo", 1025), 413);
    assert_int_equal(post(state, "/sour/echo", 2048), 200);
    assert_int_equal(post(state, "/sour/echo", 2049), 413);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_face_has_its_own_routes_and_errors),
        cmocka_unit_test(a_request_that_cannot_be_read_has_a_face),
        cmocka_unit_test(a_face_may_have_a_limit_of_its_own),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
