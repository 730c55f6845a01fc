// SPDX-License-Identifier: MIT
// request_test.c - routes, what a handler sees of a request, and its errors.
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "http_testing.h"

// Answers with all that the request says.
static void tell(struct http_request *r)
{
    struct buf b;
    buf_init(&b, 65536);
    struct str q = STR("-");
    http_request_query(r, "q", &q);
    struct str origin = http_request_origin(r);
    buf_printf(&b, "%.*s%s %.*s id=%.*s rest=%.*s q=%.*s flags=%u %.*s",
               STR_ARG(http_request_method(r)),
               http_request_is_head(r) ? "(head)" : "",
               STR_ARG(http_request_path(r)),
               STR_ARG(http_request_part(r, "id")),
               STR_ARG(http_request_part(r, "rest")), STR_ARG(q),
               http_request_flags(r), STR_ARG(origin));
    http_header(r, "X-Peer", http_request_peer(r).ptr);
    http_reply(r, 200, "text/plain", buf_view(&b));
    buf_done(&b);
}

static bool add_pair(void *context, struct str name, struct str value)
{
    buf_printf(context, "[%.*s=%.*s]", STR_ARG(name), STR_ARG(value));
    return true;
}

static void tell_query(struct http_request *r)
{
    struct buf b;
    buf_init(&b, 65536);
    http_request_each_query(r, add_pair, &b);
    buf_printf(&b, "raw=%.*s", STR_ARG(http_request_query_text(r)));
    http_reply(r, 200, "text/plain", buf_view(&b));
    buf_done(&b);
}

static void echo(struct http_request *r)
{
    http_reply(r, 200, "text/plain", http_request_body(r));
}

static void bad_header(struct http_request *r)
{
    http_header(r, "X-Fine", "yes");
    http_header(r, "X-Cut", "a\r\nX-Smuggled: 1");
    http_header(r, "X Name", "a");
    http_reply(r, 200, NULL, STR(""));
}

static bool admit(struct http_request *r)
{
    if (http_request_flags(r) != 7 ||
        http_request_header(r, "Authorization").len > 0)
        return true;
    http_reply(r, 401, "text/plain", STR("no key\n"));
    return false;
}

static void finish(struct http_request *r, int status)
{
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    http_header(r, "X-Finished", text);
    http_header(r, "X-Request-Id", http_request_id(r).ptr);
}

static const struct http_route routes[] = {
    {"GET",    "/",                     tell,       NULL, 1},
    {"GET",    "/things/fixed",         tell,       NULL, 2},
    {"GET",    "/things/{id}",          tell,       NULL, 3},
    {"DELETE", "/things/{id}",          tell,       NULL, 4},
    {"GET",    "/files/{id}/{rest...}", tell,       NULL, 5},
    {"GET",    "/query",                tell_query, NULL, 0},
    {"POST",   "/echo",                 echo,       NULL, 6},
    {"POST",   "/locked",               echo,       NULL, 7},
    {"GET",    "/locked",               tell,       NULL, 7},
    {"GET",    "/bad-header",           bad_header, NULL, 0},
};

static int start(void **state)
{
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof *routes, NULL);
    o.face[0].admit = admit;
    o.face[0].finish = finish;
    *state = http_test_start(&o);
    return 0;
}

static int stop(void **state)
{
    http_test_stop(*state);
    return 0;
}

