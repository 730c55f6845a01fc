// SPDX-License-Identifier: MIT
// lock.c - the lock of a data directory, and who has it.
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/str.h"

enum { PID_BYTES = 24 };

static void lock_path(const char *data_dir, char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/lock", data_dir);
}

enum err lock_directory(const char *data_dir, int *ret_fd)
{
    char path[PATH_MAX], pid[PID_BYTES];
    if (mkdir(data_dir, 0700) < 0 && errno != EEXIST)
        return fail_errno(ERR_IO, "make %s", data_dir);
    lock_path(data_dir, path);
    scoped(fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return fail(ERR_CONFLICT, "%s is in use by another reeld", data_dir);
    int len = snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (ftruncate(fd, 0) == 0)
        // Without room for it there is no number: no reason not to run.
        ignore(fd_write_all(fd, pid, (size_t)len));
    *ret_fd = take_fd(&fd);
    return OK;
}

enum err lock_holder(const char *data_dir, pid_t *ret)
{
    char path[PATH_MAX];
    lock_path(data_dir, path);
    scoped(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", path);
    scoped(mem) uint8_t *text = NULL;
    size_t len = 0;
    int64_t pid;
    TRY(fd_read_file(fd, PID_BYTES, &text, &len));
    TRY(str_to_int((struct str){(const char *)text, len}, 1, INT32_MAX, &pid));
    *ret = (pid_t)pid;
    return OK;
}
