// SPDX-License-Identifier: MIT
// backoff_test.c - pauses that double.
#include "reeld/courier/backoff.h"
#include "unit.h"

static void pauses_double_up_to_the_longest(void **state)
{
    (void)state;
    static const int64_t wanted[] = {30,   30,   60,   120,   240,   480,  960,
                                     1920, 3840, 7680, 15360, 21600, 21600};
    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
        assert_int_equal(backoff_us(30, 21600, i), wanted[i]);
}

// With the defaults they come to about a day: 30 s, then up to 6 h.
static void the_defaults_last_a_day(void **state)
{
    (void)state;
    int64_t sum_s = 0;
    for (uint32_t i = 1; i < 14; i++)
        sum_s += backoff_us(30, 21600, i);
    assert_in_range(sum_s, 24 * 3600 - 3600, 27 * 3600);
}

static void no_number_of_tries_overflows(void **state)
{
    (void)state;
    assert_int_equal(backoff_us(1, INT64_MAX, UINT32_MAX), INT64_MAX);
    assert_int_equal(backoff_us(7, 7, UINT32_MAX), 7);
    assert_int_equal(backoff_us(INT64_MAX, INT64_MAX, 2), INT64_MAX);
}

static void a_first_one_above_the_longest_is_kept_once(void **state)
{
    (void)state;
    assert_int_equal(backoff_us(100, 10, 1), 100);
    assert_int_equal(backoff_us(100, 10, 2), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_the_longest),
        cmocka_unit_test(the_defaults_last_a_day),
        cmocka_unit_test(no_number_of_tries_overflows),
        cmocka_unit_test(a_first_one_above_the_longest_is_kept_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