static void routes_are_found_by_path_and_method(void **state)
{
    static const struct {
        const char *path;
        const char *want;
    } cases[] = {
        {"/",                         "GET / id= rest= q=- flags=1 http://h"            },
        {"/?q=a%20b+c",               "GET / id= rest= q=a b c flags=1 http://h"        },
        {"/things/fixed",             "GET /things/fixed id= rest= q=- flags=2 http://h"},
        {"/things/a%C3%A4",
         "GET /things/a%C3%A4 id=a\xc3\xa4 rest= q=- flags=3 http://h"                  },
        {"/files/x/a/b%20c.mp4",
         "GET /files/x/a/b%20c.mp4 id=x rest=a/b c.mp4 q=- flags=5 http://h"            },
        {"/files/x/",                 "GET /files/x/ id=x rest= q=- flags=5 http://h"   },
        {"/files/x",                  "GET /files/x id=x rest= q=- flags=5 http://h"    },
        {"http://other/things/a?q=1",
         "GET /things/a id=a rest= q=1 flags=3 http://h"                                },
    };
    struct client c = client_open(*state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply r = client_get(&c, cases[i].path, "");
        assert_int_equal(r.status, 200);
        assert_int_equal(r.body.len, strlen(cases[i].want));
        assert_memory_equal(r.body.ptr, cases[i].want, r.body.len);
    }
    client_close(&c);
}

static void unknown_paths_are_404(void **state)
{
    static const char *const paths[] = {
        "/nothing",    "/things",       "/things/",  "//",
        "/things//",   "/things/a/",    "/files//a", "/files/x//a",
        "/things/a/b", "/Things/fixed", "/query/",
    };
    struct client c = client_open(*state);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct reply r = client_get(&c, paths[i], "");
        assert_int_equal(r.status, 404);
        assert_str(r.body, "not_found: no such path\n");
    }
    client_close(&c);
}

// SEC-10: no spelling of a way up gets through.
static void ambiguous_paths_are_refused(void **state)
{
    static const char *const paths[] = {
        "/things/..",
        "/things/../x",
        "/../etc/passwd",
        "/things/%2e%2e",
        "/things/%2E%2e/x",
        "/things/.%2e",
        "/things/%2e",
        "/./things/a",
        "/things/a%2fb",
        "/things/a%2Fb",
        "/things/..%2f..",
        "/things/a%5cb",
        "/things/a\\b",
        "/things/a%00b",
        "/things/%00",
        "/things/%01",
        "/things/a%0d%0ab",
        "/things/%7f",
        "/things/%ff",
        "/things/%c0%ae",
        "/things/%c0%af",
        "/things/%e0%80%af",
        "/things/%ed%a0%80",
        "/things/%f8%80%80%80",
        "/things/%",
        "/things/%2",
        "/things/%zz",
        "/things/%2x",
        "/things/%%32%65",
        "/things/a b",
        "/things/a#b",
        "/things/%c2%85",
        "/files/x/../a",
        "/files/x/a/..",
        "/files/x/a/%2e%2e/b",
        "/files/x/a%2f..",
        "/?q=%",
        "/?q=%00",
        "/?q=%ff",
        "/?%zz=1",
        "things/a",
        "*",
        "http://",
        "ftp://h/things/a",
        "/query?a=%c0%80",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct client c = client_open(*state);
        struct reply r = client_get(&c, paths[i], "");
        if (r.status != 400)
            print_error("%s: %d\n", paths[i], r.status);
        assert_int_equal(r.status, 400);
        client_close(&c);
    }
}

static void too_many_parts_are_refused(void **state)
{
    struct client c = client_open(*state);
    char path[256] = "/files/x";
    for (int i = 2; i < 64; i++)
        strcat(path, "/a");
    assert_int_equal(client_get(&c, path, "").status, 200);
    strcat(path, "/a");
    assert_int_equal(client_get(&c, path, "").status, 400);
    client_close(&c);
}

