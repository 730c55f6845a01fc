// SPDX-License-Identifier: MIT
// log_fuzz.c - whether a bit flipped in the log beside a database.
//
// A log that is found in order is so, too, when its last byte is cut off: what
// is no whole frame any more is not looked at.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/catalog/db.h"

enum { PAGE_LEAST = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err look(const uint8_t *data, size_t size)
{
    char path[64], name[72];
    snprintf(path, sizeof path, "/dev/shm/reeld-log-fuzz-%d", (int)getpid());
    snprintf(name, sizeof name, "%s-wal", path);
    scoped(fd) int fd =
        open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fd_write_all(fd, data, size) != OK)
        abort();
    int64_t behind;
    enum err e = db_sqlite_check_log(path, &behind);
    unlink(name);
    if ((e != OK && e != ERR_BAD_INPUT) || behind < 0 ||
        (size_t)behind * PAGE_LEAST > size)
        abort();
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (look(data, size) == OK && size > 0 && look(data, size - 1) != OK)
        abort();
    return 0;
}
