// SPDX-License-Identifier: MIT
// fs_write.c - how a blob comes into being on a file system.
//
//   temp file -> bytes -> fsync -> rename to its key -> fsync of the directory
//
// Only then may a fact name it. A crash before the rename leaves a temp file
// that no one holds, one behind it a blob that no fact names: fs_sweep.c.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "store_fs.h"

// Room that was reserved for bytes which did not come.
static void give_back(struct fs_writer *w)
{
    int64_t size_bytes;
    if (w->fd >= 0 && fd_size(w->fd, &size_bytes) == OK &&
        size_bytes < w->reserved_bytes)
        // What stays reserved is given back by the commit or goes with the
        // draft.
        ignore(ftruncate(w->fd, size_bytes));
}

void fs_writer_free(struct fs_writer *w)
{
    if (!w)
        return;
    // Gone already when the blob was published; a leftover is swept later.
    if (w->is_draft)
        give_back(w);
    else if (w->name[0])
        unlinkat(w->directory, w->name, 0);
    fd_close(w->fd);
    free(w);
}
void fs_abandon(void *self, void *writer)
{
    (void)self;
    fs_writer_free(writer);
}

enum err fs_check_space(struct fs *fs, int64_t need_bytes)
{
    struct statvfs v;
    if (fstatvfs(fs->root, &v) != 0)
        return fail_errno(ERR_IO, "statvfs of the store");
    int64_t free_bytes = (int64_t)(v.f_bavail * v.f_frsize);
    if (free_bytes - fs->keep_free_bytes < need_bytes)
        return fail(ERR_NO_SPACE,
                    "%" PRId64 " bytes are free, %" PRId64
                    " wanted and %" PRId64 " kept free",
                    free_bytes, need_bytes, fs->keep_free_bytes);
    return OK;
}

// Creates a temp file and takes its lock. Between the two a sweep may have
// taken it for a dead one's; *ret_is_ours says whether that happened.
static enum err create_temp(struct fs_writer *w, bool *ret_is_ours)
{
    uint8_t random[16];
    random_bytes(random, sizeof(random));
    char name[FS_PATH_BYTES] = "w-";
    base64url(random, sizeof(random), name + 2);
    w->fd =
        openat(w->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (w->fd < 0)
        return fail_errno(ERR_IO, "create a temp file");
    memcpy(w->name, name, sizeof(name));
    struct stat st;
    *ret_is_ours = flock(w->fd, LOCK_EX | LOCK_NB) == 0 &&
                   fstat(w->fd, &st) == 0 && st.st_nlink == 1;
    return OK;
}

static enum err open_temp(struct fs_writer *w)
{
    for (int tries = 0; tries < 10; tries++) {
        bool is_ours;
        TRY(create_temp(w, &is_ours));
        if (is_ours)
            return OK;
        unlinkat(w->directory, w->name, 0);
        fd_close(w->fd);
        w->fd = -1;
        w->name[0] = '\0';
    }
    return fail(ERR_IO, "no temp file could be locked");
}

// The size of the file stays what was written.
enum err fs_reserve(struct fs_writer *w, int64_t from_bytes, int64_t size_bytes)
{
    if (size_bytes <= 0)
        return OK;
    w->reserved_bytes = from_bytes + size_bytes;
    if (fallocate(w->fd, FALLOC_FL_KEEP_SIZE, from_bytes, size_bytes) != 0 &&
        errno != EOPNOTSUPP)
        return fail_errno(ERR_IO, "reserve %" PRId64 " bytes", size_bytes);
    return OK;
}

enum err fs_begin(void *self, int64_t size_hint_bytes, void **ret_writer,
                  int *ret_fd)
{
    struct fs *fs = self;
    TRY(fs_check_space(fs, max_i64(size_hint_bytes, 0)));
    scoped(fs_writer) struct fs_writer *w = NEW(struct fs_writer);
    *w = (struct fs_writer){.fs = fs, .fd = -1, .directory = fs->temp};
    TRY(open_temp(w));
    // Half of a reservation that fails goes with the file.
    TRY(fs_reserve(w, 0, size_hint_bytes));
    *ret_fd = w->fd;
    *ret_writer = take(w);
    return OK;
}

// Whole and on the disk. A failure is final: the kernel may have dropped the
// pages and would report success the next time.
static enum err seal(struct fs_writer *w)
{
    int64_t size_bytes;
    TRY(fd_size(w->fd, &size_bytes));
    // What an earlier writer of a draft reserved is not known any more.
    if ((size_bytes < w->reserved_bytes || w->is_draft) &&
        ftruncate(w->fd, size_bytes) != 0)
        return fail_errno(ERR_IO, "give back reserved space");
    if (fchmod(w->fd, 0400) != 0)
        return fail_errno(ERR_IO, "make a blob read-only");
    if (fsync(w->fd) != 0)
        return fail_errno(ERR_IO, "sync a blob");
    return OK;
}

// The same key is the same bytes, so what is there stays, and gets young again:
// a sweep which saw it old and unnamed then leaves it to the fact that now
// comes. Only a file that lost bytes (a damaged disk) is replaced, or it could
// never be made again.
static enum err renew(struct fs_writer *w, const char *path)
{
    struct fs *fs = w->fs;
    struct stat old, fresh;
    if (fstatat(fs->root, path, &old, AT_SYMLINK_NOFOLLOW) != 0 ||
        fstat(w->fd, &fresh) != 0)
        return fail_errno(ERR_IO, "look at %s", path);
    if (old.st_size == fresh.st_size) {
        if (utimensat(fs->root, path, NULL, AT_SYMLINK_NOFOLLOW) != 0)
            return fail_errno(ERR_IO, "renew %s", path);
        return OK;
    }
    if (renameat(w->directory, w->name, fs->root, path) != 0)
        return fail_errno(ERR_IO, "replace %s", path);
    w->name[0] = '\0';
    return OK;
}

static enum err publish(struct fs_writer *w, const struct digest *key,
                        const char *path)
{
    struct fs *fs = w->fs;
    HOLD(&fs->lock);
    if (renameat2(w->directory, w->name, fs->root, path, RENAME_NOREPLACE) == 0)
        w->name[0] = '\0';
    else if (errno != EEXIST)
        return fail_errno(ERR_IO, "rename to %s", path);
    else
        TRY(renew(w, path));
    fs_pin(fs->pins, key);
    return OK;
}

enum err fs_commit(void *self, void *writer, const struct digest *key)
{
    struct fs *fs = self;
    scoped(fs_writer) struct fs_writer *w = writer;
    char path[FS_PATH_BYTES];
    fs_blob_path(key, path);
    enum err e = seal(w);
    if (e == OK)
        e = publish(w, key, path);
    // Bytes that did not reach the disk are not kept, nor those that are in the
    // store already.
    w->is_draft = false;
    TRY(e);
    return fd_sync_parent(fs->root, path);
}
