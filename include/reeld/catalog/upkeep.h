// SPDX-License-Identifier: MIT
// upkeep.h - the catalog as the operator's tools see it.
//
// A catalog that is opened for reading takes no lock and changes nothing, not
// even by opening or closing it, so it may stand beside a daemon that serves:
// each call sees one moment of it. Functions that change facts must not be
// called with it (asserted).
//
// Threads: as catalog.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"

// ERR_NOT_FOUND when there is no such file, ERR_BAD_INPUT when it is damaged or
// not of this reeld, ERR_CONFLICT when an older reeld made it and no newer one
// has opened it for writing yet.
must_check enum err catalog_open_reading(const struct catalog_options *o,
                                         struct catalog **ret);

// Copies the database at `from`, as it is at one moment, to the new file `to`,
// which is whole, checked and on the disk then. Whoever has `from` open goes on
// undisturbed, save that it keeps what departs a while (catalog_options).
// ERR_CONFLICT when `to` exists; ERR_NOT_FOUND, ERR_BAD_INPUT,
// ERR_NO_SPACE, ERR_IO.
must_check enum err catalog_copy(const char *from, const char *to);

// Looks through the whole database; each complaint is a line for the operator.
// OK with complaints, too; an error when it cannot even be read.
must_check enum err catalog_examine(struct catalog *c,
                                    void (*complain)(void *context,
                                                     const char *line),
                                    void *context);

// The blobs that facts name, in slices: behind `after_row` (0: from the
// beginning), at most `limit`; *ret_count is 0 at the end.
// KEPT: pieces that are all there is of a dropped source.
enum blob_kind { BLOB_SOURCE, BLOB_KEPT, BLOB_PIECE, BLOB_KINDS };
struct blob_fact {
    int64_t row;
    struct digest key;
    int64_t size_bytes;
    // What the bytes are: of sources always known, else of what was kept when
    // its source was dropped.
    bool has_hash;
    struct digest hash;
};
must_check enum err catalog_blob_facts(struct catalog *c, enum blob_kind kind,
                                       int64_t after_row, uint32_t limit,
                                       struct blob_fact *ret,
                                       uint32_t *ret_count);
// An asset that a source or piece belongs to. ERR_NOT_FOUND.
must_check enum err catalog_asset_of_blob(struct catalog *c,
                                          const struct digest *key,
                                          struct id *ret);

// Rows whose time is over, and taking them away.
must_check enum err catalog_count_expired(struct catalog *c, int64_t *ret_rows);
must_check enum err catalog_expire(struct catalog *c); // changes
