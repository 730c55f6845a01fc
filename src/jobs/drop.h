// SPDX-License-Identifier: MIT
// drop.h - the part of a DROP job that runs on the pool: looking for what is
// missing, and the end of the source.
#pragma once

#include "inbox.h"
#include "reeld/catalog.h"
#include "reeld/model/kept.h"
#include "reeld/store.h"

enum { DROP_BATCH = 64 }; // pieces that are wanted at once

// Where a scan goes on: the asset's own pieces, then those that streams play of
// it besides.
struct drop_walk {
    uint32_t number;     // kept_pieces(): all of its own are looked at
    struct id stream;    // the last one that is through; "": none
    uint32_t asset;      // in the show of the one behind that
    struct kept_walk in; // of that asset
    int64_t seen;        // catalog_last_stream() when this pass began
};

struct drop_scan {
    struct errand errand;
    struct catalog *catalog;
    struct store *store;
    char build[RECIPE_BUILD_BYTES];
    struct job job;
    const struct asset *asset; // a reference
    uint32_t done;             // what is told of progress, in pieces
    struct drop_walk walk;     // where to begin, and where it ended
    bool is_through;           // nothing is behind it
    uint32_t missing;
    struct piece piece[DROP_BATCH];
    enum err result; // ERR_CONFLICT: the job is not running any more
    char why[256];
};
void drop_scan_on_pool(struct errand *errand);
void drop_scan_free(struct drop_scan *s);

// Kept pieces get the hash of their bytes, some at a time.
struct drop_hash {
    struct errand errand;
    struct catalog *catalog;
    struct store *store;
    int64_t source_row;
    int64_t row;     // the last one that was looked at
    bool is_through; // nothing is behind it
    enum err result;
    char why[256];
};
void drop_hash_on_pool(struct errand *errand);

struct drop_end {
    struct errand errand;
    struct catalog *catalog;
    struct store *store;
    struct job job;
    int64_t source_row;
    int64_t seen; // as in struct drop_walk
    struct digest source;
    enum err result; // as catalog_finish_drop()
    char why[256];
};
void drop_end_on_pool(struct errand *errand);
