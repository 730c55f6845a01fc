// SPDX-License-Identifier: MIT
// fs_draft.c - blobs to be that outlive their writers: DIR/drafts/u-...
//
// A draft has no state but its bytes. Its writer holds an flock on it, and so
// does whoever takes it away. A file that lost its name between the opening and
// the lock (to a sweep, or to a commit, which makes it a blob that must not
// change) is no draft any more.
//
// A lock is waited for a moment: a sweep holds one while it asks whose the
// draft is, a writer's last close may be under way, and a child that was forked
// just now shares it until it runs its program.
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "store_fs.h"

enum { NEW_TRIES = 10 };
static const int64_t LOCK_WAIT_US = 250000, LOCK_TRY_US = 1000;

static enum err wait_for_lock(int fd, const struct id *name)
{
    int64_t until_us = clock_now_us() + LOCK_WAIT_US;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return fail_errno(ERR_IO, "lock draft %s", name->text);
        if (clock_now_us() >= until_us)
            return fail(ERR_BUSY, "draft %s is being written", name->text);
        clock_sleep_us(LOCK_TRY_US);
    }
    return OK;
}

static enum err lock(const struct fs *fs, int fd, const struct id *name)
{
    TRY(wait_for_lock(fd, name));
    struct stat locked, named;
    if (fstat(fd, &locked) != 0)
        return fail_errno(ERR_IO, "look at draft %s", name->text);
    if (fstatat(fs->drafts, name->text, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT
                   ? fail(ERR_NOT_FOUND, "no draft %s", name->text)
                   : fail_errno(ERR_IO, "look for draft %s", name->text);
    return named.st_ino == locked.st_ino
               ? OK
               : fail(ERR_NOT_FOUND, "no draft %s", name->text);
}

// A crash right before the end of a commit leaves it read-only.
static int open_for_writing(const struct fs *fs, const struct id *name,
                            bool is_new)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT : 0);
    int fd = openat(fs->drafts, name->text, flags, 0600);
    if (fd < 0 && errno == EACCES &&
        fchmodat(fs->drafts, name->text, 0600, 0) == 0)
        fd = openat(fs->drafts, name->text, flags, 0600);
    return fd;
}

static enum err open_draft(struct fs_writer *w, const struct id *name,
                           bool is_new)
{
    w->fd = open_for_writing(w->fs, name, is_new);
    if (w->fd < 0 && errno == ENOENT)
        return fail(ERR_NOT_FOUND, "no draft %s", name->text);
    if (w->fd < 0)
        return fail_errno(ERR_IO, "open draft %s", name->text);
    TRY(lock(w->fs, w->fd, name));
    if (is_new && ftruncate(w->fd, 0) != 0)
        return fail_errno(ERR_IO, "empty draft %s", name->text);
    if (lseek(w->fd, 0, SEEK_END) < 0)
        return fail_errno(ERR_IO, "find the end of draft %s", name->text);
    return OK;
}

enum err fs_draft(void *self, const struct id *name, bool is_new,
                  int64_t size_hint_bytes, void **ret_writer, int *ret_fd)
{
    struct fs *fs = self;
    TRY(fs_check_space(fs, max_i64(size_hint_bytes, 0)));
    scoped(fs_writer) struct fs_writer *w = NEW(struct fs_writer);
    // A new one goes when it is abandoned, until it is synced.
    *w = (struct fs_writer){
        .fs = fs, .fd = -1, .directory = fs->drafts, .is_draft = !is_new};
    enum err e = open_draft(w, name, is_new);
    // A sweep may find a new name before its lock, and take it: once more.
    for (int i = 1; is_new && e == ERR_NOT_FOUND && i < NEW_TRIES; i++) {
        fd_close(take_fd(&w->fd));
        e = open_draft(w, name, is_new);
    }
    TRY(e);
    str_copy(w->name, sizeof(w->name), str_of(name->text));
    int64_t size_bytes;
    TRY(fd_size(w->fd, &size_bytes));
    TRY(fs_reserve(w, size_bytes, size_hint_bytes));
    *ret_fd = w->fd;
    *ret_writer = take(w);
    return OK;
}

// The name is synced every time: nobody knows whether the writer that made the
// draft came to it.
enum err fs_sync(void *self, void *writer)
{
    struct fs *fs = self;
    struct fs_writer *w = writer;
    if (fdatasync(w->fd) != 0 || fsync(fs->drafts) != 0)
        return fail_errno(ERR_IO, "sync draft %s", w->name);
    w->is_draft = true;
    return OK;
}

enum err fs_read_draft(void *self, const struct id *name, int *ret_fd)
{
    const struct fs *fs = self;
    int fd = openat(fs->drafts, name->text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return fail(ERR_NOT_FOUND, "no draft %s", name->text);
    if (fd < 0)
        return fail_errno(ERR_IO, "open draft %s", name->text);
    *ret_fd = fd;
    return OK;
}

enum err fs_remove_draft(void *self, const struct id *name)
{
    struct fs *fs = self;
    scoped(fd) int fd = -1;
    TRY(fs_read_draft(fs, name, &fd));
    TRY(lock(fs, fd, name));
    if (unlinkat(fs->drafts, name->text, 0) != 0)
        return fail_errno(ERR_IO, "remove draft %s", name->text);
    return OK;
}
