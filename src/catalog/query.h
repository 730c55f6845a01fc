// SPDX-License-Identifier: MIT
// query.h - how the catalog's functions ask a database.
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
#include "reeld/catalog/db.h"
#include "sql.h"

// Statements are prepared when they are first asked for.
struct db {
    const struct db_ops *ops;
    void *self;
    void *statement[SQL_COUNT];
    bool is_broken; // the disk failed under it: open another one
};

must_check enum err db_begin(struct db *db, enum db_mode mode);
// Ends the queries that are still under way, too.
must_check enum err db_commit(struct db *db);
void db_rollback(struct db *db);

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
