// SPDX-License-Identifier: MIT
// db.h - what the catalog asks of a database, and how its functions ask.
//
//     scoped(query) struct query q;
//     query_init(&q, db, SQL_META_GET);
//     query_text(&q, ":name", name);
//     TRY(query_one(&q));             // ERR_NOT_FOUND when there is no row
//     size = query_get_int(&q);       // columns, from the first to the last
//
// Binding does not fail on its own: the first trouble is kept and reported by
// the next step. What is bound or read is lent: bound values must outlive the
// query, text that was read lives until the next step.
//
// Threads: one at a time a connection.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "sql.h"

enum db_mode {
    DB_READ,    // one view of the facts over several statements
    DB_LAZY,    // a change that may be lost with the power, but nothing else
    DB_DURABLE, // a change that is on the disk when commit returns
};

// Two implementations: db_sqlite.c, and tests/support/catalog_faulty.c, which
// wraps another one and fails on the Nth call. A full disk is ERR_NO_SPACE, a
// failing one ERR_IO, another writer ERR_BUSY; a row that breaks a rule of the
// schema is ERR_CONFLICT (it exists already), ERR_NOT_FOUND (what it refers to
// does not) or ERR_BAD_INPUT (a value out of bounds).
struct db_ops {
    enum err (*run)(void *self, const char *script);
    enum err (*prepare)(void *self, const char *sql, void **ret_statement);
    void (*finish)(void *self, void *statement);
    enum err (*bind_int)(void *self, void *statement, const char *name,
                         int64_t value);
    enum err (*bind_text)(void *self, void *statement, const char *name,
                          struct str text); // a NULL pointer is no value
    enum err (*bind_bytes)(void *self, void *statement, const char *name,
                           const void *bytes, size_t len);
    enum err (*step)(void *self, void *statement, bool *ret_has_row);
    int64_t (*column_int)(void *self, void *statement, int at);
    struct str (*column_bytes)(void *self, void *statement, int at);
    void (*reset)(void *self, void *statement);
    enum err (*begin)(void *self, enum db_mode mode);
    enum err (*commit)(void *self);
    void (*rollback)(void *self); // fine when nothing was begun
    // ERR_BAD_INPUT, with the first complaint, when the file is damaged.
    enum err (*check)(void *self);
    // Puts what the file shows now on the disk, after a commit that failed in
    // the middle: the kernel may show what it never wrote.
    enum err (*settle)(void *self);
    enum err (*copy_to)(void *self, const char *path); // a backup, synced
    void (*free)(void *self);
};

// One connection and the statements prepared on it so far.
struct db {
    const struct db_ops *ops;
    void *self;
    void *statement[SQL_COUNT];
    bool is_broken; // the disk failed under it: open another one
};

enum db_use { DB_WRITER, DB_READER }; // a reader cannot change anything

// How a connection is opened. ERR_BAD_INPUT: not a database, or damaged.
typedef enum err db_opener(void *context, const char *path, enum db_use use,
                           struct db **ret);
db_opener db_sqlite_open; // context is not used

struct db *db_new(const struct db_ops *ops, void *self);
void db_free(struct db *db);
DEFINE_SCOPED(db, struct db *, db_free)

// Prepares every statement there is. The text of a failure names it.
must_check enum err db_prepare_all(struct db *db);
must_check enum err db_begin(struct db *db, enum db_mode mode);
// Ends the queries that are still under way, too.
must_check enum err db_commit(struct db *db);
void db_rollback(struct db *db);
must_check enum err db_run(struct db *db, const char *script);

struct query {
    struct db *db;
    void *statement;
    enum err failed;
    int column;
};

void query_init(struct query *q, struct db *db, enum sql which);
void query_done(struct query *q);
// In place, like struct buf.
static inline void scoped_release_query(struct query *held)
{
    query_done(held);
}

void query_int(struct query *q, const char *name, int64_t value);
void query_text(struct query *q, const char *name, const char *text);
void query_str(struct query *q, const char *name, struct str text);
void query_bytes(struct query *q, const char *name, const void *bytes,
                 size_t len);
void query_digest(struct query *q, const char *name, const struct digest *d);

must_check enum err query_step(struct query *q, bool *ret_has_row);
must_check enum err query_one(struct query *q); // ERR_NOT_FOUND without a row
must_check enum err query_run(struct query *q); // to the end, rows or not

int64_t query_get_int(struct query *q);
struct str query_get_str(struct query *q); // NULL pointer: no value
void query_get_text(struct query *q, char *to, size_t to_bytes);
char *query_get_heap(struct query *q); // NULL: no value
// All zero when the column is not a digest; the schema sees to that.
struct digest query_get_digest(struct query *q);
