// SPDX-License-Identifier: MIT
// transfer_test.c - what is asked, what is taken, and what ends it.
#include <stdio.h>
#include <string.h>

#include "fetch_canary.h"
#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/fetch.h"
#include "unit.h"

enum { BODY_BYTES = 1 << 20 };

struct scene {
    struct canary *canary;
    struct fetcher *fetcher;
    char url[64];
    struct fetch_request request;
    struct buf body;
    struct fetch_head head;
    int heads, status;
    enum err refuse; // what the functions return
    bool is_cancelled;
};

static enum err on_head(void *context, const struct fetch_head *h)
{
    struct scene *s = context;
    s->head = *h;
    s->heads++;
    return s->refuse == ERR_CONFLICT ? fail(ERR_CONFLICT, "not this") : OK;
}

static enum err on_data(void *context, const void *bytes, size_t len)
{
    struct scene *s = context;
    buf_add(&s->body, bytes, len);
    return s->refuse == ERR_NO_SPACE ? fail(ERR_NO_SPACE, "full") : OK;
}

static bool is_cancelled(void *context)
{
    return ((struct scene *)context)->is_cancelled;
}

static int set_up(void **state)
{
    static struct scene scene;
    struct scene *s = &scene;
    *s = (struct scene){.canary = canary_new("127.0.0.1", 0)};
    struct fetch_options o = {.allow = "127.0.0.1"};
    assert_int_equal(fetch_new(&o, &s->fetcher), OK);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/talk.mp4",
             canary_port(s->canary));
    buf_init(&s->body, BODY_BYTES);
    s->request = (struct fetch_request){.url = s->url,
                                        .redirects = 3,
                                        .timeout_us = 60000000,
                                        .stall_us = 30000000,
                                        .most_bytes = BODY_BYTES,
                                        .head = on_head,
                                        .data = on_data,
                                        .is_cancelled = is_cancelled,
                                        .context = s};
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    buf_done(&s->body);
    canary_free(s->canary);
    fetch_free(s->fetcher);
    return 0;
}

static enum err run(struct scene *s, const char *answer)
{
    canary_answer(s->canary, answer);
    return fetch_run(s->fetcher, &s->request, &s->status);
}

static void assert_asked(struct scene *s, const char *line, bool is_there)
{
    const char *request = canary_request(s->canary);
    bool is_found = strstr(request, line) != NULL;
    if (is_found != is_there)
        print_error("%s in\n%s\n", line, request);
    assert_int_equal(is_found, is_there);
}

static void a_body_comes_with_its_head(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                            "ETag: \"v1\"\r\nLast-Modified: then\r\n"
                            "Content-Type: video/mp4\r\n\r\nhello"),
                     OK);
    assert_int_equal(s->status, 200);
    assert_int_equal(s->heads, 1);
    assert_int_equal(s->head.total_bytes, 5);
    assert_int_equal(s->head.from, 0);
    assert_string_equal(s->head.etag, "\"v1\"");
    assert_string_equal(s->head.modified, "then");
    assert_string_equal(s->head.type, "video/mp4");
    assert_str(buf_view(&s->body), "hello");
    assert_asked(s, "GET /talk.mp4 HTTP/1.1\r\n", true);
    assert_asked(s, "Accept-Encoding: identity\r\n", true);
    assert_asked(s, "Range:", false);
    assert_asked(s, "Authorization", false);
    assert_asked(s, "Cookie", false);
}

static void an_empty_body_has_a_head(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                     OK);
    assert_int_equal(s->heads, 1);
    assert_int_equal(s->body.len, 0);
}

static void a_length_may_be_unknown(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                            "\r\n5\r\nhello\r\n0\r\n\r\n"),
                     OK);
    assert_int_equal(s->head.total_bytes, -1);
    assert_str(buf_view(&s->body), "hello");
}

static void the_rest_can_be_asked_for(void **state)
{
    struct scene *s = *state;
    s->request.from = 3;
    s->request.if_range = "\"v1\"";
    assert_int_equal(run(s, "HTTP/1.1 206 Partial Content\r\n"
                            "Content-Range: bytes 3-4/5\r\n"
                            "Content-Length: 2\r\n\r\nlo"),
                     OK);
    assert_asked(s, "Range: bytes=3-\r\n", true);
    assert_asked(s, "If-Range: \"v1\"\r\n", true);
    assert_int_equal(s->head.from, 3);
    assert_int_equal(s->head.total_bytes, 5);
    assert_str(buf_view(&s->body), "lo");
}

