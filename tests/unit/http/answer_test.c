// SPDX-License-Identifier: MIT
// answer_test.c - shared answers and files: tags, ranges, headers, HEAD.
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http_testing.h"
#include "reeld/base/mem.h"

enum { BODY_LEN = 1000, LARGE_LEN = 3 * 1024 * 1024 };

struct fixture {
    struct http_server *server;
    struct http_answer *small, *large, *empty, *plain;
    int file;
};

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static struct blob *new_blob(size_t len)
{
    struct buf b;
    buf_init(&b, len);
    for (size_t i = 0; i < len; i++)
        buf_u8(&b, byte_at(i));
    return blob_from_buf(&b);
}

static void get_small(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    http_reply_answer(r, f->small);
}

static void get_large(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    http_reply_answer(r, f->large);
}

static void get_empty(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    http_reply_answer(r, f->empty);
}

static void get_plain(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    http_reply_answer(r, f->plain);
}

// With a header of the request's own: the shared response does not do.
static void get_own(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    http_header(r, "X-Own", "yes");
    http_header(r, "Cache-Control", "no-store");
    http_reply_answer(r, f->small);
}

// An answer that is let go of before the reply is on its way.
static void get_once(struct http_request *r)
{
    scoped(blob) struct blob *body = new_blob(BODY_LEN);
    struct http_answer_options o = {.status = 200, .type = "video/mp4"};
    scoped(http_answer) struct http_answer *a = http_answer_new(&o, body);
    http_reply_answer(r, a);
}

static void get_file(struct http_request *r)
{
    struct fixture *f = http_request_context(r);
    http_reply_file(r, dup(f->file), BODY_LEN, "video/mp4", "\"file\"");
}

static void finish(struct http_request *r, int status)
{
    (void)status;
    http_header(r, "X-Baked", "1");
}

static const struct http_route routes[] = {
    {"GET", "/small", get_small, NULL, 0},
    {"GET", "/large", get_large, NULL, 0},
    {"GET", "/empty", get_empty, NULL, 0},
    {"GET", "/plain", get_plain, NULL, 0},
    {"GET", "/own",   get_own,   NULL, 0},
    {"GET", "/once",  get_once,  NULL, 0},
    {"GET", "/file",  get_file,  NULL, 0},
};

static struct http_answer *new_answer(size_t len, const char *etag,
                                      bool has_range)
{
    static const char *const headers[] = {"X-Baked", "1", NULL};
    scoped(blob) struct blob *body = new_blob(len);
    struct http_answer_options o = {
        .status = 200,
        .type = "video/mp4",
        .etag = etag,
        .cache_control = "public, max-age=31536000, immutable",
        .has_range = has_range,
        .headers = headers,
    };
    return http_answer_new(&o, body);
}

static int start(void **state)
{
    struct fixture *f = NEW(struct fixture);
    f->small = new_answer(BODY_LEN, "\"small\"", true);
    f->large = new_answer(LARGE_LEN, "\"large\"", true);
    f->empty = new_answer(0, "\"empty\"", true);
    f->plain = new_answer(BODY_LEN, NULL, false);
    f->file = memfd_create("file", MFD_CLOEXEC);
    for (size_t i = 0; i < BODY_LEN; i++) {
        uint8_t byte = byte_at(i);
        assert_int_equal(write(f->file, &byte, 1), 1);
    }
    struct http_options o =
        http_test_options(routes, sizeof routes / sizeof *routes, f);
    o.face[0].finish = finish;
    f->server = http_test_start(&o);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;
    http_test_stop(f->server);
    http_answer_unref(f->small);
    http_answer_unref(f->large);
    http_answer_unref(f->empty);
    http_answer_unref(f->plain);
    close(f->file);
    free(f);
    return 0;
}

static struct client open_client(void **state)
{
    struct fixture *f = *state;
    return client_open(f->server);
}

static void expect_bytes(struct str body, size_t from, size_t to)
{
    assert_int_equal(body.len, to - from);
    for (size_t i = 0; i < body.len; i++)
        assert_int_equal((uint8_t)body.ptr[i], byte_at(from + i));
}

