// SPDX-License-Identifier: MIT
// buf_test.c - growing text and bytes.
#include "reeld/base/buf.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/blob.h"
#include "unit.h"

static void text_is_put_together(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "a");
    buf_char(&b, '=');
    buf_str(&b, STR("b"));
    buf_printf(&b, ",%d", 42);
    buf_add(&b, "\0x", 2);
    assert_str(buf_view(&b), "a=b,42\0x");
    assert_int_equal(b.bytes[b.len], '\0');
    assert_int_equal(buf_end(&b), OK);
}

static void an_unused_buffer_is_empty_and_fine(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 0);
    assert_str(buf_view(&b), "");
    assert_int_equal(buf_end(&b), OK);
    buf_text(&b, "");
    assert_int_equal(buf_end(&b), OK);
}

static void the_limit_can_be_reached_and_not_passed(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 4);
    buf_text(&b, "abcd");
    assert_int_equal(buf_end(&b), OK);
    buf_char(&b, 'e');
    assert_true(b.is_over);
    assert_str(buf_view(&b), "abcd");
    assert_int_equal(buf_end(&b), ERR_TOO_LARGE);
}

static void past_the_limit_nothing_more_is_taken(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 4);
    buf_text(&b, "ab");
    buf_printf(&b, "c%s", "defg");
    assert_str(buf_view(&b), "ab");
    buf_char(&b, 'c');
    assert_str(buf_view(&b), "ab");
    assert_int_equal(b.bytes[2], '\0');
}

static void printing_fits_at_every_length(void **state)
{
    (void)state;
    for (int len = 0; len < 600; len++) {
        scoped(buf) struct buf b;
        buf_init(&b, 2000);
        buf_printf(&b, "%*s", len, "");
        buf_printf(&b, "%*s|", len, "");
        assert_int_equal(b.len, 2 * len + 1);
        assert_int_equal(b.bytes[b.len - 1], '|');
        assert_int_equal(buf_end(&b), OK);
    }
}

// Against snprintf(): what both of them make of the same words.
#define assert_prints_alike(...)                                               \
    do {                                                                       \
        char wanted[400];                                                      \
        int len = snprintf(wanted, sizeof wanted, __VA_ARGS__);                \
        scoped(buf) struct buf b;                                              \
        buf_init(&b, sizeof wanted);                                           \
        buf_printf(&b, __VA_ARGS__);                                           \
        assert_int_equal(b.len, len);                                          \
        assert_string_equal((const char *)b.bytes, wanted);                    \
    } while (0)

static void printing_says_what_stdio_says(void **state)
{
    (void)state;
    const int64_t number[] = {0,    1,       -1,      9,         -9,
                              10,   -10,     99999,   -99999,    1234567,
                              -123, INT_MAX, INT_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        int64_t v = number[i];
        assert_prints_alike("<%d %u %ld %lu %zu>", (int)v, (unsigned)v, (long)v,
                            (unsigned long)v, (size_t)v);
        assert_prints_alike("%02d:%03u:%06ld %09lu", (int)v, (unsigned)v,
                            (long)v, (unsigned long)v);
        assert_prints_alike("%04x %5d %-7ld| %c %% %lld %s", (unsigned)v,
                            (int)v, (long)v, 'x', (long long)v, "end");
    }
    for (int most = -1; most < 6; most++)
        assert_prints_alike("[%.*s][%s]%.3s%5s", most, "four", "", "abcd", "e");
    assert_prints_alike("100%% of %d%%, %s", 7, "all");
    assert_prints_alike("%s", "");
}

static void text_with_a_length_needs_no_end(void **state)
{
    (void)state;
    const char open[] = {'a', 'b', 'c'};
    scoped(buf) struct buf b;
    buf_init(&b, 100);
    buf_printf(&b, "%.*s|%.*s", 3, open, 0, open);
    assert_str(buf_view(&b), "abc|");
    scoped(buf) struct buf unused;
    buf_init(&unused, 1);
    struct str none = buf_view(&unused);
    assert_null(none.ptr); // as no compiler can see
    buf_printf(&b, "%.*s|", STR_ARG(none));
    assert_str(buf_view(&b), "abc||");
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 100);
    buf_u8(&b, 0x01);
    buf_u16(&b, 0x0203);
    buf_u24(&b, 0x040506);
    buf_u32(&b, 0x0708090A);
    buf_u64(&b, 0x0B0C0D0E0F101112);
    assert_int_equal(b.len, 18);
    for (int i = 0; i < 18; i++)
        assert_int_equal(b.bytes[i], i + 1);
}

static void a_size_is_patched_in_place(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "x----y");
    buf_patch_u32(&b, 1, 0x41424344);
    assert_str(buf_view(&b), "xABCDy");
}

static void patching_a_buffer_that_is_over_does_nothing(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 2);
    buf_text(&b, "abcd");
    buf_patch_u32(&b, 0, 1);
    assert_int_equal(buf_end(&b), ERR_TOO_LARGE);
}

static void memory_that_cannot_be_had_is_reported(void **state)
{
    (void)state;
#ifdef REELD_SANITIZED
    skip(); // the sanitizer stops the program at such a size
#endif
    scoped(buf) struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_text(&b, "abc");
    buf_add(&b, "", SIZE_MAX / 2);
    assert_int_equal(buf_end(&b), ERR_IO);
    assert_str(buf_view(&b), "abc");
}

static void taken_bytes_leave_an_empty_buffer(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 10);
    buf_text(&b, "abc");
    size_t len = 0;
    scoped(mem) uint8_t *bytes = buf_take(&b, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "abc", 4);
    assert_int_equal(b.len, 0);
    buf_text(&b, "0123456789"); // the limit is as before
    assert_int_equal(buf_end(&b), OK);
    buf_done(&b);
    scoped(mem) uint8_t *none = buf_take(&b, &len);
    assert_non_null(none);
    assert_int_equal(len, 0);
}

static void a_blob_lives_as_long_as_its_last_holder(void **state)
{
    (void)state;
    scoped(buf) struct buf b;
    buf_init(&b, 10);
    buf_text(&b, "abc");
    struct blob *one = blob_from_buf(&b);
    assert_int_equal(b.len, 0);
    struct blob *two = blob_ref(one);
    assert_ptr_equal(one, two);
    blob_unref(one);
    assert_int_equal(two->len, 3);
    assert_memory_equal(two->bytes, "abc", 3);
    blob_unref(two);
    blob_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_put_together),
        cmocka_unit_test(an_unused_buffer_is_empty_and_fine),
        cmocka_unit_test(the_limit_can_be_reached_and_not_passed),
        cmocka_unit_test(past_the_limit_nothing_more_is_taken),
        cmocka_unit_test(printing_fits_at_every_length),
        cmocka_unit_test(printing_says_what_stdio_says),
        cmocka_unit_test(text_with_a_length_needs_no_end),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_size_is_patched_in_place),
        cmocka_unit_test(patching_a_buffer_that_is_over_does_nothing),
        cmocka_unit_test(memory_that_cannot_be_had_is_reported),
        cmocka_unit_test(taken_bytes_leave_an_empty_buffer),
        cmocka_unit_test(a_blob_lives_as_long_as_its_last_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
