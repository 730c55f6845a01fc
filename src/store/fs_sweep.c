// SPDX-License-Identifier: MIT
// fs_sweep.c - taking blobs and leftovers away.
//
// A blob may be published again, for a new fact, at the very moment at which
// the sweep finds that no fact names it. Both sides hold fs.lock: the one while
// it renews the blob and pins it, the other while it looks once more and
// unlinks.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/thread.h"
#include "store_fs.h"

static enum err unlink_blob(struct fs *fs, const char *path)
{
    if (unlinkat(fs->root, path, 0) == 0)
        return OK;
    if (errno == ENOENT)
        return fail(ERR_NOT_FOUND, "no blob %s", path);
    return fail_errno(ERR_IO, "remove %s", path);
}

enum err fs_remove(void *self, const struct digest *key)
{
    struct fs *fs = self;
    char path[FS_PATH_BYTES];
    fs_blob_path(key, path);
    return unlink_blob(fs, path);
}

struct sweep {
    struct fs *fs;
    bool spares_pinned;
    int64_t before_us; // wall clock: blobs renewed since are left alone
    bool (*is_wanted)(void *context, const struct digest *key);
    bool (*is_draft_wanted)(void *context, const struct id *name);
    void *context;
    int64_t removed;
};

// Takes the lock of a file being written. *ret_fd is -1 when its writer lives,
// in this process or in a worker, or was quicker.
static enum err hold_unwritten(int at, const char *name, int *ret_fd)
{
    scoped(fd) int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *ret_fd = -1;
    if (fd < 0 && errno == ENOENT)
        return OK;
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", name);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        *ret_fd = take_fd(&fd);
    return OK;
}

static enum err visit_temp(void *context, const char *path, const char *name)
{
    (void)path;
    struct sweep *s = context;
    scoped(fd) int fd = -1;
    TRY(hold_unwritten(s->fs->temp, name, &fd));
    if (fd >= 0 && unlinkat(s->fs->temp, name, 0) == 0)
        s->removed++;
    return OK;
}

static enum err visit_draft(void *context, const char *path, const char *name)
{
    (void)path;
    struct sweep *s = context;
    struct id id;
    if (id_parse(str_of(name), &id) != OK)
        return OK; // not ours
    scoped(fd) int fd = -1;
    TRY(hold_unwritten(s->fs->drafts, name, &fd));
    if (fd >= 0 && !s->is_draft_wanted(s->context, &id) &&
        unlinkat(s->fs->drafts, name, 0) == 0)
        s->removed++;
    return OK;
}

static bool is_old(struct sweep *s, const char *path)
{
    struct stat st;
    if (fstatat(s->fs->root, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return S_ISREG(st.st_mode) &&
           st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000 <=
               s->before_us;
}

static enum err visit_blob(void *context, const char *path, const char *name)
{
    struct sweep *s = context;
    struct digest key;
    if (!fs_key_of(path, name, &key))
        return OK; // not ours
    char blob[FS_PATH_BYTES];
    fs_blob_path(&key, blob);
    // A cheap look without the lock first: nearly all are wanted.
    if (!is_old(s, blob) || s->is_wanted(s->context, &key))
        return OK;
    HOLD(&s->fs->lock);
    if (s->spares_pinned && fs_is_pinned(s->fs->pins, &key))
        return OK;
    if (!is_old(s, blob) || s->is_wanted(s->context, &key))
        return OK;
    enum err e = unlink_blob(s->fs, blob);
    if (e == OK)
        s->removed++;
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err fs_sweep(void *self, int64_t older_than_us,
                  bool (*is_wanted)(void *context, const struct digest *key),
                  void *context, int64_t *ret_removed)
{
    struct sweep s = {
        .fs = self,
        .spares_pinned = older_than_us > 0,
        .before_us = clock_wall_us() - older_than_us,
        .is_wanted = is_wanted,
        .context = context,
    };
    TRY(fs_each_entry(self, "temp", visit_temp, &s));
    TRY(fs_each_blob(self, visit_blob, &s));
    *ret_removed = s.removed;
    return OK;
}

enum err fs_sweep_drafts(void *self,
                         bool (*is_wanted)(void *context,
                                           const struct id *name),
                         void *context, int64_t *ret_removed)
{
    struct sweep s = {
        .fs = self, .is_draft_wanted = is_wanted, .context = context};
    TRY(fs_each_entry(self, "drafts", visit_draft, &s));
    *ret_removed = s.removed;
    return OK;
}