static void expect_header(const struct reply *r, const char *name,
                          const char *want)
{
    char text[256];
    const char *found = reply_header(r, name, text, sizeof text);
    if (!want)
        assert_null(found);
    else
        assert_string_equal(found ? found : "(not there)", want);
}

static void shared_answers_carry_all_headers(void **state)
{
    struct client c = open_client(state);
    static const char *const paths[] = {"/small", "/large"};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 2; i++) {
            struct reply r = client_get(&c, paths[i], "");
            assert_int_equal(r.status, 200);
            expect_bytes(r.body, 0, i ? LARGE_LEN : BODY_LEN);
            expect_header(&r, "Content-Type", "video/mp4");
            expect_header(&r, "ETag", i ? "\"large\"" : "\"small\"");
            expect_header(&r, "Accept-Ranges", "bytes");
            expect_header(&r, "Cache-Control",
                          "public, max-age=31536000, immutable");
            expect_header(&r, "X-Baked", "1");
            expect_header(&r, "Connection", NULL);
        }
    struct reply r = client_get(&c, "/empty", "");
    assert_int_equal(r.status, 200);
    expect_header(&r, "Content-Length", "0");
    client_close(&c);
}

static void own_headers_replace_those_of_the_answer(void **state)
{
    struct client c = open_client(state);
    struct reply r = client_get(&c, "/own", "");
    expect_bytes(r.body, 0, BODY_LEN);
    expect_header(&r, "X-Own", "yes");
    expect_header(&r, "Cache-Control", "no-store");
    expect_header(&r, "ETag", "\"small\"");
    r = client_get(&c, "/own", "Range: bytes=5-6\r\n");
    expect_bytes(r.body, 5, 7);
    expect_header(&r, "X-Own", "yes");
    r = client_get(&c, "/once", "");
    expect_bytes(r.body, 0, BODY_LEN);
    client_close(&c);
}

static void a_known_tag_is_304_without_a_body(void **state)
{
    static const char *const known[] = {
        "If-None-Match: \"small\"\r\n", "If-None-Match: W/\"small\"\r\n",
        "If-None-Match: \"a\", \"small\"\r\n", "If-None-Match: *\r\n",
        "If-None-Match: \"small\"\r\nRange: bytes=0-1\r\n"};
    struct client c = open_client(state);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct reply r = client_get(&c, "/small", known[i]);
        assert_int_equal(r.status, 304);
        expect_header(&r, "ETag", "\"small\"");
        expect_header(&r, "X-Baked", "1");
        expect_header(&r, "Cache-Control",
                      "public, max-age=31536000, immutable");
        r = client_get(&c, "/own", known[i]);
        assert_int_equal(r.status, 304);
        expect_header(&r, "X-Own", "yes");
    }
    assert_int_equal(
        client_get(&c, "/small", "If-None-Match: \"other\"\r\n").status, 200);
    assert_int_equal(
        client_get(&c, "/file", "If-None-Match: \"file\"\r\n").status, 304);
    assert_int_equal(client_get(&c, "/plain", "If-None-Match: *\r\n").status,
                     200);
    client_close(&c);
}

