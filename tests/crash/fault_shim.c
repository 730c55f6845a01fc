// SPDX-License-Identifier: MIT
// fault_shim.c - LD_PRELOADed: the Nth call of one kind fails while reeld runs.
//
// FAULT_SHIM names a file of at least sizeof(struct control) bytes, which the
// test writes and reads while the program runs. Only files are failed, not
// sockets; workers, which inherit the shim, are left alone.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind {
    NONE,
    OPEN,
    WRITE,
    READ,
    SYNC,
    RENAME,
    UNLINK,
    ROOM,   // ftruncate, fallocate
    MEMORY, // memfd_create, mmap
    ALLOCATE,
    LOCK,
    CHANGE, // all of these that a disk refuses once it is read-only
};

struct control {
    atomic_int kind;
    atomic_int from, to; // these fail, counted from 1
    atomic_int error;    // 0: a write is short
    atomic_int calls;    // of that kind so far
    atomic_int failed;
};

static struct control *control;

static void __attribute__((constructor)) open_shim(void)
{
    const char *path = getenv("FAULT_SHIM");
    if (!path || strcmp(program_invocation_short_name, "reeld") != 0)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *at = (void *)syscall(SYS_mmap, NULL, sizeof(struct control),
                               PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (at != MAP_FAILED)
        control = at;
}

static bool is_meant(enum kind kind)
{
    enum kind now = control ? atomic_load(&control->kind) : NONE;
    bool is_change =
        kind == WRITE || kind == RENAME || kind == UNLINK || kind == ROOM;
    return now == kind || (now == CHANGE && is_change);
}

static bool fails(enum kind kind)
{
    struct control *c = control;
    if (!is_meant(kind))
        return false;
    int call = atomic_fetch_add(&c->calls, 1) + 1;
    if (call < atomic_load(&c->from) || call > atomic_load(&c->to))
        return false;
    atomic_fetch_add(&c->failed, 1);
    errno = atomic_load(&c->error);
    return true;
}

static bool is_file(int fd)
{
    struct stat status;
    int saved = errno;
    bool is = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    errno = saved;
    return is;
}

// Of memfd_create(): no disk is asked.
static bool is_in_memory(int fd)
{
    char name[32], target[16] = {0};
    int saved = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    bool is = readlink(name, target, sizeof target - 1) > 0 &&
              strncmp(target, "/memfd:", 7) == 0;
    errno = saved;
    return is;
}

// ---- names -----------------------------------------------------------------

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    bool changes =
        (flags & (O_ACCMODE | O_CREAT)) != 0 && strncmp(path, "/dev/", 5) != 0;
    if (fails(OPEN) || (changes && fails(CHANGE)))
        return -1;
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define MODE_OF(flags)                                                         \
    mode_t mode = 0;                                                           \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                   \
        va_list more;                                                          \
        va_start(more, flags);                                                 \
        mode = va_arg(more, mode_t);                                           \
        va_end(more);                                                          \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}
int openat(int directory, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(directory, path, flags, mode);
}
int openat64(int directory, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(directory, path, flags, mode);
}

// What _FORTIFY_SOURCE makes of them where no mode is given.
int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}
int __openat_2(int directory, const char *path, int flags)
{
    return open_at(directory, path, flags, 0);
}

int renameat2(int from, const char *old, int to, const char *new,
              unsigned flags)
{
    if (fails(RENAME))
        return -1;
    return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}
int renameat(int from, const char *old, int to, const char *new)
{
    return renameat2(from, old, to, new, 0);
}

int unlinkat(int directory, const char *path, int flags)
{
    if (fails(UNLINK))
        return -1;
    return (int)syscall(SYS_unlinkat, directory, path, flags);
}
int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    return fails(CHANGE) ? -1
                         : (int)syscall(SYS_mkdirat, directory, path, mode);
}

// ---- bytes -----------------------------------------------------------------

// How many of `len` bytes are written; -1 with errno.
static ssize_t may_write(int fd, size_t len)
{
    if (len == 0 || !is_file(fd) || (is_meant(CHANGE) && is_in_memory(fd)) ||
        !fails(WRITE))
        return (ssize_t)len;
    return errno ? -1 : (ssize_t)((len + 1) / 2);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t most = may_write(fd, len);
    return most < 0 ? -1 : syscall(SYS_write, fd, bytes, most);
}
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    ssize_t most = may_write(fd, len);
    return most < 0 ? -1 : syscall(SYS_pwrite64, fd, bytes, most, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite64(fd, bytes, len, at);
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at,
                        size_t len, unsigned flags)
{
    ssize_t most = may_write(to, len);
    return most < 0 ? -1
                    : syscall(SYS_copy_file_range, from, from_at, to, to_at,
                              most, flags);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
    if (is_file(fd) && fails(READ))
        return -1;
    return syscall(SYS_pread64, fd, bytes, len, at);
}
ssize_t pread(int fd, void *bytes, size_t len, off_t at)
{
    return pread64(fd, bytes, len, at);
}
ssize_t read(int fd, void *bytes, size_t len)
{
    if (is_file(fd) && fails(READ))
        return -1;
    return syscall(SYS_read, fd, bytes, len);
}

int fsync(int fd)
{
    return fails(SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd)
{
    return fails(SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static bool has_no_room(int fd)
{
    return !(is_meant(CHANGE) && is_in_memory(fd)) && fails(ROOM);
}

int ftruncate64(int fd, off64_t size)
{
    return has_no_room(fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}
int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}
int fallocate64(int fd, int mode, off64_t from, off64_t size)
{
    return has_no_room(fd) ? -1
                           : (int)syscall(SYS_fallocate, fd, mode, from, size);
}
int fallocate(int fd, int mode, off_t from, off_t size)
{
    return fallocate64(fd, mode, from, size);
}

// Another process has it: only SQLite locks ranges. To let go never fails.
int fcntl64(int fd, int command, ...)
{
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    const struct flock *lock = argument;
    if (command == F_SETLK && lock->l_type != F_UNLCK && fails(LOCK))
        return -1;
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

// ---- memory ----------------------------------------------------------------

int memfd_create(const char *name, unsigned flags)
{
    return fails(MEMORY) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}
void *mmap64(void *where, size_t len, int protection, int flags, int fd,
             off64_t at)
{
    if (fails(MEMORY))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, where, len, protection, flags, fd, at);
}
void *mmap(void *where, size_t len, int protection, int flags, int fd, off_t at)
{
    return mmap64(where, len, protection, flags, fd, at);
}

// A sanitizer has an allocator of its own.
#ifndef FAULT_NO_ALLOCATOR
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return fails(ALLOCATE) ? NULL : __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    return fails(ALLOCATE) ? NULL : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size)
{
    return fails(ALLOCATE) ? NULL : __libc_realloc(old, size);
}
#endif
