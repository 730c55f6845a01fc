// SPDX-License-Identifier: MIT
// str_test.c - borrowed text.
#include "reeld/base/str.h"

#include <inttypes.h>
#include <stdio.h>

#include "reeld/base/scoped.h"
#include "unit.h"

static void equality_looks_at_bytes_and_length(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_of("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(str_of(NULL), STR("")));
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
}

static void case_is_ignored_for_ascii_alone(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("\xC3\x84"), STR("\xC3\xA4")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("["), STR("{")));
    assert_false(str_eq_nocase(STR("a"), STR("aa")));
}

static void beginnings_and_ends_are_found(void **state)
{
    (void)state;
    assert_true(str_starts(STR("index.m3u8"), STR("index")));
    assert_true(str_starts(STR("index"), STR("")));
    assert_false(str_starts(STR("in"), STR("index")));
    assert_true(str_ends(STR("index.m3u8"), STR(".m3u8")));
    assert_true(str_ends(STR("x"), STR("")));
    assert_true(str_ends(str_of(NULL), STR("")));
    assert_false(str_ends(STR("m3u8"), STR(".m3u8")));
}

static void trimming_takes_blanks_and_tabs_alone(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t a b\t ")), "a b");
    assert_str(str_trim(STR("\na\n")), "\na\n");
    assert_str(str_trim(STR("  ")), "");
    assert_str(str_trim(str_of(NULL)), "");
}

static void skipping_stops_at_the_end(void **state)
{
    (void)state;
    assert_str(str_skip(STR("abc"), 1), "bc");
    assert_str(str_skip(STR("abc"), 3), "");
    assert_str(str_skip(STR("abc"), 9), "");
    assert_str(str_skip(str_of(NULL), 1), "");
}

static void cutting_walks_over_all_fields(void **state)
{
    (void)state;
    struct str rest = STR("a,,b,");
    assert_str(str_cut(&rest, ','), "a");
    assert_str(str_cut(&rest, ','), "");
    assert_str(str_cut(&rest, ','), "b");
    assert_non_null(rest.ptr); // an empty field follows the last comma
    assert_str(str_cut(&rest, ','), "");
    assert_null(rest.ptr);
}

static void a_cut_without_separator_gives_all(void **state)
{
    (void)state;
    struct str rest = STR("abc");
    assert_str(str_cut(&rest, '='), "abc");
    assert_null(rest.ptr);
    assert_int_equal(rest.len, 0);
}

static void a_duplicate_is_terminated(void **state)
{
    (void)state;
    scoped(mem) char *copy = str_dup(str_skip(STR("abcdef"), 3));
    assert_string_equal(copy, "def");
    scoped(mem) char *none = str_dup(str_of(NULL));
    assert_string_equal(none, "");
}

static void a_copy_is_cut_between_characters(void **state)
{
    (void)state;
    char to[5];
    str_copy(to, sizeof(to), STR("abcd"));
    assert_string_equal(to, "abcd");
    str_copy(to, sizeof(to), STR("abcde"));
    assert_string_equal(to, "abcd");
    str_copy(to, sizeof(to), STR("abc\xC3\xA4"));
    assert_string_equal(to, "abc");
    str_copy(to, sizeof(to), STR("ab\xC3\xA4"));
    assert_string_equal(to, "ab\xC3\xA4");
    str_copy(to, sizeof(to), STR("a\xF0\x9F\x8E\xAC"));
    assert_string_equal(to, "a");
    str_copy(to, 1, STR("a"));
    assert_string_equal(to, "");
    to[0] = 'k';
    str_copy(to, 0, STR("a"));
    assert_int_equal(to[0], 'k');
}

