// SPDX-License-Identifier: MIT
// mem_test.c - allocation that does not fail; scoped() and take().
#include "reeld/base/mem.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/scoped.h"
#include "unit.h"

static void new_memory_is_zero(void **state)
{
    (void)state;
    scoped(mem) uint8_t *bytes = NEW_ARRAY(100, uint8_t);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
}

static void nothing_is_still_memory(void **state)
{
    (void)state;
    scoped(mem) void *none = mem_new(0, 8);
    assert_non_null(none);
}

static void pushing_grows_and_keeps_the_items(void **state)
{
    (void)state;
    scoped(mem) int *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++)
        PUSH(items, count, capacity, i);
    assert_int_equal(count, 1000);
    assert_true(capacity >= 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
}

static void growing_within_the_capacity_moves_nothing(void **state)
{
    (void)state;
    size_t capacity = 0;
    scoped(mem) int *items = mem_grow(NULL, &capacity, 5, sizeof(int));
    size_t before = capacity;
    int *same = mem_grow(items, &capacity, before, sizeof(int));
    assert_ptr_equal(same, items);
    assert_int_equal(capacity, before);
}

static bool is_aborted(void (*call)(void))
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        call();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void overflow_in_new(void)
{
    free(mem_new(SIZE_MAX / 2, 4));
}

static void overflow_in_grow(void)
{
    size_t capacity = 0;
    free(mem_grow(NULL, &capacity, SIZE_MAX / 2, 4));
}

static void a_size_that_overflows_aborts(void **state)
{
    (void)state;
    assert_true(is_aborted(overflow_in_new));
    assert_true(is_aborted(overflow_in_grow));
}

static void a_copied_text_is_its_own(void **state)
{
    (void)state;
    char text[] = "abc";
    scoped(mem) char *copy = mem_text(text);
    text[0] = 'x';
    assert_string_equal(copy, "abc");
}

static char *made_text(void)
{
    scoped(mem) char *text = mem_text("kept");
    return take(text);
}

static void taking_moves_ownership_out(void **state)
{
    (void)state;
    scoped(mem) char *text = made_text();
    assert_string_equal(text, "kept");
}

static void a_scoped_descriptor_is_closed_unless_taken(void **state)
{
    (void)state;
    int inside = -1;
    {
        scoped(fd) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        inside = fd;
        assert_true(fcntl(inside, F_GETFD) >= 0);
    }
    assert_int_equal(fcntl(inside, F_GETFD), -1);

    int taken = -1;
    {
        scoped(fd) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        taken = take_fd(&fd);
        assert_int_equal(fd, -1);
    }
    assert_true(fcntl(taken, F_GETFD) >= 0);
    fd_close(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(nothing_is_still_memory),
        cmocka_unit_test(pushing_grows_and_keeps_the_items),
        cmocka_unit_test(growing_within_the_capacity_moves_nothing),
        cmocka_unit_test(a_size_that_overflows_aborts),
        cmocka_unit_test(a_copied_text_is_its_own),
        cmocka_unit_test(taking_moves_ownership_out),
        cmocka_unit_test(a_scoped_descriptor_is_closed_unless_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