// The validator did not match, or the server knows no ranges.
static void all_of_it_may_come_instead(void **state)
{
    struct scene *s = *state;
    s->request.from = 3;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                            "HELLO"),
                     OK);
    assert_int_equal(s->head.from, 0);
    assert_str(buf_view(&s->body), "HELLO");
}

static void another_part_than_asked_for_is_refused(void **state)
{
    struct scene *s = *state;
    s->request.from = 3;
    assert_int_equal(run(s, "HTTP/1.1 206 Partial Content\r\n"
                            "Content-Range: bytes 2-4/5\r\n"
                            "Content-Length: 3\r\n\r\nllo"),
                     ERR_UNSUPPORTED);
    assert_int_equal(run(s, "HTTP/1.1 206 Partial Content\r\n"
                            "Content-Length: 2\r\n\r\nlo"),
                     ERR_UNSUPPORTED);
    assert_int_equal(s->heads, 0);
    assert_int_equal(s->body.len, 0);
}

static void a_compressed_body_is_refused(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                            "Content-Length: 5\r\n\r\nhello"),
                     ERR_UNSUPPORTED);
    assert_int_equal(s->body.len, 0);
}

static void an_announced_size_is_refused_before_any_of_it_comes(void **state)
{
    struct scene *s = *state;
    s->request.most_bytes = 4;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                            "hello"),
                     ERR_TOO_LARGE);
    assert_int_equal(s->body.len, 0);
    s->request.most_bytes = 5;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                            "hello"),
                     OK);
}

static void the_size_is_counted_and_not_believed(void **state)
{
    struct scene *s = *state;
    s->request.most_bytes = 4;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
                            "hello"),
                     ERR_TOO_LARGE);
}

static void a_body_cut_short_is_trouble_that_may_pass(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
                            "hello"),
                     ERR_BUSY);
    assert_str(buf_view(&s->body), "hello");
}

static void what_is_no_http_is_not_taken(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "SSH-2.0-OpenSSH_9.2\r\n\r\n"), ERR_BAD_INPUT);
    assert_int_equal(run(s, ""), ERR_BUSY);
    assert_int_equal(s->heads, 0);
}

static void headers_without_end_are_refused(void **state)
{
    struct scene *s = *state;
    enum { LINES = 6000, LINE_BYTES = 60 };
    scoped(buf) struct buf answer;
    buf_init(&answer, BODY_BYTES);
    buf_text(&answer, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < LINES; i++)
        buf_printf(&answer, "X-%06d: %*d\r\n", i, LINE_BYTES, i);
    buf_text(&answer, "\r\n");
    assert_int_equal(buf_end(&answer), OK);
    assert_int_equal(run(s, (const char *)answer.bytes), ERR_TOO_LARGE);
}

static void other_answers_are_not_read(void **state)
{
    struct scene *s = *state;
    assert_int_equal(run(s, "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n"
                            "\r\nhello"),
                     OK);
    assert_int_equal(s->status, 404);
    assert_int_equal(s->heads, 0);
    assert_int_equal(s->body.len, 0);
}

static void what_the_owner_says_ends_it(void **state)
{
    struct scene *s = *state;
    s->refuse = ERR_CONFLICT;
    assert_int_equal(run(s, NULL), ERR_CONFLICT);
    assert_string_equal(fail_text(), "not this");
    s->refuse = ERR_NO_SPACE;
    assert_int_equal(run(s, NULL), ERR_NO_SPACE);
    assert_string_equal(fail_text(), "full");
}

static void it_can_be_cancelled(void **state)
{
    struct scene *s = *state;
    canary_hang(s->canary);
    s->is_cancelled = true;
    assert_int_equal(fetch_run(s->fetcher, &s->request, &s->status),
                     ERR_CONFLICT);
}

static void it_ends_when_its_time_is_over(void **state)
{
    struct scene *s = *state;
    canary_hang(s->canary);
    s->request.timeout_us = 200000;
    int64_t from_us = clock_now_us();
    assert_int_equal(fetch_run(s->fetcher, &s->request, &s->status),
                     ERR_TIMEOUT);
    assert_true(clock_now_us() - from_us >= 190000); // whole milliseconds
    s->request.timeout_us = 60000000;
    s->request.stall_us = 1000000;
    assert_int_equal(fetch_run(s->fetcher, &s->request, &s->status),
                     ERR_TIMEOUT);
    assert_int_equal(s->status, 0);
}

