// SPDX-License-Identifier: MIT
// math_test.c - exact arithmetic.
#include "reeld/base/math.h"

#include "unit.h"

static void scaling_rounds_as_its_name_says(void **state)
{
    (void)state;
    static const struct {
        int64_t value, num, den, floor, ceil, round;
    } cases[] = {
        {0,  1, 3, 0,  0,  0 },
        {1,  1, 3, 0,  1,  0 },
        {2,  1, 3, 0,  1,  1 },
        {3,  1, 3, 1,  1,  1 },
        {1,  1, 2, 0,  1,  1 },
        {3,  1, 2, 1,  2,  2 },
        {-1, 1, 3, -1, 0,  0 },
        {-2, 1, 3, -1, 0,  -1},
        {-3, 1, 3, -1, -1, -1},
        {-1, 1, 2, -1, 0,  -1},
        {-3, 1, 2, -2, -1, -2},
        {5,  0, 7, 0,  0,  0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t v = cases[i].value, n = cases[i].num, d = cases[i].den;
        assert_true(scale_floor(v, n, d) == cases[i].floor);
        assert_true(scale_ceil(v, n, d) == cases[i].ceil);
        assert_true(scale_round(v, n, d) == cases[i].round);
    }
}

static void products_past_64_bits_are_exact(void **state)
{
    (void)state;
    assert_true(scale_floor(INT64_MAX, INT64_MAX, INT64_MAX) == INT64_MAX);
    assert_true(scale_round(INT64_MIN, 1001, 1001) == INT64_MIN);
    // 90 kHz of 100 years in nanoseconds
    assert_true(scale_floor(3155760000000000000, 90000, 1000000000) ==
                284018400000000);
}

static void what_does_not_fit_saturates(void **state)
{
    (void)state;
    assert_true(scale_floor(INT64_MAX, 2, 1) == INT64_MAX);
    assert_true(scale_ceil(INT64_MIN, 2, 1) == INT64_MIN);
    assert_true(scale_round(INT64_MIN, INT64_MAX, 1) == INT64_MIN);
    assert_true(scale_round(INT64_MAX, INT64_MAX, 1) == INT64_MAX);
}

static void rationals_are_reduced_to_lowest_terms(void **state)
{
    (void)state;
    static const struct {
        struct rational in, out;
    } cases[] = {
        {{30000, 1001},          {30000, 1001}     },
        {{50, 2},                {25, 1}           },
        {{0, 5},                 {0, 1}            },
        {{6, -4},                {-3, 2}           },
        {{-6, -4},               {3, 2}            },
        {{7, 0},                 {0, 1}            },
        {{INT64_MIN, 2},         {INT64_MIN / 2, 1}},
        {{INT64_MAX, INT64_MAX}, {1, 1}            },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rational r = rational_reduce(cases[i].in);
        assert_true(r.num == cases[i].out.num);
        assert_true(r.den == cases[i].out.den);
    }
}

static void rationals_are_compared_exactly(void **state)
{
    (void)state;
    struct rational ntsc = {30000, 1001};
    struct rational thirty = {30, 1};
    assert_true(rational_compare(ntsc, thirty) < 0);
    assert_true(rational_compare(thirty, ntsc) > 0);
    assert_int_equal(rational_compare(thirty, (struct rational){60000, 2000}),
                     0);
    struct rational close = {INT64_MAX, INT64_MAX - 1};
    struct rational closer = {INT64_MAX - 1, INT64_MAX - 2};
    assert_true(rational_compare(close, closer) < 0);
    assert_true(rational_compare((struct rational){-1, 3},
                                 (struct rational){1, 3}) < 0);
}

static void overflow_is_noticed(void **state)
{
    (void)state;
    int64_t result = 0;
    assert_true(add_overflows(INT64_MAX, 1, &result));
    assert_false(add_overflows(INT64_MAX - 1, 1, &result));
    assert_true(mul_overflows(INT64_MAX / 2 + 1, 2, &result));
    assert_false(mul_overflows(INT64_MAX / 2, 2, &result));
}

static void clamping_keeps_within_both_ends(void **state)
{
    (void)state;
    assert_true(clamp_i64(5, 1, 9) == 5);
    assert_true(clamp_i64(0, 1, 9) == 1);
    assert_true(clamp_i64(10, 1, 9) == 9);
    assert_true(min_i64(-1, 1) == -1);
    assert_true(max_i64(-1, 1) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scaling_rounds_as_its_name_says),
        cmocka_unit_test(products_past_64_bits_are_exact),
        cmocka_unit_test(what_does_not_fit_saturates),
        cmocka_unit_test(rationals_are_reduced_to_lowest_terms),
        cmocka_unit_test(rationals_are_compared_exactly),
        cmocka_unit_test(overflow_is_noticed),
        cmocka_unit_test(clamping_keeps_within_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
