// SPDX-License-Identifier: MIT
// id_test.c - names of things.
#include "reeld/base/id.h"

#include <string.h>

#include "reeld/base/clock.h"
#include "unit.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

// The five bits that the character at `i` of the body stands for.
static uint64_t bits_at(const struct id *id, size_t i)
{
    const char *body = strchr(id->text, '-') + 1;
    return (uint64_t)(strchr(alphabet, body[i]) - alphabet);
}

static void a_new_id_is_an_id(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"m", "a", "img", "s", "c", "j", "k"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        struct id id = id_new(prefixes[i]);
        assert_int_equal(strlen(id.text),
                         strlen(prefixes[i]) + 1 + ID_BODY_LEN);
        struct id again;
        assert_int_equal(id_parse(str_of(id.text), &again), OK);
        assert_true(id_eq(&id, &again));
        assert_true(id_has_prefix(&id, prefixes[i]));
    }
}

static void a_new_id_holds_a_uuid_of_version_7(void **state)
{
    (void)state;
    int64_t before_ms = clock_wall_us() / 1000;
    struct id id = id_new("m");
    int64_t after_ms = clock_wall_us() / 1000;
    // 2 zero bits and 48 of time are the first 50: ten characters.
    uint64_t time_ms = 0;
    for (size_t i = 0; i < 10; i++)
        time_ms = time_ms << 5 | bits_at(&id, i);
    assert_in_range(time_ms, before_ms, after_ms);
    // Then 4 bits of version, 12 random, 2 of variant.
    assert_int_equal(bits_at(&id, 10) >> 1, 7);
    assert_int_equal(bits_at(&id, 13) >> 2 & 3, 2);
}

static void new_ids_differ(void **state)
{
    (void)state;
    struct id one = id_new("m");
    for (int i = 0; i < 1000; i++) {
        struct id other = id_new("m");
        assert_false(id_eq(&one, &other));
        one = other;
    }
}

static void ids_sort_by_time_of_birth(void **state)
{
    (void)state;
    struct id early = id_new("m");
    int64_t since_ms = clock_wall_us() / 1000;
    while (clock_wall_us() / 1000 <= since_ms + 1)
        ;
    struct id late = id_new("m");
    assert_true(strcmp(early.text, late.text) < 0);
}

static void the_same_hash_gives_the_same_id(void **state)
{
    (void)state;
    uint8_t hash[17] = {0};
    struct id zero = id_from_hash("s", hash);
    assert_string_equal(zero.text, "s-00000000000000000000000000");
    memset(hash, 0xFF, sizeof(hash));
    struct id ones = id_from_hash("s", hash);
    assert_string_equal(ones.text, "s-zzzzzzzzzzzzzzzzzzzzzzzzzz");
    hash[0] = 0x08; // 00001 000...
    memset(hash + 1, 0, sizeof(hash) - 1);
    hash[16] = 0x40; // bit 130, the last that counts
    struct id mixed = id_from_hash("s", hash);
    assert_string_equal(mixed.text, "s-10000000000000000000000001");
}

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "m",
        "m-",
        "m-0123456789abcdefghjkmnpqr",   // one short
        "m-0123456789abcdefghjkmnpqrss", // one long
        "M-0123456789abcdefghjkmnpqrs",
        "x-0123456789abcdefghjkmnpqrs", // no such prefix
        "-0123456789abcdefghjkmnpqrs",
        "mm-0123456789abcdefghjkmnpqrs",
        "m_0123456789abcdefghjkmnpqrs",
        "m-0123456789abcdefghjkmnpqrS",
        "m-0123456789abcdefghjkmnpqri", // i l o u are not in the alphabet
        "m-0123456789abcdefghjkmnpqrl",
        "m-0123456789abcdefghjkmnpqro",
        "m-0123456789abcdefghjkmnpqru",
        "m-../../../../etc/passwd....",
        " m-0123456789abcdefghjkmnpqrs",
    };
    struct id id = {"untouched"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(id_parse(str_of(bad[i]), &id), ERR_BAD_INPUT);
    assert_int_equal(id_parse(STR("m-0123456789abcdefghjkmnpq\0s"), &id),
                     ERR_BAD_INPUT);
    assert_string_equal(id.text, "untouched");
    assert_int_equal(id_parse(STR("m-0123456789abcdefghjkmnpqrs"), &id), OK);
}

static void a_prefix_is_compared_whole(void **state)
{
    (void)state;
    struct id id = id_new("img");
    assert_true(id_has_prefix(&id, "img"));
    assert_false(id_has_prefix(&id, "im"));
    assert_false(id_has_prefix(&id, "m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_id_is_an_id),
        cmocka_unit_test(a_new_id_holds_a_uuid_of_version_7),
        cmocka_unit_test(new_ids_differ),
        cmocka_unit_test(ids_sort_by_time_of_birth),
        cmocka_unit_test(the_same_hash_gives_the_same_id),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(a_prefix_is_compared_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