static void nobody_there_is_trouble_that_may_pass(void **state)
{
    struct scene *s = *state;
    canary_free(s->canary);
    s->canary = NULL;
    assert_int_equal(fetch_run(s->fetcher, &s->request, &s->status), ERR_BUSY);
}

static void a_post_carries_its_headers_and_body(void **state)
{
    struct scene *s = *state;
    static const char *const headers[] = {"Content-Type: application/json",
                                          "webhook-id: 7", NULL};
    s->request.post = "{}";
    s->request.post_len = 2;
    s->request.headers = headers;
    s->request.redirects = 0;
    s->request.head = NULL;
    s->request.data = NULL;
    assert_int_equal(run(s, NULL), OK);
    assert_int_equal(s->status, 200);
    assert_asked(s, "POST /talk.mp4 HTTP/1.1\r\n", true);
    assert_asked(s, "Content-Type: application/json\r\n", true);
    assert_asked(s, "webhook-id: 7\r\n", true);
    assert_asked(s, "Content-Length: 2\r\n", true);
    assert_asked(s, "Expect", false);
    assert_int_equal(run(s, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                            "Location: /elsewhere\r\n\r\n"),
                     OK);
    assert_int_equal(s->status, 302);
    assert_int_equal(canary_visits(s->canary), 2);
}

static void content_ranges_are_read_strictly(void **state)
{
    (void)state;
    int64_t from, total;
    assert_int_equal(
        fetch_parse_content_range(STR("bytes 5-9/10"), &from, &total), OK);
    assert_int_equal(from, 5);
    assert_int_equal(total, 10);
    assert_int_equal(
        fetch_parse_content_range(STR("Bytes 0-0/*"), &from, &total), OK);
    assert_int_equal(total, -1);
    static const char *const wrong[] = {"",
                                        "bytes",
                                        "bytes 5-9",
                                        "bytes 9-5/10",
                                        "bytes */10",
                                        "bytes 5-9/9",
                                        "bytes -5-9/10",
                                        "items 5-9/10",
                                        "bytes 5-9/",
                                        "bytes 5 -9/10",
                                        "bytes 5-9/1x",
                                        "bytes 5-/10",
                                        "bytes 99999999999999999999-9/10"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(
            fetch_parse_content_range(str_of(wrong[i]), &from, &total),
            ERR_BAD_INPUT);
}

static void files_are_named_by_the_end_of_the_path(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://a.test/x/talk.mp4",         "talk.mp4"    },
        {"http://a.test/talk%20one.mp4?x=1", "talk one.mp4"},
        {"http://a.test/a%2Fb.mp4#c",        "b.mp4"       },
        {"http://a.test/a%5Cb.mp4",          "b.mp4"       },
        {"http://a.test/",                   ""            },
        {"http://a.test",                    ""            },
        {"http://a.test/a%0Ab",              ""            },
        {"http://a.test/a%ffb",              ""            },
        {"no url",                           ""            },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char name[32];
        fetch_url_filename(str_of(rows[i][0]), name, sizeof(name));
        assert_string_equal(name, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_body_comes_with_its_head),
        TEST(an_empty_body_has_a_head),
        TEST(a_length_may_be_unknown),
        TEST(the_rest_can_be_asked_for),
        TEST(all_of_it_may_come_instead),
        TEST(another_part_than_asked_for_is_refused),
        TEST(a_compressed_body_is_refused),
        TEST(an_announced_size_is_refused_before_any_of_it_comes),
        TEST(the_size_is_counted_and_not_believed),
        TEST(a_body_cut_short_is_trouble_that_may_pass),
        TEST(what_is_no_http_is_not_taken),
        TEST(headers_without_end_are_refused),
        TEST(other_answers_are_not_read),
        TEST(what_the_owner_says_ends_it),
        TEST(it_can_be_cancelled),
        TEST(it_ends_when_its_time_is_over),
        TEST(nobody_there_is_trouble_that_may_pass),
        TEST(a_post_carries_its_headers_and_body),
        cmocka_unit_test(content_ranges_are_read_strictly),
        cmocka_unit_test(files_are_named_by_the_end_of_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