static void whole_numbers_are_read_strictly(void **state)
{
    (void)state;
    int64_t value = 99;
    static const char *const bad[] = {"",     "-",   "+1",  " 1", "1 ",
                                      "1.0",  "0x1", "1e3", "-1", "--1",
                                      "1\n2", "a",   "1a"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(str_to_int(str_of(bad[i]), 0, 1000, &value),
                         ERR_BAD_INPUT);
    assert_int_equal(str_to_int(STR("1\0"), 0, 1000, &value), ERR_BAD_INPUT);
    assert_int_equal(value, 99); // untouched on failure
    assert_int_equal(str_to_int(STR("007"), 0, 1000, &value), OK);
    assert_int_equal(value, 7);
}

static void a_number_keeps_within_its_bounds(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_int_equal(str_to_int(STR("10"), 10, 20, &value), OK);
    assert_int_equal(str_to_int(STR("20"), 10, 20, &value), OK);
    assert_int_equal(value, 20);
    assert_int_equal(str_to_int(STR("9"), 10, 20, &value), ERR_BAD_INPUT);
    assert_int_equal(str_to_int(STR("21"), 10, 20, &value), ERR_BAD_INPUT);
    assert_int_equal(str_to_int(STR("-5"), -5, 5, &value), OK);
    assert_int_equal(value, -5);
    assert_int_equal(str_to_int(STR("-6"), -5, 5, &value), ERR_BAD_INPUT);
}

static void the_largest_numbers_fit_and_no_larger(void **state)
{
    (void)state;
    int64_t value = 0;
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, INT64_MIN);
    assert_int_equal(str_to_int(str_of(text), INT64_MIN, INT64_MAX, &value),
                     OK);
    assert_true(value == INT64_MIN);
    snprintf(text, sizeof(text), "%" PRId64, INT64_MAX);
    assert_int_equal(str_to_int(str_of(text), 0, INT64_MAX, &value), OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(
        str_to_int(STR("9223372036854775808"), INT64_MIN, INT64_MAX, &value),
        ERR_BAD_INPUT);
    assert_int_equal(
        str_to_int(STR("-9223372036854775809"), INT64_MIN, INT64_MAX, &value),
        ERR_BAD_INPUT);
    assert_int_equal(
        str_to_int(STR("99999999999999999999"), 0, INT64_MAX, &value),
        ERR_BAD_INPUT);
}

static void well_formed_utf8_is_accepted(void **state)
{
    (void)state;
    assert_true(str_is_utf8(STR("")));
    assert_true(str_is_utf8(STR("plain \x7F")));
    assert_true(str_is_utf8(STR("\xC2\x80 \xDF\xBF")));
    assert_true(str_is_utf8(STR("\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80")));
    assert_true(str_is_utf8(STR("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF")));
}

static void malformed_utf8_is_refused(void **state)
{
    (void)state;
    assert_false(str_is_utf8(STR("a\0b")));
    assert_false(str_is_utf8(STR("\x80")));
    assert_false(str_is_utf8(STR("\xC3")));
    assert_false(str_is_utf8(STR("\xC3(")));
    assert_false(str_is_utf8(STR("\xC0\xAF")));         // overlong
    assert_false(str_is_utf8(STR("\xC1\xBF")));         // overlong
    assert_false(str_is_utf8(STR("\xE0\x9F\xBF")));     // overlong
    assert_false(str_is_utf8(STR("\xF0\x8F\xBF\xBF"))); // overlong
    assert_false(str_is_utf8(STR("\xED\xA0\x80")));     // surrogate
    assert_false(str_is_utf8(STR("\xED\xBF\xBF")));     // surrogate
    assert_false(str_is_utf8(STR("\xF4\x90\x80\x80"))); // past U+10FFFF
    assert_false(str_is_utf8(STR("\xF8\x88\x80\x80\x80")));
    assert_false(str_is_utf8(STR("\xFF")));
}

static void controls_are_not_printable(void **state)
{
    (void)state;
    assert_true(str_is_printable(STR("Gr\xC3\xBC\xC3\x9F"
                                     "e ~\xC2\xA0")));
    assert_false(str_is_printable(STR("a\nb")));
    assert_false(str_is_printable(STR("\x1F")));
    assert_false(str_is_printable(STR("\x7F")));
    assert_false(str_is_printable(STR("\xC2\x80")));
    assert_false(str_is_printable(STR("\xC2\x9F")));
    assert_false(str_is_printable(STR("\xC3")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_looks_at_bytes_and_length),
        cmocka_unit_test(case_is_ignored_for_ascii_alone),
        cmocka_unit_test(beginnings_and_ends_are_found),
        cmocka_unit_test(trimming_takes_blanks_and_tabs_alone),
        cmocka_unit_test(skipping_stops_at_the_end),
        cmocka_unit_test(cutting_walks_over_all_fields),
        cmocka_unit_test(a_cut_without_separator_gives_all),
        cmocka_unit_test(a_duplicate_is_terminated),
        cmocka_unit_test(a_copy_is_cut_between_characters),
        cmocka_unit_test(whole_numbers_are_read_strictly),
        cmocka_unit_test(a_number_keeps_within_its_bounds),
        cmocka_unit_test(the_largest_numbers_fit_and_no_larger),
        cmocka_unit_test(well_formed_utf8_is_accepted),
        cmocka_unit_test(malformed_utf8_is_refused),
        cmocka_unit_test(controls_are_not_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
