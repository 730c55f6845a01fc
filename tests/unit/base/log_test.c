// SPDX-License-Identifier: MIT
// log_test.c - lines on stderr, caught in a file in memory.
#include "reeld/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "unit.h"

enum { LEN_OF_TIME = 21 }; // "2026-11-21T19:03:11Z "

static int caught = -1;
static int before = -1;

// Between the two calls stderr is a file; what was written comes back.
static void catch_stderr(void)
{
    caught = memfd_create("stderr", MFD_CLOEXEC);
    before = dup(STDERR_FILENO);
    dup2(caught, STDERR_FILENO);
}

static char *caught_text(void)
{
    dup2(before, STDERR_FILENO);
    fd_close(before);
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(caught, 100000, &bytes, &len), OK);
    fd_close(caught);
    return (char *)bytes;
}

static int reset(void **state)
{
    (void)state;
    log_set_level(LOG_INFO);
    log_set_context(NULL);
    return 0;
}

static void a_line_has_time_level_and_text(void **state)
{
    (void)state;
    catch_stderr();
    log_info("asset.ready id=%s tracks=%d", "m-1", 2);
    scoped(mem) char *text = caught_text();
    assert_int_equal(text[LEN_OF_TIME - 2], 'Z');
    assert_string_equal(text + LEN_OF_TIME,
                        "info asset.ready id=m-1 tracks=2\n");
}

static void lines_above_the_level_are_left_out(void **state)
{
    (void)state;
    log_set_level(LOG_WARN);
    assert_int_equal(log_get_level(), LOG_WARN);
    catch_stderr();
    log_debug("a");
    log_info("b");
    log_warn("c");
    log_error("d");
    scoped(mem) char *text = caught_text();
    assert_null(strstr(text, " a\n"));
    assert_null(strstr(text, " b\n"));
    assert_non_null(strstr(text, "warn c\n"));
    assert_non_null(strstr(text, "error d\n"));
}

static void the_context_of_the_thread_is_added(void **state)
{
    (void)state;
    log_set_context("request=7");
    catch_stderr();
    log_info("x");
    log_set_context(NULL);
    log_info("y");
    scoped(mem) char *text = caught_text();
    assert_non_null(strstr(text, "info x request=7\n"));
    assert_non_null(strstr(text, "info y\n"));
}

static void a_newline_cannot_forge_a_line(void **state)
{
    (void)state;
    catch_stderr();
    log_info("a\nb\x1b[31m");
    scoped(mem) char *text = caught_text();
    assert_string_equal(text + LEN_OF_TIME, "info a?b?[31m\n");
}

static void a_long_line_is_cut_and_keeps_its_context(void **state)
{
    (void)state;
    log_set_context("request=7");
    catch_stderr();
    log_info("%09000d", 1);
    scoped(mem) char *text = caught_text();
    assert_int_equal(strchr(text, '\n') - text, strlen(text) - 1);
    assert_true(strlen(text) <= 4096);
    assert_non_null(strstr(text, "0 request=7\n"));
}

static void outside_text_is_quoted(void **state)
{
    (void)state;
    char to[LOG_QUOTED_BYTES];
    assert_string_equal(log_quote(STR("a b"), to), "\"a b\"");
    assert_string_equal(log_quote(STR("a\"\\\n\x7F\0"), to),
                        "\"a\\x22\\x5c\\x0a\\x7f\\x00\"");
    assert_string_equal(log_quote(STR("\xc2\x85\xe2\x80\xae\xff"), to),
                        "\"\\xc2\\x85\\xe2\\x80\\xae\\xff\"");
    assert_string_equal(log_quote(str_of(NULL), to), "\"\"");
}

static void quoting_stays_within_its_room(void **state)
{
    (void)state;
    char to[LOG_QUOTED_BYTES + 1];
    to[LOG_QUOTED_BYTES] = 'k';
    char many[2000];
    for (int fill = 0; fill < 2; fill++) {
        memset(many, fill ? '\n' : 'a', sizeof(many));
        for (size_t shift = 0; shift < 5; shift++) {
            many[shift] = 'x';
            log_quote((struct str){many, sizeof(many)}, to);
            size_t len = strlen(to);
            assert_true(len < LOG_QUOTED_BYTES);
            assert_int_equal(to[len - 1], '"');
            assert_int_equal(to[LOG_QUOTED_BYTES], 'k');
        }
    }
}

int main(void)
{
    unsetenv("JOURNAL_STREAM");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_line_has_time_level_and_text, reset),
        cmocka_unit_test_teardown(lines_above_the_level_are_left_out, reset),
        cmocka_unit_test_teardown(the_context_of_the_thread_is_added, reset),
        cmocka_unit_test_teardown(a_newline_cannot_forge_a_line, reset),
        cmocka_unit_test_teardown(a_long_line_is_cut_and_keeps_its_context,
                                  reset),
        cmocka_unit_test(outside_text_is_quoted),
        cmocka_unit_test(quoting_stays_within_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
