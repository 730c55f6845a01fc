// SPDX-License-Identifier: MIT
// clock_test.c - what time it is, and how it is written.
#include "reeld/base/clock.h"

#include <time.h>

#include "unit.h"

static void the_clock_for_deadlines_never_goes_back(void **state)
{
    (void)state;
    int64_t last = clock_now_us();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_now_us();
        assert_true(now >= last);
        last = now;
    }
}

static void the_wall_clock_is_the_wall_clock(void **state)
{
    (void)state;
    int64_t before = time(NULL);
    int64_t seconds = clock_wall_us() / 1000000;
    // time() may lag the precise clock by a tick.
    assert_in_range(seconds, before, time(NULL) + 1);
}

static void work_costs_processor_time(void **state)
{
    (void)state;
    int64_t before = clock_thread_cpu_us();
    assert_true(before >= 0);
    while (clock_thread_cpu_us() == before)
        ;
    assert_true(clock_thread_cpu_us() > before);
}

static void times_are_written_as_rfc_3339(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    clock_format(1795287791999999, text);
    assert_string_equal(text, "2026-11-21T19:03:11Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59Z");
    clock_format(951782400000000, text);
    assert_string_equal(text, "2000-02-29T00:00:00Z");
}

static void times_in_headers_are_imf_fixdate(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_format_http(784111777000000, text); // the example of RFC 9110
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_for_deadlines_never_goes_back),
        cmocka_unit_test(the_wall_clock_is_the_wall_clock),
        cmocka_unit_test(work_costs_processor_time),
        cmocka_unit_test(times_are_written_as_rfc_3339),
        cmocka_unit_test(times_in_headers_are_imf_fixdate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
