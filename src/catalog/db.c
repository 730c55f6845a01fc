// SPDX-License-Identifier: MIT
// db.c - statements by name, on whatever database lies below.
#define SQL_WANT_STATEMENTS
#include "query.h"

#include <string.h>

#include "reeld/base/mem.h"

enum err db_open(db_opener *open_db, void *context, const char *path,
                 enum db_use use, struct db **ret)
{
    struct db_link link;
    TRY(open_db(context, path, use, &link));
    *ret = NEW(struct db);
    (*ret)->ops = link.ops;
    (*ret)->self = link.self;
    return OK;
}

void db_free(struct db *db)
{
    if (!db)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        if (db->statement[i])
            db->ops->finish(db->self, db->statement[i]);
    db->ops->free(db->self);
    free(db);
}

// After an error of the disk nothing that this connection believes can be
// relied on.
static enum err note(struct db *db, enum err e)
{
    if (e == ERR_IO)
        db->is_broken = true;
    return e;
}

static enum err prepare(struct db *db, enum sql which)
{
    if (db->statement[which])
        return OK;
    enum err e = db->ops->prepare(db->self, sql_statements[which].text,
                                  &db->statement[which]);
    if (e != OK)
        return note(db, fail(e, "statement %s: %s", sql_statements[which].name,
                             fail_text()));
    return OK;
}

enum err db_prepare_all(struct db *db)
{
    for (int i = 0; i < SQL_COUNT; i++)
        TRY(prepare(db, (enum sql)i));
    return OK;
}

enum err db_begin(struct db *db, enum db_mode mode)
{
    return note(db, db->ops->begin(db->self, mode));
}

enum err db_commit(struct db *db)
{
    for (int i = 0; i < SQL_COUNT; i++)
        if (db->statement[i])
            db->ops->reset(db->self, db->statement[i]);
    return note(db, db->ops->commit(db->self));
}

void db_rollback(struct db *db)
{
    db->ops->rollback(db->self);
}

enum err db_run(struct db *db, const char *script)
{
    return note(db, db->ops->run(db->self, script));
}

void query_init(struct query *q, struct db *db, enum sql which)
{
    *q = (struct query){.db = db};
    q->failed = prepare(db, which);
    q->statement = db->statement[which];
}

void query_done(struct query *q)
{
    if (q->statement)
        q->db->ops->reset(q->db->self, q->statement);
    q->statement = NULL;
}

static void keep(struct query *q, enum err e)
{
    q->failed = note(q->db, e);
}

void query_int(struct query *q, const char *name, int64_t value)
{
    if (q->failed == OK)
        keep(q, q->db->ops->bind_int(q->db->self, q->statement, name, value));
}

void query_str(struct query *q, const char *name, struct str text)
{
    if (q->failed == OK)
        keep(q, q->db->ops->bind_text(q->db->self, q->statement, name, text));
}

void query_text(struct query *q, const char *name, const char *text)
{
    query_str(q, name, text ? str_of(text) : (struct str){NULL, 0});
}

void query_bytes(struct query *q, const char *name, const void *bytes,
                 size_t len)
{
    if (q->failed == OK)
        keep(q, q->db->ops->bind_bytes(q->db->self, q->statement, name, bytes,
                                       len));
}

void query_digest(struct query *q, const char *name, const struct digest *d)
{
    query_bytes(q, name, d->bytes, sizeof(d->bytes));
}

enum err query_step(struct query *q, bool *ret_has_row)
{
    TRY(q->failed);
    q->column = 0;
    keep(q, q->db->ops->step(q->db->self, q->statement, ret_has_row));
    return q->failed;
}

enum err query_one(struct query *q)
{
    bool has_row;
    TRY(query_step(q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no such row");
    return OK;
}

enum err query_run(struct query *q)
{
    bool has_row;
    do {
        TRY(query_step(q, &has_row));
    } while (has_row);
    return OK;
}

int64_t query_get_int(struct query *q)
{
    return q->db->ops->column_int(q->db->self, q->statement, q->column++);
}

struct str query_get_str(struct query *q)
{
    return q->db->ops->column_bytes(q->db->self, q->statement, q->column++);
}

void query_get_text(struct query *q, char *to, size_t to_bytes)
{
    str_copy(to, to_bytes, query_get_str(q));
}

char *query_get_heap(struct query *q)
{
    struct str s = query_get_str(q);
    return s.ptr ? str_dup(s) : NULL;
}

struct digest query_get_digest(struct query *q)
{
    struct str s = query_get_str(q);
    struct digest d = {{0}};
    if (s.len == sizeof(d.bytes))
        memcpy(d.bytes, s.ptr, sizeof(d.bytes));
    return d;
}
