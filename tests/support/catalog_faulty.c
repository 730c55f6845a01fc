// SPDX-License-Identifier: MIT
// catalog_faulty.c - a database that fails on the Nth call.
#include "catalog_faulty.h"

#include "reeld/base/buf.h"
#include "reeld/base/mem.h"
#include "unit.h"

struct faulty {
    struct db *inner;
    struct db_faults *faults;
};

static enum err count(struct db_faults *f, const char *what)
{
    if (++f->calls == f->fail_at)
        return fail(f->code, "%s fails on purpose", what);
    return OK;
}

#define INNER(call, ...) f->inner->ops->call(f->inner->self, ##__VA_ARGS__)

static enum err faulty_run(void *self, const char *script)
{
    struct faulty *f = self;
    TRY(count(f->faults, "run"));
    return INNER(run, script);
}

static enum err faulty_prepare(void *self, const char *sql, void **ret)
{
    struct faulty *f = self;
    TRY(count(f->faults, "prepare"));
    return INNER(prepare, sql, ret);
}

static void faulty_finish(void *self, void *statement)
{
    struct faulty *f = self;
    INNER(finish, statement);
}

static enum err faulty_bind_int(void *self, void *statement, const char *name,
                                int64_t value)
{
    struct faulty *f = self;
    TRY(count(f->faults, "bind"));
    return INNER(bind_int, statement, name, value);
}

static enum err faulty_bind_text(void *self, void *statement, const char *name,
                                 struct str text)
{
    struct faulty *f = self;
    TRY(count(f->faults, "bind"));
    return INNER(bind_text, statement, name, text);
}

static enum err faulty_bind_bytes(void *self, void *statement, const char *name,
                                  const void *bytes, size_t len)
{
    struct faulty *f = self;
    TRY(count(f->faults, "bind"));
    return INNER(bind_bytes, statement, name, bytes, len);
}

static enum err faulty_step(void *self, void *statement, bool *ret_has_row)
{
    struct faulty *f = self;
    TRY(count(f->faults, "step"));
    return INNER(step, statement, ret_has_row);
}

static int64_t faulty_column_int(void *self, void *statement, int at)
{
    struct faulty *f = self;
    return INNER(column_int, statement, at);
}

static struct str faulty_column_bytes(void *self, void *statement, int at)
{
    struct faulty *f = self;
    return INNER(column_bytes, statement, at);
}

static void faulty_reset(void *self, void *statement)
{
    struct faulty *f = self;
    INNER(reset, statement);
}

static enum err faulty_begin(void *self, enum db_mode mode)
{
    struct faulty *f = self;
    TRY(count(f->faults, "begin"));
    return INNER(begin, mode);
}

static enum err faulty_commit(void *self)
{
    struct faulty *f = self;
    if (f->faults->keeps_commits)
        TRY(INNER(commit));
    TRY(count(f->faults, "commit"));
    return f->faults->keeps_commits ? OK : INNER(commit);
}

static void faulty_rollback(void *self)
{
    struct faulty *f = self;
    INNER(rollback);
}

static enum err faulty_check(void *self)
{
    struct faulty *f = self;
    TRY(count(f->faults, "check"));
    return INNER(check);
}

static enum err faulty_settle(void *self)
{
    struct faulty *f = self;
    TRY(count(f->faults, "settle"));
    return INNER(settle);
}

static enum err faulty_copy_to(void *self, const char *path)
{
    struct faulty *f = self;
    TRY(count(f->faults, "copy"));
    return INNER(copy_to, path);
}

static void faulty_free(void *self)
{
    struct faulty *f = self;
    db_free(f->inner);
    free(f);
}

enum err db_faulty_open(void *context, const char *path, enum db_use use,
                        struct db **ret)
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
    struct db *inner;
    TRY(db_sqlite_open(NULL, path, use, &inner));
    struct faulty *f = NEW(struct faulty);
    *f = (struct faulty){.inner = inner, .faults = faults};
    *ret = db_new(&ops, f);
    return OK;
}

// ---- looking at it ---------------------------------------------------------

// The first column of each row, each as a line.
static void add_lines(struct db *db, const char *sql, struct buf *out)
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
    struct db *db;
    assert_int_equal(db_sqlite_open(NULL, path, DB_READER, &db), OK);
    scoped(buf) struct buf selects, rows;
    buf_init(&selects, 1 << 20);
    buf_init(&rows, 64 << 20);
    // One SELECT a table, of all its columns in a readable form.
    add_lines(db,
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
            add_lines(db, select, &rows);
    }
    assert_int_equal(buf_end(&rows), OK);
    db_free(db);
    size_t len;
    return (char *)buf_take(&rows, &len);
}
