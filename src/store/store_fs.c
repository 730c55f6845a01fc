// SPDX-License-Identifier: MIT
// store_fs.c - blobs as files of one directory: opening it, reading, space.
#include "store_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

void fs_blob_path(const struct digest *key, char path[static FS_PATH_BYTES])
{
    char hex[HASH_HEX_BYTES];
    digest_hex(key, hex);
    snprintf(path, FS_PATH_BYTES, "blobs/%.2s/%s", hex, hex + 2);
}

static enum err fs_open(void *self, const struct digest *key, int *ret_fd)
{
    struct fs *fs = self;
    char path[FS_PATH_BYTES];
    fs_blob_path(key, path);
    int fd = openat(fs->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return fail(ERR_NOT_FOUND, "no blob %s", path);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", path);
    *ret_fd = fd;
    return OK;
}

static enum err fs_space(void *self, int64_t *ret_free, int64_t *ret_total)
{
    struct fs *fs = self;
    struct statvfs v;
    if (fstatvfs(fs->root, &v) != 0)
        return fail_errno(ERR_IO, "statvfs of the store");
    *ret_free = (int64_t)(v.f_bavail * v.f_frsize);
    *ret_total = (int64_t)(v.f_blocks * v.f_frsize);
    return OK;
}

static void fs_free(void *self)
{
    struct fs *fs = self;
    if (!fs)
        return;
    fd_close(fs->drafts);
    fd_close(fs->temp);
    fd_close(fs->root);
    fs_pins_free(fs->pins);
    pthread_mutex_destroy(&fs->lock);
    free(fs);
}
DEFINE_SCOPED(fs, struct fs *, fs_free)

static enum err make_directory(int at, const char *path)
{
    if (mkdirat(at, path, 0700) != 0 && errno != EEXIST)
        return fail_errno(ERR_IO, "make directory %s", path);
    return OK;
}

static enum err open_directory(int at, const char *path, int *ret_fd)
{
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(ERR_IO, "open directory %s", path);
    *ret_fd = fd;
    return OK;
}

// All 256 are made at once, so that no commit has to and each one syncs just
// the directory that it changes.
static enum err make_fans(struct fs *fs)
{
    for (int i = 0; i < 256; i++) {
        char path[FS_PATH_BYTES];
        snprintf(path, sizeof(path), "blobs/%02x", (unsigned)i);
        TRY(make_directory(fs->root, path));
    }
    scoped(fd) int blobs = -1;
    TRY(open_directory(fs->root, "blobs", &blobs));
    if (fsync(blobs) != 0 || fsync(fs->root) != 0)
        return fail_errno(ERR_IO, "sync the directories of the store");
    return OK;
}

static enum err make_directories(struct fs *fs)
{
    TRY(make_directory(fs->root, "blobs"));
    TRY(make_directory(fs->root, "temp"));
    TRY(make_directory(fs->root, "drafts"));
    return make_fans(fs);
}

// A store that is only looked at may be a copy, or of an older reeld.
static enum err open_part(struct fs *fs, const char *path, bool may_lack,
                          int *ret_fd)
{
    if (may_lack && faccessat(fs->root, path, F_OK, 0) != 0)
        return OK;
    return open_directory(fs->root, path, ret_fd);
}

static const struct store_ops ops = {
    .open = fs_open,
    .begin = fs_begin,
    .commit = fs_commit,
    .abandon = fs_abandon,
    .remove = fs_remove,
    .draft = fs_draft,
    .sync = fs_sync,
    .read_draft = fs_read_draft,
    .remove_draft = fs_remove_draft,
    .sweep_drafts = fs_sweep_drafts,
    .space = fs_space,
    .sweep = fs_sweep,
    .walk = fs_walk,
    .free = fs_free,
};

enum err store_open_fs(const struct store_options *o, struct store **ret)
{
    scoped(fs) struct fs *fs = NEW(struct fs);
    *fs = (struct fs){.root = -1,
                      .temp = -1,
                      .drafts = -1,
                      .keep_free_bytes = o->keep_free_bytes,
                      .pins = fs_pins_new()};
    pthread_mutex_init(&fs->lock, NULL);
    if (!o->is_as_found)
        TRY(make_directory(AT_FDCWD, o->directory));
    TRY(open_directory(AT_FDCWD, o->directory, &fs->root));
    if (!o->is_as_found)
        TRY(make_directories(fs));
    TRY(open_part(fs, "temp", o->is_as_found, &fs->temp));
    TRY(open_part(fs, "drafts", o->is_as_found, &fs->drafts));
    *ret = store_new(&ops, take(fs));
    return OK;
}