// SEC-14, HTTP-05: the same for shared answers and for files.
static void ranges_are_exact(void **state)
{
    static const struct {
        const char *range;
        int from, to; // -1: 416; to 0: everything
    } cases[] = {
        {"bytes=0-0",                    0,   1   },
        {"bytes=0-",                     0,   1000},
        {"bytes=10-19",                  10,  20  },
        {"bytes=999-",                   999, 1000},
        {"bytes=-1",                     999, 1000},
        {"bytes=-1000",                  0,   1000},
        {"bytes=-5000",                  0,   1000},
        {"bytes=990-5000",               990, 1000},
        {"bytes=1000-",                  -1,  0   },
        {"bytes=5000-6000",              -1,  0   },
        {"bytes=-0",                     -1,  0   },
        {"bytes=0-1,5-6",                0,   0   },
        {"bytes=5-4",                    0,   0   },
        {"bytes=a-b",                    0,   0   },
        {"lines=0-1",                    0,   0   },
        {"bytes=",                       0,   0   },
        {"bytes=99999999999999999999-",  -1,  0   },
        {"bytes=0-99999999999999999999", 0,   1000},
    };
    static const char *const paths[] = {"/small", "/file"};
    struct client c = open_client(state);
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        int from = cases[i / 2].from;
        int to = cases[i / 2].to;
        char line[128];
        char want[64];
        snprintf(line, sizeof line, "Range: %s\r\n", cases[i / 2].range);
        struct reply r = client_get(&c, paths[i % 2], line);
        if (from < 0) {
            assert_int_equal(r.status, 416);
            expect_header(&r, "Content-Range", "bytes */1000");
        } else if (to == 0) {
            assert_int_equal(r.status, 200);
            expect_bytes(r.body, 0, BODY_LEN);
        } else {
            assert_int_equal(r.status, 206);
            snprintf(want, sizeof want, "bytes %d-%d/1000", from, to - 1);
            expect_header(&r, "Content-Range", want);
            expect_bytes(r.body, (size_t)from, (size_t)to);
        }
        expect_header(&r, "X-Baked", "1");
    }
    struct reply r = client_get(&c, "/own", "Range: bytes=1000-\r\n");
    assert_int_equal(r.status, 416);
    expect_header(&r, "Cache-Control", NULL); // that of the answer
    assert_int_equal(client_get(&c, "/plain", "Range: bytes=0-1\r\n").status,
                     200);
    assert_int_equal(client_get(&c, "/empty", "Range: bytes=0-1\r\n").status,
                     416);
    client_close(&c);
}

#define WITH_DATE                                                              \
    "Range: bytes=0-1\r\nIf-Range: Sat, 29 Oct 1994 19:43:31 GMT\r\n"

static void if_range_guards_the_range(void **state)
{
    struct client c = open_client(state);
    static const struct {
        const char *path, *headers;
        int status;
    } cases[] = {
        {"/small", "Range: bytes=0-1\r\nIf-Range: \"small\"\r\n",   206},
        {"/small", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n",   200},
        {"/small", "Range: bytes=0-1\r\nIf-Range: W/\"small\"\r\n", 200},
        {"/small", "Range: bytes=5000-\r\nIf-Range: \"other\"\r\n", 200},
        {"/file",  "Range: bytes=0-1\r\nIf-Range: \"file\"\r\n",    206},
        {"/file",  WITH_DATE,                                       200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(client_get(&c, cases[i].path, cases[i].headers).status,
                         cases[i].status);
    client_close(&c);
}

static void head_tells_the_length_and_ignores_ranges(void **state)
{
    static const char *const paths[] = {"/small", "/file", "/own"};
    struct client c = open_client(state);
    for (size_t i = 0; i < 3; i++) {
        char request[128];
        snprintf(request, sizeof request,
                 "HEAD %s HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n",
                 paths[i]);
        struct reply r = client_ask(&c, request);
        assert_int_equal(r.status, 200);
        expect_header(&r, "Content-Length", "1000");
    }
    assert_int_equal(client_get(&c, "/small", "").status, 200);
    client_close(&c);
}

static void counts_add_up(void **state)
{
    (void)state;
    void *own = NULL;
    start(&own);
    struct fixture *f = own;
    struct client c = client_open(f->server);
    client_get(&c, "/small", "");
    client_get(&c, "/small", "Range: bytes=0-9\r\n");
    client_get(&c, "/small", "If-None-Match: *\r\n");
    client_get(&c, "/nothing", "");
    struct http_counts n = http_counts(f->server);
    assert_int_equal(n.connections, 1);
    assert_int_equal(n.requests, 4);
    assert_int_equal(n.by_status[2], 2);
    assert_int_equal(n.by_status[3], 1);
    assert_int_equal(n.by_status[4], 1);
    assert_int_equal(n.bytes_sent,
                     1010 + (int)strlen("not_found: no such path\n"));
    client_close(&c);
    stop(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_answers_carry_all_headers),
        cmocka_unit_test(own_headers_replace_those_of_the_answer),
        cmocka_unit_test(a_known_tag_is_304_without_a_body),
        cmocka_unit_test(ranges_are_exact),
        cmocka_unit_test(if_range_guards_the_range),
        cmocka_unit_test(head_tells_the_length_and_ignores_ranges),
        cmocka_unit_test(counts_add_up),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
