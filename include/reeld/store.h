// SPDX-License-Identifier: MIT
// store.h - where bytes live.
//
// A store keeps blobs under keys. A blob appears whole or not at all, and never
// changes once it has appeared. Keys are digests: client text never gets here.
//
//   DIR/blobs/ab/cdef...   the blobs       DIR/temp/...   being written
//   DIR/drafts/u-...       being written over many requests, and restarts
//
// Threads: any, except those that sync a disk and so must not run on an HTTP or
// the crew thread: store_commit(), store_remove(), store_sync(),
// store_draft_size(), store_remove_draft() and both sweeps.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/scoped.h"

struct claims;
struct store;
struct store_writer;

struct store_options {
    const char *directory;   // made if missing (0700)
    int64_t keep_free_bytes; // store_begin() answers ERR_NO_SPACE below it
    bool is_as_found;        // nothing is made: for who only looks
};

// Something that lies in the store.
enum store_what {
    STORE_BLOB,
    STORE_TEMP,     // being written, or left by a crash
    STORE_STRANGER, // not the store's
};
struct store_found {
    enum store_what what;
    struct digest key; // of a blob
    const char *path;  // below the store's directory
    int64_t size_bytes;
    int64_t changed_us; // wall clock: when it was written or renewed
};
typedef enum err store_visit(void *context, const struct store_found *found);

// Implementations: store_fs (src/store/store_fs.c); tests wrap one that fails
// on the Nth call (tests/support/store_faulty.h).
struct store_ops {
    enum err (*open)(void *self, const struct digest *key, int *ret_fd);
    enum err (*begin)(void *self, int64_t size_hint_bytes, void **ret_writer,
                      int *ret_fd);
    enum err (*commit)(void *self, void *writer, const struct digest *key);
    void (*abandon)(void *self, void *writer);
    enum err (*remove)(void *self, const struct digest *key);
    enum err (*draft)(void *self, const struct id *name, bool is_new,
                      int64_t size_hint_bytes, void **ret_writer, int *ret_fd);
    enum err (*sync)(void *self, void *writer);
    enum err (*read_draft)(void *self, const struct id *name, int *ret_fd);
    enum err (*remove_draft)(void *self, const struct id *name);
    enum err (*sweep_drafts)(void *self,
                             bool (*is_wanted)(void *context,
                                               const struct id *name),
                             void *context, int64_t *ret_removed);
    enum err (*space)(void *self, int64_t *ret_free, int64_t *ret_total);
    enum err (*sweep)(void *self, int64_t older_than_us,
                      bool (*is_wanted)(void *context, const struct digest *),
                      void *context, int64_t *ret_removed);
    enum err (*walk)(void *self, store_visit *visit, void *context);
    void (*free)(void *self);
};

must_check enum err store_open_fs(const struct store_options *o,
                                  struct store **ret);
struct store *store_new(const struct store_ops *ops, void *self);
void store_free(struct store *s);
// Who works on which blob just now (store/claims.h); of the store's life.
struct claims *store_claims(struct store *s);
DEFINE_SCOPED(store, struct store *, store_free)

// The blob for reading; the descriptor is the caller's. ERR_NOT_FOUND, ERR_IO.
must_check enum err store_open(struct store *s, const struct digest *key,
                               int *ret_fd);

// Begins a blob. Write to store_writer_fd(), by write() at the file's offset,
// then commit. With `size_hint_bytes` > 0 the room is reserved first.
// ERR_NO_SPACE when it is not there, ERR_IO.
must_check enum err store_begin(struct store *s, int64_t size_hint_bytes,
                                struct store_writer **ret);
int store_writer_fd(const struct store_writer *w); // stays the writer's
// `written_bytes` are written so far, front to back: whenever some MB are new
// their way to the disk begins, without waiting for it, so that the sync of the
// commit is short. For large uploads; any thread.
void store_writer_push(struct store_writer *w, int64_t written_bytes);
// Makes it durable and visible under `key`: fsync, rename, fsync of the
// directory. Takes the writer over in every case. A key that exists already is
// success (same key, same bytes); its mtime is renewed.
must_check enum err store_commit(struct store_writer *w,
                                 const struct digest *key);
void store_abandon(struct store_writer *w); // NULL is fine; a draft stays
DEFINE_SCOPED(store_writer, struct store_writer *, store_abandon)

// ---- drafts: blobs to be, which outlive their writers ----------------------

// A draft is written like any blob, but stays when its writer is abandoned or
// the process dies, with all the bytes that reached it; its size is the only
// record of how far it got. (A new one that was never synced goes.)
// store_commit() makes it the blob of its key, and then there is no draft any
// more.

// Opens the draft for writing behind its last byte, with room for
// `size_hint_bytes` more; `is_new`: makes it, emptied if it was there. One
// writer at a time: ERR_BUSY. ERR_NOT_FOUND, ERR_NO_SPACE, ERR_IO.
must_check enum err store_draft(struct store *s, const struct id *name,
                                bool is_new, int64_t size_hint_bytes,
                                struct store_writer **ret);
// All bytes of the draft so far, and its name, are on the disk. After an error
// what it holds cannot be known: remove it.
must_check enum err store_sync(struct store_writer *w);
// For reading, whoever writes it; the descriptor is the caller's.
// ERR_NOT_FOUND, ERR_IO.
must_check enum err store_read_draft(struct store *s, const struct id *name,
                                     int *ret_fd);
// How many bytes of it are on the disk, which this call sees to.
must_check enum err store_draft_size(struct store *s, const struct id *name,
                                     int64_t *ret_bytes);
// ERR_BUSY while somebody writes it, ERR_NOT_FOUND.
must_check enum err store_remove_draft(struct store *s, const struct id *name);
// Removes the drafts that nobody writes and `is_wanted` disowns; nobody can
// begin to write one between the question and the end of it.
must_check enum err store_sweep_drafts(struct store *s,
                                       bool (*is_wanted)(void *context,
                                                         const struct id *name),
                                       void *context, int64_t *ret_removed);

// ---- removing --------------------------------------------------------------

// ERR_NOT_FOUND if it was not there. The caller sees to it that nobody
// publishes the same key for a new fact meanwhile; the sweep does so by itself.
must_check enum err store_remove(struct store *s, const struct digest *key);
must_check enum err store_space(struct store *s, int64_t *ret_free_bytes,
                                int64_t *ret_total_bytes);
// Removes temp files of no live writer, and blobs older than `older_than_us`
// that `is_wanted` disowns (asked again right before each unlink). Blobs of the
// last half minute stay in any case, as their facts may be on the way, unless
// `older_than_us` is 0: then nobody else may be publishing.
must_check enum err store_sweep(struct store *s, int64_t older_than_us,
                                bool (*is_wanted)(void *context,
                                                  const struct digest *key),
                                void *context, int64_t *ret_removed);
// Shows all that lies in the store, in no order, until `visit` fails. What
// comes or goes meanwhile may be shown or not.
must_check enum err store_walk(struct store *s, store_visit *visit,
                               void *context);
