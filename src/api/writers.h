// SPDX-License-Identifier: MIT
// writers.h - who writes which resumable upload just now, and the SHA-256 of
// what it has so far.
//
// The store's lock on a draft decides who may write; this table knows whom to
// ask to stop, and keeps the hash from one request to the next, so that the
// bytes need not be read again at the end. A hash that was forgotten (too many,
// or the daemon's life before) only costs that.
//
// Threads: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/hash.h"
#include "reeld/base/id.h"

struct writers;
struct writers *writers_new(void);
void writers_free(struct writers *w);

// One upload in the table, its owner's until it leaves or is interrupted.
struct writing {
    struct hash *hash;    // of the first hashed_bytes; NULL: of none
    int64_t hashed_bytes; // from here on nothing is hashed yet
};

// The caller has the draft's lock; of one that is new nothing is hashed.
// `interrupt(owner)` stops it if that can be, lets go of the lock and returns
// true; it is called with the table locked.
struct writing *writers_enter(struct writers *w, const struct id *upload,
                              bool is_new, void *owner,
                              bool (*interrupt)(void *owner));
// Comes right before the lock is let go of: whoever finds nobody here need not
// wait long for it. Fine for one that was interrupted or that never entered.
void writers_leave(struct writers *w, const struct id *upload,
                   const void *owner);
// Somebody writes it, or is past its last byte and at work on it.
bool writers_has(struct writers *w, const struct id *upload);
// Stops whoever writes this upload and can be stopped.
void writers_interrupt(struct writers *w, const struct id *upload);
// What was known of it is of no use any more.
void writers_forget(struct writers *w, const struct id *upload);
