// SPDX-License-Identifier: MIT
// limit_test.c - rates, counts and claims.
#include "reeld/api/claims.h"
#include "reeld/api/limit.h"

#include <stdio.h>

#include "reeld/base/thread.h"
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

static void an_owned_digest_is_nobody_elses(void **state)
{
    (void)state;
    struct claims *c = claims_new();
    struct digest one = hash_of("1", 1), two = hash_of("2", 1);
    assert_true(claims_try(c, &one));
    assert_false(claims_try(c, &one));
    assert_true(claims_try(c, &two));
    claims_release(c, &one);
    assert_true(claims_try(c, &one));
    claims_release(c, &one);
    claims_release(c, &two);
    claims_share(c, &one);
    claims_share(c, &one);
    assert_false(claims_try(c, &one));
    claims_release(c, &one);
    assert_false(claims_try(c, &one));
    claims_release(c, &one);
    assert_true(claims_try(c, &one));
    claims_release(c, &one);
    claims_free(c);
}

struct count {
    struct claims *claims;
    struct digest digest;
    int value;
};

static void *add_a_thousand(void *argument)
{
    struct count *c = argument;
    for (int i = 0; i < 1000; i++) {
        claims_own(c->claims, &c->digest);
        c->value++; // the thread sanitizer looks on
        claims_release(c->claims, &c->digest);
    }
    return NULL;
}

static void owners_come_one_after_the_other(void **state)
{
    (void)state;
    struct count c = {.claims = claims_new(), .digest = hash_of("x", 1)};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = thread_start("owner", ROLE_ANY, add_a_thousand, &c);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.value, 3000);
    claims_free(c.claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_the_rate),
        cmocka_unit_test(names_do_not_pay_for_each_other),
        cmocka_unit_test(more_names_than_places_lock_nobody_out),
        cmocka_unit_test(a_gate_counts_all_and_each),
        cmocka_unit_test(an_owned_digest_is_nobody_elses),
        cmocka_unit_test(owners_come_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
