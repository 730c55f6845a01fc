// SPDX-License-Identifier: MIT
// answer_test.c - the envelope around answers.
#include "reeld/videodb/answer.h"

#include <string.h>

#include "unit.h"

static void assert_says(struct answer *a, int status, const char *text)
{
    assert_int_equal(a->status, status);
    struct str got = answer_text(a);
    if (!str_eq(got, str_of(text)))
        print_error("%.*s\n", STR_ARG(got));
    assert_true(str_eq(got, str_of(text)));
}

static void success_holds_its_data(void **state)
{
    (void)state;
    scoped(answer) struct answer a;
    answer_init(&a, STR("http://h"));
    json_text(answer_data(&a, '{'), "id", "m-\"1");
    assert_says(&a, 200,
                "{\"success\":true,\"message\":\"ok\","
                "\"data\":{\"id\":\"m-\\\"1\"}}");
    answer_data(&a, '[');
    assert_says(&a, 200, "{\"success\":true,\"message\":\"ok\",\"data\":[]}");
    answer_ok(&a);
    assert_says(&a, 200, "{\"success\":true,\"message\":\"ok\",\"data\":{}}");
}

// Half an answer goes when it turns out that there is none.
static void a_failure_takes_the_place_of_a_success(void **state)
{
    (void)state;
    scoped(answer) struct answer a;
    answer_init(&a, STR("http://h"));
    json_open(answer_data(&a, '{'), "videos", '[');
    answer_problem(&a, "not_found", "video %s does not exist", "m-1");
    assert_says(&a, 404,
                "{\"success\":false,\"message\":\"video m-1 does not exist\","
                "\"error_code\":\"not_found\"}");
}

static void failures_below_are_told_by_their_code(void **state)
{
    (void)state;
    static const struct {
        enum err e;
        int status;
    } cases[] = {
        {ERR_BAD_INPUT, 400},
        {ERR_NOT_FOUND, 404},
        {ERR_CONFLICT,  409},
        {ERR_TOO_LARGE, 413},
        {ERR_GONE,      410},
        {ERR_BUSY,      503},
        {ERR_IO,        500},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        scoped(answer) struct answer a;
        answer_init(&a, STR("http://h"));
        answer_error(&a, fail(cases[i].e, "the secret /path of something"));
        assert_int_equal(a.status, cases[i].status);
        // Python sleeps for as long as it is told.
        assert_in_range(a.retry_after_s, 0, 1);
        struct str text = answer_text(&a);
        if (cases[i].e == ERR_IO)
            assert_null(memmem(text.ptr, text.len, "secret", 6));
    }
}

// Nothing but work that goes on has "status": "processing" at the top.
static void work_is_told_as_polls_read_it(void **state)
{
    (void)state;
    scoped(answer) struct answer a;
    answer_init(&a, STR("http://h:1"));
    answer_processing(&a, "async-response/m-1", -1);
    assert_says(&a, 200,
                "{\"success\":true,\"status\":\"processing\","
                "\"request_type\":\"sync\",\"data\":{\"output_url\":"
                "\"http://h:1/videodb/async-response/m-1\"}}");
    answer_processing(&a, "async-response/m-1", 40);
    assert_says(&a, 200,
                "{\"success\":true,\"status\":\"processing\","
                "\"request_type\":\"sync\",\"data\":{\"output_url\":"
                "\"http://h:1/videodb/async-response/m-1\","
                "\"percentage\":40}}");
    answer_work_done(&a, '{');
    assert_says(&a, 200, "{\"success\":true,\"status\":\"done\",\"data\":{}}");
    answer_work_failed(&a, "unsupported_media", "no video stream found");
    assert_says(&a, 200,
                "{\"success\":false,\"status\":\"failed\","
                "\"message\":\"no video stream found\","
                "\"error_code\":\"unsupported_media\"}");
    answer_accepted(&a);
    assert_says(&a, 200,
                "{\"success\":true,\"request_type\":\"async\","
                "\"message\":\"accepted\",\"data\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_holds_its_data),
        cmocka_unit_test(a_failure_takes_the_place_of_a_success),
        cmocka_unit_test(failures_below_are_told_by_their_code),
        cmocka_unit_test(work_is_told_as_polls_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
