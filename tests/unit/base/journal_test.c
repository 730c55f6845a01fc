// SPDX-License-Identifier: MIT
// journal_test.c - log lines when stderr is the journal (log.h).
//
// A program of its own: the answer is looked up once in a process.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "unit.h"

static void lines_to_the_journal_carry_their_level(void **state)
{
    (void)state;
    scoped(fd) int caught = memfd_create("stderr", MFD_CLOEXEC);
    struct stat status;
    assert_int_equal(fstat(caught, &status), 0);
    char stream[64];
    snprintf(stream, sizeof(stream), "%" PRIu64 ":%" PRIu64,
             (uint64_t)status.st_dev, (uint64_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);

    int before = dup(STDERR_FILENO);
    dup2(caught, STDERR_FILENO);
    log_error("a");
    log_warn("b");
    log_info("c");
    dup2(before, STDERR_FILENO);
    fd_close(before);

    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(fd_read_file(caught, 1000, &bytes, &len), OK);
    assert_string_equal((char *)bytes, "<3>a\n<4>b\n<6>c\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_to_the_journal_carry_their_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
