// SPDX-License-Identifier: MIT
// db.h - what the catalog asks of a database.
//
// Two implementations: SQLite, and tests/support/catalog_faulty.c, which wraps
// another one and fails on the Nth call. All SQL is in sql/; this seam carries
// it. Other rooms have no business here.
//
// Threads: one at a time a connection.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"

enum db_mode {
    DB_READ,    // one view of the facts over several statements
    DB_LAZY,    // a change that may be lost with the power, but nothing else
    DB_DURABLE, // a change that is on the disk when commit returns
};

// A full disk is ERR_NO_SPACE, a failing one ERR_IO, another writer ERR_BUSY; a
// row that breaks a rule of the schema is ERR_CONFLICT (it exists already),
// ERR_NOT_FOUND (what it refers to does not), ERR_QUOTA or ERR_BAD_INPUT (a
// value out of bounds). What is bound or read is lent: bound values must
// outlive the reset, bytes of a column live until the next step.
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

enum db_use { DB_WRITER, DB_READER }; // a reader cannot change anything

// An open connection. `ops->free` closes it.
struct db_link {
    const struct db_ops *ops;
    void *self;
};

// How a connection is opened. ERR_BAD_INPUT: not a database, or damaged.
typedef enum err db_opener(void *context, const char *path, enum db_use use,
                           struct db_link *ret);
db_opener db_sqlite_open; // context is not used
// Looks through the log beside the database at `path`, if there is one; also
// while somebody writes it.
//
//   ret_behind   changes whose ends stand behind a hole, where the log ends for
//                SQLite; of no meaning while it is written
//
// ERR_BAD_INPUT when it would end too early since a bit of it flipped; ERR_IO.
must_check enum err db_sqlite_check_log(const char *path, int64_t *ret_behind);

// catalog_open() on any kind of database.
must_check enum err catalog_open_on(const struct catalog_options *o,
                                    db_opener *open_db, void *open_context,
                                    struct catalog **ret);

struct db; // a connection and the statements prepared on it

must_check enum err db_open(db_opener *open_db, void *context, const char *path,
                            enum db_use use, struct db **ret);
void db_free(struct db *db);
DEFINE_SCOPED(db, struct db *, db_free)
// Prepares every statement of sql/queries/. The text of a failure names it.
must_check enum err db_prepare_all(struct db *db);
must_check enum err db_run(struct db *db, const char *script);
