// SPDX-License-Identifier: MIT
// core.h - what the parts of the catalog share: connections and transactions.
//
//     scoped(change) struct change w = {0};
//     TRY(change_begin(c, DB_DURABLE, &w));
//     ... queries on w.db; an early return takes all of it back ...
//     return change_commit(&w);
//
//     scoped(reading) struct reading r = {0};
//     TRY(reading_begin(c, &r));
//     ... queries on r.db ...
#pragma once

#include <pthread.h>

#include "cache.h"
#include "query.h"
#include "reeld/base/buf.h"
#include "reeld/catalog.h"
#include "reeld/catalog/db.h"
#include "reeld/catalog/events.h"

enum { READERS_KEPT = 32 };

struct catalog {
    db_opener *open_db;
    void *open_context;
    char *path;
    int64_t backup_lag_us;
    int64_t changes_lost;  // catalog_changes_lost()
    int64_t wall_ahead_us; // of clock_now_us(), when it was opened
    int lock_fd; // of "PATH.lock": one daemon a database; -1: only read
    struct cache *cache;

    // Held for a whole transaction, disk and all: there is one writer.
    pthread_mutex_t write_lock;
    struct db *writer; // NULL after it broke; the next change opens another

    pthread_mutex_t readers_lock;
    struct db *readers[READERS_KEPT]; // idle ones
    size_t reader_count;
};

struct change {
    struct catalog *catalog;
    struct db *db;
    struct db *doomed; // broken; queries that outlive the commit refer to it
    bool is_open;
};

// Threads: not HTTP's (assert_role).
must_check enum err change_begin(struct catalog *c, enum db_mode mode,
                                 struct change *ret);
// A failure may still mean that the change is there after a restart: blobs that
// it names must not be removed on account of it.
must_check enum err change_commit(struct change *w);
void change_done(struct change *w);
static inline void scoped_release_change(struct change *held)
{
    change_done(held);
}

struct reading {
    struct catalog *catalog;
    struct db *db;
};

must_check enum err reading_begin(struct catalog *c, struct reading *ret);
void reading_done(struct reading *r);
static inline void scoped_release_reading(struct reading *held)
{
    reading_done(held);
}

// asset_rows.c: a struct asset as rows of several tables.
must_check enum err asset_rows_read(struct db *db, const struct id *id,
                                    struct asset *ret);
// Its own row alone, and the number of that.
must_check enum err asset_row_read(struct db *db, const struct id *id,
                                   struct asset *ret, int64_t *ret_row);
// Plan, tracks, renditions and recipes of an asset that becomes READY.
must_check enum err asset_rows_add(struct db *db, int64_t asset_row,
                                   const struct asset *a, const char *build);

// recipes.c: the row of a recipe, old or new.
must_check enum err recipes_add(struct db *db, const struct recipe *r,
                                const char *build, int64_t *ret_row);

// jobs.c: a queued job, inside of a change. `ret_id` may be NULL.
must_check enum err jobs_add(struct db *db, enum job_kind kind,
                             int64_t asset_row, struct id *ret_id);
struct job_move {
    const struct id *id;
    enum job_state from, to;
    const char *error; // NULL: none
    int64_t not_before_us;
    bool gives_back; // the attempt does not count
};
// ERR_CONFLICT when it is not in `from` now.
must_check enum err jobs_move(struct db *db, const struct job_move *m);

// events.c: inside of the change that adds the asset.
must_check enum err callback_add(struct db *db, const struct id *asset,
                                 const struct callback *callback);

// upkeep.c: every row that the query yields, no more than its caller has room
// for.
struct blob_fact;
must_check enum err blob_facts_read(struct query *q, struct blob_fact *ret,
                                    uint32_t *ret_count);

// streams.c: all of a row.
struct stream;
void stream_read(struct query *q, struct stream *ret);

// pulls.c: the bytes of an UPLOADING asset never come.
must_check enum err pull_reject(struct db *db, const struct id *asset,
                                const char *code, const char *detail);

// assets.c: parts of changes of assets.
struct asset_move {
    enum asset_state from, to;
    const char *kind; // NULL: as it is
    const char *error_code, *error_detail;
};
must_check enum err asset_move(struct db *db, const struct id *id,
                               const struct asset_move *m, int64_t *ret_row);
must_check enum err asset_add_source(struct db *db, const struct asset *a,
                                     int64_t *ret_row);
// A new asset, its source, and the probe that it is owed.
must_check enum err asset_add_uploaded(struct db *db, const struct asset *a,
                                       int64_t *ret_source_row);
// Binds all of a new asset but its source.
void asset_bind(struct query *q, const struct asset *a);

// catalog.c: "PATH" with something behind it.
must_check enum err path_beside(const char *path, const char *suffix,
                                struct buf *out);
// Made before SQLite makes it, which would let everybody read it; its log and
// shared memory take over the rights.
must_check enum err create_private(const char *path);
// A connection that changes nothing; what is not there is not made.
must_check enum err open_reader(const char *path, struct db **ret);

// backup.c: a backup was taken within the last backup_lag_us.
bool backup_is_recent(const struct catalog *c);

// idempotency.c: kept answers born before it are over.
int64_t idempotency_oldest_us(void);
must_check enum err idempotency_expire(struct db *db);

// parcels.c: upload addresses past their time.
must_check enum err parcels_expire(struct db *db);

// removal.c: finishes removals that a crash cut short.
must_check enum err removal_resume(struct catalog *c);
// Forgets pieces of a source whose recipes no rendition has any more. Their
// blobs are the sweep's.
must_check enum err removal_of_unwanted(struct catalog *c, int64_t source_row);
