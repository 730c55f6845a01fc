// SPDX-License-Identifier: MIT
// fd_test.c - whole reads and writes.
#include "reeld/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/blob.h"
#include "unit.h"

static int file_with(const char *text)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), OK);
    return fd;
}

static void closing_keeps_errno(void **state)
{
    (void)state;
    errno = ENOENT;
    fd_close(-1);
    assert_int_equal(errno, ENOENT);
    fd_close(12345); // not open
    assert_int_equal(errno, ENOENT);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    scoped(fd) int fd = file_with("0123456789");
    char got[5] = {0};
    assert_int_equal(fd_pread_all(fd, got, 4, 3), OK);
    assert_string_equal(got, "3456");
    int64_t size = 0;
    assert_int_equal(fd_size(fd, &size), OK);
    assert_int_equal(size, 10);
}

static void an_early_end_is_an_error(void **state)
{
    (void)state;
    scoped(fd) int fd = file_with("0123456789");
    char got[5];
    assert_int_equal(fd_pread_all(fd, got, 4, 7), ERR_IO);
    assert_int_equal(fd_pread_all(fd, got, 4, 100), ERR_IO);
    assert_int_equal(fd_pread_all(fd, got, 0, 100), OK);
}

static void a_bad_descriptor_is_an_error(void **state)
{
    (void)state;
    int64_t size = 7;
    char got[1];
    assert_int_equal(fd_size(-1, &size), ERR_IO);
    assert_int_equal(size, 7);
    assert_int_equal(fd_pread_all(-1, got, 1, 0), ERR_IO);
    assert_int_equal(fd_write_all(-1, "a", 1), ERR_IO);
}

static void a_full_disk_is_told_apart(void **state)
{
    (void)state;
    scoped(fd) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "a", 1), ERR_NO_SPACE);
}

static void a_whole_file_has_a_nul_behind(void **state)
{
    (void)state;
    scoped(fd) int fd = file_with("abc");
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(fd, 3, &bytes, &len), OK);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "abc", 4);
}

static void a_file_past_the_limit_is_refused(void **state)
{
    (void)state;
    scoped(fd) int fd = file_with("abcd");
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(fd, 3, &bytes, &len), ERR_TOO_LARGE);
    assert_null(bytes);
    scoped(fd) int endless = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fd_read_file(endless, 1000, &bytes, &len), ERR_TOO_LARGE);
    assert_null(bytes);
}

static void a_file_that_claims_no_size_is_read_whole(void **state)
{
    (void)state;
    scoped(fd) int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(fd, 1 << 20, &bytes, &len), OK);
    assert_true(len > 0);
    assert_int_equal(bytes[len - 1], '\n');
}

static void an_empty_file_is_empty(void **state)
{
    (void)state;
    scoped(fd) int fd = file_with("");
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 9;
    assert_int_equal(fd_read_file(fd, 0, &bytes, &len), OK);
    assert_int_equal(len, 0);
    assert_int_equal(bytes[0], '\0');
}

static void a_blob_holds_the_bytes_of_a_file(void **state)
{
    (void)state;
    scoped(fd) int fd = file_with("abc");
    scoped(blob) struct blob *b = NULL;
    assert_int_equal(blob_from_fd(fd, 100, &b), OK);
    assert_int_equal(b->len, 3);
    assert_memory_equal(b->bytes, "abc", 3);
    struct blob *none = NULL;
    assert_int_equal(blob_from_fd(fd, 2, &none), ERR_TOO_LARGE);
    assert_int_equal(blob_from_fd(-1, 2, &none), ERR_IO);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_keeps_errno),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(an_early_end_is_an_error),
        cmocka_unit_test(a_bad_descriptor_is_an_error),
        cmocka_unit_test(a_full_disk_is_told_apart),
        cmocka_unit_test(a_whole_file_has_a_nul_behind),
        cmocka_unit_test(a_file_past_the_limit_is_refused),
        cmocka_unit_test(a_file_that_claims_no_size_is_read_whole),
        cmocka_unit_test(an_empty_file_is_empty),
        cmocka_unit_test(a_blob_holds_the_bytes_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
