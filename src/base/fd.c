// SPDX-License-Identifier: MIT
// fd.c - descriptors: closing, whole reads and writes.
#include "reeld/base/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/mem.h"

void fd_close(int fd)
{
    if (fd < 0)
        return;
    int kept = errno;
    close(fd); // Linux has closed it whatever the answer
    errno = kept;
}

enum err fd_write_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t done = write(fd, at, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail_errno(ERR_IO, "write");
        at += done;
        len -= (size_t)done;
    }
    return OK;
}

// Reads up to `len` bytes; fewer only at the end of the file.
static enum err pread_some(int fd, void *to, size_t len, int64_t offset,
                           size_t *ret_len)
{
    uint8_t *at = to;
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(fd, at + done, len - done, offset + (int64_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(ERR_IO, "read");
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_len = done;
    return OK;
}

enum err fd_pread_all(int fd, void *to, size_t len, int64_t offset)
{
    size_t got = 0;
    TRY(pread_some(fd, to, len, offset, &got));
    if (got < len)
        return fail(ERR_IO, "read: the file ends early");
    return OK;
}

enum err fd_size(int fd, int64_t *ret_bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail_errno(ERR_IO, "fstat");
    *ret_bytes = status.st_size;
    return OK;
}

enum err fd_read_file(int fd, size_t most, uint8_t **ret_bytes, size_t *ret_len)
{
    assert(most < SIZE_MAX - 1);
    int64_t size = 0;
    TRY(fd_size(fd, &size));
    if (size > 0 && (uint64_t)size > most)
        return fail(ERR_TOO_LARGE, "a file of more than %zu bytes", most);
    // The size is a hint: a file in /proc says 0, another may still grow.
    size_t capacity = 0;
    size_t len = 0;
    scoped(mem) uint8_t *bytes = mem_grow(NULL, &capacity, (size_t)size + 2, 1);
    for (;;) {
        size_t room = capacity - len - 1;
        size_t got = 0;
        TRY(pread_some(fd, bytes + len, room, (int64_t)len, &got));
        len += got;
        if (len > most)
            return fail(ERR_TOO_LARGE, "a file of more than %zu bytes", most);
        if (got < room)
            break;
        bytes = mem_grow(bytes, &capacity, capacity + 1, 1);
    }
    bytes[len] = '\0';
    *ret_len = len;
    *ret_bytes = take(bytes);
    return OK;
}

enum err fd_sync_parent(int at, const char *path)
{
    char parent[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash == path)
        parent[0] = '/';
    else if (slash)
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
    scoped(fd) int fd = openat(at, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return fail_errno(ERR_IO, "sync %s", parent);
    return OK;
}
