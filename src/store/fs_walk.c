// SPDX-License-Identifier: MIT
// fs_walk.c - what lies in the directories of the store.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "store_fs.h"

static void directory_close(DIR *d)
{
    if (d)
        closedir(d);
}
DEFINE_SCOPED(directory, DIR *, directory_close)

static enum err list(int at, const char *path, DIR **ret)
{
    scoped(fd) int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(ERR_IO, "open directory %s", path);
    *ret = fdopendir(fd);
    if (!*ret)
        return fail_errno(ERR_IO, "list %s", path);
    (void)take_fd(&fd);
    return OK;
}

enum err fs_each_entry(struct fs *fs, const char *path, fs_visit *visit,
                       void *context)
{
    scoped(directory) DIR *d = NULL;
    TRY(list(fs->root, path, &d));
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (!entry && errno != 0)
            return fail_errno(ERR_IO, "list %s", path);
        if (!entry)
            return OK;
        if (entry->d_name[0] != '.')
            TRY(visit(context, path, entry->d_name));
    }
}

enum err fs_each_blob(struct fs *fs, fs_visit *visit, void *context)
{
    for (unsigned i = 0; i < 256; i++) {
        char path[FS_PATH_BYTES];
        snprintf(path, sizeof(path), "blobs/%02x", i);
        TRY(fs_each_entry(fs, path, visit, context));
    }
    return OK;
}

bool fs_key_of(const char *path, const char *name, struct digest *ret)
{
    char hex[HASH_HEX_BYTES];
    int len = snprintf(hex, sizeof(hex), "%.2s%s", strchr(path, '/') + 1, name);
    return len == HASH_HEX_BYTES - 1 && digest_from_hex(str_of(hex), ret) == OK;
}

struct walk {
    struct fs *fs;
    store_visit *visit;
    void *context;
};

static enum err show(const struct walk *w, struct store_found *found,
                     const char *path, const char *name)
{
    char full[FS_PATH_BYTES + NAME_MAX];
    struct stat st;
    snprintf(full, sizeof(full), "%s/%s", path, name);
    if (fstatat(w->fs->root, full, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OK // gone since it was listed
                               : fail_errno(ERR_IO, "look at %s", full);
    if (!S_ISREG(st.st_mode))
        found->what = STORE_STRANGER;
    found->path = full;
    found->size_bytes = st.st_size;
    found->changed_us = st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    return w->visit(w->context, found);
}

static enum err show_blob(void *context, const char *path, const char *name)
{
    struct store_found found = {.what = STORE_BLOB};
    if (!fs_key_of(path, name, &found.key))
        found.what = STORE_STRANGER;
    return show(context, &found, path, name);
}

static enum err show_temp(void *context, const char *path, const char *name)
{
    struct store_found found = {.what = STORE_TEMP};
    return show(context, &found, path, name);
}

enum err fs_walk(void *self, store_visit *visit, void *context)
{
    struct walk w = {.fs = self, .visit = visit, .context = context};
    if (w.fs->temp >= 0)
        TRY(fs_each_entry(self, "temp", show_temp, &w));
    if (w.fs->drafts >= 0)
        TRY(fs_each_entry(self, "drafts", show_temp, &w));
    return fs_each_blob(self, show_blob, &w);
}
