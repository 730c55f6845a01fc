// SPDX-License-Identifier: MIT
// catalog_faulty.c - a database that fails on the Nth call.
#include "catalog_faulty.h"

#include "reeld/base/buf.h"
#include "reeld/base/mem.h"
#include "unit.h"

struct faulty {
    struct db_link inner;
    struct db_faults *faults;
};

static enum err count(struct db_faults *f, const char *what)
{
    if (++f->calls == f->fail_at)
        return fail(f->code, "%s fails on purpose", what);
    return OK;
}

static enum err faulty_run(void *self, const char *script)
{
    struct faulty *f = self;
    TRY(count(f->faults, "run"));
    return f->inner.ops->run(f->inner.self, script);
}

static enum err faulty_prepare(void *self, const char *sql, void **ret)
{
    struct faulty *f = self;
    TRY(count(f->faults, "prepare"));
    return f->inner.ops->prepare(f->inner.self, sql, ret);
}

static void faulty_finish(void *self, void *statement)
{
    struct faulty *f = self;
    f->inner.ops->finish(f->inner.self, statement);
}

static enum err faulty_bind_int(void *self, void *statement, const char *name,
                                int64_t value)
{
    struct faulty *f = self;
    TRY(count(f->faults, "bind"));
    return f->inner.ops->bind_int(f->inner.self, statement, name, value);
}

static enum err faulty_bind_text(void *self, void *statement, const char *name,
                                 struct str text)
{
    struct faulty *f = self;
    TRY(count(f->faults, "bind"));
    return f->inner.ops->bind_text(f->inner.self, statement, name, text);
}

static enum err faulty_bind_bytes(void *self, void *statement, const char *name,
                                  const void *bytes, size_t len)
{
    struct faulty *f = self;
    TRY(count(f->faults, "bind"));
    return f->inner.ops->bind_bytes(f->inner.self, statement, name, bytes, len);
}

static enum err faulty_step(void *self, void *statement, bool *ret_has_row)
{
    struct faulty *f = self;
    TRY(count(f->faults, "step"));
    return f->inner.ops->step(f->inner.self, statement, ret_has_row);
}

static int64_t faulty_column_int(void *self, void *statement, int at)
{
    struct faulty *f = self;
    return f->inner.ops->column_int(f->inner.self, statement, at);
}

static struct str faulty_column_bytes(void *self, void *statement, int at)
{
    struct faulty *f = self;
    return f->inner.ops->column_bytes(f->inner.self, statement, at);
}

static void faulty_reset(void *self, void *statement)
{
    struct faulty *f = self;
    f->inner.ops->reset(f->inner.self, statement);
}

static enum err faulty_begin(void *self, enum db_mode mode)
{
    struct faulty *f = self;
    TRY(count(f->faults, "begin"));
    return f->inner.ops->begin(f->inner.self, mode);
}

static enum err faulty_commit(void *self)
{
    struct faulty *f = self;
    if (f->faults->keeps_commits)
        TRY(f->inner.ops->commit(f->inner.self));
    TRY(count(f->faults, "commit"));
    return f->faults->keeps_commits ? OK : f->inner.ops->commit(f->inner.self);
}

static void faulty_rollback(void *self)
{
    struct faulty *f = self;
    f->inner.ops->rollback(f->inner.self);
}

static enum err faulty_check(void *self)
{
    struct faulty *f = self;
    TRY(count(f->faults, "check"));
    return f->inner.ops->check(f->inner.self);
}

static enum err faulty_settle(void *self)
{
    struct faulty *f = self;
    TRY(count(f->faults, "settle"));
    return f->inner.ops->settle(f->inner.self);
}

static enum err faulty_copy_to(void *self, const char *path)
{
    struct faulty *f = self;
    TRY(count(f->faults, "copy"));
    return f->inner.ops->copy_to(f->inner.self, path);
}

static void faulty_free(void *self)
{
    struct faulty *f = self;
    f->inner.ops->free(f->inner.self);
    free(f);
}

enum err db_faulty_open(void *context, const char *path, enum db_use use,
                        struct db_link *ret)
{
    static const struct db_ops ops = {
        .run = faulty_run,
        .prepare = faulty_prepare,
        .finish = faulty_finish,
        .bind_int = faulty_bind_int,
        .bind_text = faulty_bind_text,
        .bind_bytes = faulty_bind_bytes,
        .step = faulty_step,
        .column_int = faulty_column_int,
        .column_bytes = faulty_column_bytes,
        .reset = faulty_reset,
        .begin = faulty_begin,
        .commit = faulty_commit,
        .rollback = faulty_rollback,
        .check = faulty_check,
        .settle = faulty_settle,
        .copy_to = faulty_copy_to,
        .free = faulty_free,
    };
    struct db_faults *faults = context;
    TRY(count(faults, "open"));
    struct db_link inner;
    TRY(db_sqlite_open(NULL, path, use, &inner));
    struct faulty *f = NEW(struct faulty);
    *f = (struct faulty){.inner = inner, .faults = faults};
    *ret = (struct db_link){.ops = &ops, .self = f};
    return OK;
}

// ---- looking at it ---------------------------------------------------------

// The first column of each row, each as a line.
static void add_lines(const struct db_link *db, const char *sql,
                      struct buf *out)
{
    void *statement;
    assert_int_equal(db->ops->prepare(db->self, sql, &statement), OK);
    bool has_row;
    for (;;) {
        assert_int_equal(db->ops->step(db->self, statement, &has_row), OK);
        if (!has_row)
            break;
        buf_str(out, db->ops->column_bytes(db->self, statement, 0));
        buf_char(out, '\n');
    }
    db->ops->finish(db->self, statement);
}

char *db_dump(const char *path)
{
    struct db_link db;
    assert_int_equal(db_sqlite_open(NULL, path, DB_READER, &db), OK);
    scoped(buf) struct buf selects, rows;
    buf_init(&selects, 1 << 20);
    buf_init(&rows, 64 << 20);
    // One SELECT a table, of all its columns in a readable form.
    add_lines(&db,
              "SELECT 'SELECT ''' || t.name || ': '' || ' || "
              "group_concat('quote(\"' || c.name || '\")', ' || '' '' || ') || "
              "' FROM \"' || t.name || '\"' "
              "FROM sqlite_schema t, pragma_table_info(t.name) c "
              "WHERE t.type = 'table' GROUP BY t.name ORDER BY t.name",
              &selects);
    struct str rest = buf_view(&selects);
    while (rest.ptr) {
        scoped(mem) char *select = str_dup(str_cut(&rest, '\n'));
        if (*select)
            add_lines(&db, select, &rows);
    }
    assert_int_equal(buf_end(&rows), OK);
    db.ops->free(db.self);
    size_t len;
    return (char *)buf_take(&rows, &len);
}