static void wrong_methods_are_405_with_allow(void **state)
{
    char allow[128];
    struct client c = client_open(*state);
    struct reply r =
        client_ask(&c, "PUT /things/a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 405);
    assert_string_equal(reply_header(&r, "Allow", allow, sizeof allow),
                        "GET, HEAD, DELETE, OPTIONS");
    r = client_ask(&c, "get /things/a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 405);
    r = client_ask(&c, "HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 405);
    client_close(&c);
}

static void options_need_no_key(void **state)
{
    char text[128];
    struct client c = client_open(*state);
    struct reply r =
        client_ask(&c, "OPTIONS /locked HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 204);
    assert_string_equal(reply_header(&r, "Allow", text, sizeof text),
                        "POST, GET, HEAD, OPTIONS");
    assert_string_equal(reply_header(&r, "X-Finished", text, sizeof text),
                        "204");
    assert_null(reply_header(&r, "Content-Length", text, sizeof text));
    r = client_ask(&c, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 204);
    r = client_ask(&c, "OPTIONS /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 404);
    client_close(&c);
}

static void head_is_get_without_the_body(void **state)
{
    char text[64];
    struct client c = client_open(*state);
    struct reply r = client_ask(&c, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(r.status, 200);
    assert_string_equal(reply_header(&r, "Content-Length", text, sizeof text),
                        "42");
    // Nothing of a body: the next reply starts right behind.
    r = client_get(&c, "/", "");
    assert_str(r.body, "GET / id= rest= q=- flags=1 http://h");
    client_close(&c);
}

static void the_query_is_read_in_order(void **state)
{
    struct client c = client_open(*state);
    struct reply r = client_get(&c, "/query?t=1,2&t=%33&&x&=y&z=%26%3d", "");
    assert_str(r.body, "[t=1,2][t=3][x=][=y][z=&=]"
                       "raw=t=1,2&t=%33&&x&=y&z=%26%3d");
    r = client_get(&c, "/query?", "");
    assert_str(r.body, "raw=");
    client_close(&c);
}

static void keep_alive_and_pipelining_work(void **state)
{
    struct client c = client_open(*state);
    client_send(&c, "GET /things/1 HTTP/1.1\r\nHost: h\r\n\r\n"
                    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                    "\r\nabcGET /things/2 HTTP/1.1\r\nHost: h\r\n\r\n");
    struct reply r = client_read(&c, true);
    assert_str(r.body, "GET /things/1 id=1 rest= q=- flags=3 http://h");
    r = client_read(&c, true);
    assert_str(r.body, "abc");
    r = client_read(&c, true);
    assert_str(r.body, "GET /things/2 id=2 rest= q=- flags=3 http://h");
    client_close(&c);
}

static void bodies_are_collected_up_to_the_limit(void **state)
{
    char request[4096];
    char body[1026];
    memset(body, 'x', sizeof body);
    for (int len = 1024; len <= 1025; len++) {
        struct client c = client_open(*state);
        snprintf(request, sizeof request,
                 "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
                 "%.*s",
                 len, len, body);
        assert_int_equal(client_ask(&c, request).status,
                         len == 1024 ? 200 : 413);
        snprintf(request, sizeof request,
                 "POST /echo HTTP/1.1\r\nHost: h\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n%x\r\n%.*s\r\n0\r\n\r\n",
                 (unsigned)len, len, body);
        assert_int_equal(client_ask(&c, request).status,
                         len == 1024 ? 200 : 413);
        client_close(&c);
    }
}

static void a_refused_body_is_not_asked_for(void **state)
{
    struct client c = client_open(*state);
    client_send(&c, "POST /locked HTTP/1.1\r\nHost: h\r\nExpect: 100-continue"
                    "\r\nContent-Length: 1000\r\n\r\n");
    struct reply r = client_read(&c, true);
    assert_int_equal(r.status, 401);
    assert_str(r.body, "no key\n");
    assert_true(client_is_closed(&c));
    client_close(&c);
    c = client_open(*state);
    client_send(&c, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue"
                    "\r\nContent-Length: 5000\r\n\r\n");
    assert_int_equal(client_read(&c, true).status, 413);
    client_close(&c);
    c = client_open(*state);
    client_send(&c, "POST /locked HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\n"
                    "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(client_read(&c, true).status, 100);
    client_send(&c, "abc");
    assert_str(client_read(&c, true).body, "abc");
    client_close(&c);
}

static void a_small_refused_body_keeps_the_connection(void **state)
{
    struct client c = client_open(*state);
    client_send(&c, "POST /locked HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                    "\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(client_read(&c, true).status, 401);
    assert_int_equal(client_read(&c, true).status, 200);
    client_close(&c);
}

static void a_large_refused_body_is_answered_early(void **state)
{
    struct client c = client_open(*state);
    client_send(&c, "POST /locked HTTP/1.1\r\nHost: h\r\n"
                    "Content-Length: 99999999\r\n\r\nabc");
    char text[32];
    struct reply r = client_read(&c, true);
    assert_int_equal(r.status, 401);
    assert_str(r.body, "no key\n");
    assert_string_equal(reply_header(&r, "Connection", text, sizeof text),
                        "close");
    assert_string_equal(reply_header(&r, "X-Finished", text, sizeof text),
                        "401");
    client_close(&c);
}

static void request_ids_are_kept_if_well_formed(void **state)
{
    char text[128];
    struct client c = client_open(*state);
    struct reply r = client_get(&c, "/", "X-Request-Id: abc-1.2_3\r\n");
    assert_string_equal(reply_header(&r, "X-Request-Id", text, sizeof text),
                        "abc-1.2_3");
    static const char *const bad[] = {"", "X-Request-Id: a b\r\n",
                                      "X-Request-Id: <x>\r\n",
                                      "X-Request-Id: "
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaaaaaaaaaaaaaaa\r\n"};
    char before[128] = "";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r = client_get(&c, "/", bad[i]);
        assert_non_null(reply_header(&r, "X-Request-Id", text, sizeof text));
        assert_int_equal(strlen(text), 13);
        assert_string_not_equal(text, before);
        strcpy(before, text);
    }
    client_close(&c);
}

static void headers_with_line_ends_are_left_out(void **state)
{
    char text[64];
    struct client c = client_open(*state);
    struct reply r = client_get(&c, "/bad-header", "");
    assert_non_null(reply_header(&r, "X-Fine", text, sizeof text));
    assert_null(reply_header(&r, "X-Cut", text, sizeof text));
    assert_null(reply_header(&r, "X-Smuggled", text, sizeof text));
    assert_null(reply_header(&r, "X Name", text, sizeof text));
    client_close(&c);
}

static void the_peer_and_the_origin_are_told(void **state)
{
    char text[64];
    struct client c = client_open(*state);
    struct reply r = client_get(&c, "/", "X-Forwarded-Proto: https\r\n");
    assert_string_equal(reply_header(&r, "X-Peer", text, sizeof text),
                        "127.0.0.1");
    assert_str(r.body, "GET / id= rest= q=- flags=1 https://h");
    client_close(&c);
    c = client_open(*state);
    char want[128];
    snprintf(want, sizeof want,
             "GET / id= rest= q=- flags=1 http://127.0.0.1:%d",
             http_port(*state));
    r = client_ask(&c, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(r.body.len, strlen(want));
    assert_memory_equal(r.body.ptr, want, r.body.len);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_are_found_by_path_and_method),
        cmocka_unit_test(unknown_paths_are_404),
        cmocka_unit_test(ambiguous_paths_are_refused),
        cmocka_unit_test(too_many_parts_are_refused),
        cmocka_unit_test(wrong_methods_are_405_with_allow),
        cmocka_unit_test(options_need_no_key),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(the_query_is_read_in_order),
        cmocka_unit_test(keep_alive_and_pipelining_work),
        cmocka_unit_test(bodies_are_collected_up_to_the_limit),
        cmocka_unit_test(a_refused_body_is_not_asked_for),
        cmocka_unit_test(a_small_refused_body_keeps_the_connection),
        cmocka_unit_test(a_large_refused_body_is_answered_early),
        cmocka_unit_test(request_ids_are_kept_if_well_formed),
        cmocka_unit_test(headers_with_line_ends_are_left_out),
        cmocka_unit_test(the_peer_and_the_origin_are_told),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
