// SPDX-License-Identifier: MIT
// err_test.c - failures keep their sentence.
#include "reeld/base/err.h"

#include <errno.h>
#include <string.h>

#include "reeld/base/thread.h"
#include "unit.h"

static void a_failure_keeps_its_sentence(void **state)
{
    (void)state;
    assert_int_equal(fail(ERR_NOT_FOUND, "no blob %d", 7), ERR_NOT_FOUND);
    assert_string_equal(fail_text(), "no blob 7");
    assert_int_equal(fail(ERR_BUSY, "later"), ERR_BUSY);
    assert_string_equal(fail_text(), "later");
}

static void a_sentence_may_hold_the_one_before(void **state)
{
    (void)state;
    ignore(fail(ERR_IO, "inner")); // only the sentence matters here
    ignore(fail(ERR_IO, "outer: %s", fail_text()));
    assert_string_equal(fail_text(), "outer: inner");
}

static void a_long_sentence_is_cut_at_511_bytes(void **state)
{
    (void)state;
    ignore(fail(ERR_IO, "%0600d", 1)); // only the sentence matters here
    assert_int_equal(strlen(fail_text()), 511);
    errno = EACCES;
    ignore(fail_errno(ERR_IO, "%0600d", 1));
    assert_int_equal(strlen(fail_text()), 511);
}

static void errno_is_told_and_kept(void **state)
{
    (void)state;
    errno = EACCES;
    assert_int_equal(fail_errno(ERR_IO, "open %s", "x"), ERR_IO);
    assert_string_equal(fail_text(), "open x: Permission denied");
    assert_int_equal(errno, EACCES);
}

static void a_full_disk_is_told_apart(void **state)
{
    (void)state;
    errno = ENOSPC;
    assert_int_equal(fail_errno(ERR_IO, "write"), ERR_NO_SPACE);
    errno = EDQUOT;
    assert_int_equal(fail_errno(ERR_IO, "write"), ERR_NO_SPACE);
    errno = ENOSPC;
    assert_int_equal(fail_errno(ERR_BUSY, "write"), ERR_BUSY);
}

static void *fail_elsewhere(void *unused)
{
    ignore(fail(ERR_IO, "elsewhere")); // only the sentence matters here
    return unused;
}

static void a_sentence_belongs_to_its_thread(void **state)
{
    (void)state;
    ignore(fail(ERR_IO, "here")); // only the sentence matters here
    pthread_t other = thread_start("other", ROLE_ANY, fail_elsewhere, NULL);
    pthread_join(other, NULL);
    assert_string_equal(fail_text(), "here");
}

static enum err passes_on(enum err code, bool *ret_went_on)
{
    TRY(code);
    *ret_went_on = true;
    return OK;
}

static void try_returns_a_failure_at_once(void **state)
{
    (void)state;
    bool went_on = false;
    assert_int_equal(passes_on(ERR_CONFLICT, &went_on), ERR_CONFLICT);
    assert_false(went_on);
    assert_int_equal(passes_on(OK, &went_on), OK);
    assert_true(went_on);
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum err a = OK; a < ERRS; a++) {
        assert_string_not_equal(err_name(a), "unknown");
        for (enum err b = OK; b < a; b++)
            assert_string_not_equal(err_name(a), err_name(b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_its_sentence),
        cmocka_unit_test(a_sentence_may_hold_the_one_before),
        cmocka_unit_test(a_long_sentence_is_cut_at_511_bytes),
        cmocka_unit_test(errno_is_told_and_kept),
        cmocka_unit_test(a_full_disk_is_told_apart),
        cmocka_unit_test(a_sentence_belongs_to_its_thread),
        cmocka_unit_test(try_returns_a_failure_at_once),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
