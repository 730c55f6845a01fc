// SPDX-License-Identifier: MIT
// limit_test.c - rates and counts.
#include "reeld/api/limit.h"

#include <stdio.h>

#include "unit.h"

enum { SECOND = 1000000 };

static void a_burst_passes_and_then_the_rate(void **state)
{
    (void)state;
    struct limit *l = limit_new(SECOND / 10, 5);
    int64_t wait_us = -1;
    for (int i = 0; i < 5; i++)
        assert_true(limit_take(l, STR("k"), SECOND, &wait_us));
    assert_false(limit_take(l, STR("k"), SECOND, &wait_us));
    assert_int_equal(wait_us, SECOND / 10);
    assert_false(limit_take(l, STR("k"), SECOND + SECOND / 10 - 1, &wait_us));
    assert_int_equal(wait_us, 1);
    assert_true(limit_take(l, STR("k"), SECOND + SECOND / 10, &wait_us));
    assert_false(limit_take(l, STR("k"), SECOND + SECOND / 10, &wait_us));
    limit_free(l);
}

static void names_do_not_pay_for_each_other(void **state)
{
    (void)state;
    struct limit *l = limit_new(SECOND, 1);
    int64_t wait_us = 0;
    assert_true(limit_take(l, STR("a"), 0, &wait_us));
    assert_false(limit_take(l, STR("a"), 0, &wait_us));
    assert_true(limit_take(l, STR("b"), 0, &wait_us));
    assert_true(limit_take(l, STR(""), 0, &wait_us));
    limit_free(l);
}

static void more_names_than_places_lock_nobody_out(void **state)
{
    (void)state;
    struct limit *l = limit_new(SECOND, 2);
    for (int i = 0; i < 20000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", i);
        int64_t wait_us = 0;
        assert_true(limit_take(l, str_of(name), 1, &wait_us));
    }
    limit_free(l);
}

static void a_gate_counts_all_and_each(void **state)
{
    (void)state;
    struct gate *g = gate_new(3, 2);
    assert_true(gate_enter(g, STR("a")));
    assert_true(gate_enter(g, STR("a")));
    assert_false(gate_enter(g, STR("a")));
    assert_true(gate_enter(g, STR("b")));
    assert_false(gate_enter(g, STR("c")));
    gate_leave(g, STR("a"));
    assert_true(gate_enter(g, STR("c")));
    gate_leave(g, STR("b"));
    assert_true(gate_enter(g, STR("a")));
    assert_false(gate_enter(g, STR("b")));
    gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_the_rate),
        cmocka_unit_test(names_do_not_pay_for_each_other),
        cmocka_unit_test(more_names_than_places_lock_nobody_out),
        cmocka_unit_test(a_gate_counts_all_and_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
