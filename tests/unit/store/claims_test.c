// SPDX-License-Identifier: MIT
// claims_test.c - claims on digests.
#include "reeld/store/claims.h"

#include "reeld/base/thread.h"
#include "unit.h"

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
        cmocka_unit_test(an_owned_digest_is_nobody_elses),
        cmocka_unit_test(owners_come_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
