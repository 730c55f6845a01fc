// SPDX-License-Identifier: MIT
// store_fs.h - what the parts of the store on a file system share.
//
//   DIR/blobs/ab/cdef...   a blob, read-only, named by its key
//   DIR/temp/...           being written; its writer holds an flock on it, so
//                          that a sweep tells the living from the dead
//   DIR/drafts/u-...       the same, but nobody is needed to keep it
//
// Threads: any.
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "reeld/store.h"

enum {
    FS_PATH_BYTES = 96,
    // How long after a commit its fact may still be on the way: until then the
    // blob is not removed as something that nobody names.
    FS_FACT_DELAY_US = 30 * 1000000,
};

struct fs_pins;

struct fs {
    int root, temp, drafts; // directories
    int64_t keep_free_bytes;

    // Orders the renewal of a blob against a sweep that takes it.
    pthread_mutex_t lock;
    struct fs_pins *pins;
};

struct fs_writer {
    struct fs *fs;
    int fd;
    int directory;          // where `name` is
    int64_t reserved_bytes; // by fallocate: the size that it was made for
    bool is_draft;          // stays when it is abandoned
    char name[FS_PATH_BYTES];
};
void fs_writer_free(struct fs_writer *w);
DEFINE_SCOPED(fs_writer, struct fs_writer *, fs_writer_free)

// "blobs/ab/cdef...", relative to the root.
void fs_blob_path(const struct digest *key, char path[static FS_PATH_BYTES]);

// fs_write.c
must_check enum err fs_begin(void *self, int64_t size_hint_bytes,
                             void **ret_writer, int *ret_fd);
must_check enum err fs_commit(void *self, void *writer,
                              const struct digest *key);
void fs_abandon(void *self, void *writer);
// Shared with the drafts: room for so many bytes more, above what is kept free;
// and the reservation of them.
must_check enum err fs_check_space(struct fs *fs, int64_t need_bytes);
must_check enum err fs_reserve(struct fs_writer *w, int64_t from_bytes,
                               int64_t size_bytes);

// fs_draft.c
must_check enum err fs_draft(void *self, const struct id *name, bool is_new,
                             int64_t size_hint_bytes, void **ret_writer,
                             int *ret_fd);
must_check enum err fs_sync(void *self, void *writer);
must_check enum err fs_read_draft(void *self, const struct id *name,
                                  int *ret_fd);
must_check enum err fs_remove_draft(void *self, const struct id *name);
must_check enum err fs_sweep_drafts(void *self,
                                    bool (*is_wanted)(void *context,
                                                      const struct id *name),
                                    void *context, int64_t *ret_removed);

// fs_walk.c: calls `visit` for each entry of a directory below the root that is
// not hidden, or for each one where blobs are; until it fails.
typedef enum err fs_visit(void *context, const char *path, const char *name);
must_check enum err fs_each_entry(struct fs *fs, const char *path,
                                  fs_visit *visit, void *context);
must_check enum err fs_each_blob(struct fs *fs, fs_visit *visit, void *context);
// The key of the blob `name` in the directory `path`; false: it is not ours.
bool fs_key_of(const char *path, const char *name, struct digest *ret);
must_check enum err fs_walk(void *self, store_visit *visit, void *context);

// fs_sweep.c
must_check enum err fs_remove(void *self, const struct digest *key);
must_check enum err fs_sweep(void *self, int64_t older_than_us,
                             bool (*is_wanted)(void *context,
                                               const struct digest *key),
                             void *context, int64_t *ret_removed);

// fs_pins.c: what was committed within the last FS_FACT_DELAY_US. Guarded by
// fs.lock.
struct fs_pins *fs_pins_new(void);
void fs_pins_free(struct fs_pins *p);
void fs_pin(struct fs_pins *p, const struct digest *key);
bool fs_is_pinned(struct fs_pins *p, const struct digest *key);
