// SPDX-License-Identifier: MIT
// db_sqlite.c - the database is SQLite: the only file that knows so.
#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/catalog/db.h"

enum {
    BUSY_MS = 5000,
    LENGTH_MAX = 32 << 20, // of a row; the largest are plans, at most 16 MiB
};

struct lite {
    sqlite3 *db;
    bool is_durable; // how `synchronous` stands
};

// Extended codes, as each connection asks for them.
static enum err err_of(sqlite3 *db, int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_CONFLICT;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_NOT_FOUND;
    case SQLITE_CONSTRAINT_TRIGGER: // sql/migrations/009_quota.sql
        return ERR_QUOTA;
    }
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return ERR_BAD_INPUT;
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_FULL:
        return ERR_NO_SPACE;
    case SQLITE_IOERR:
        return sqlite3_system_errno(db) == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    }
    return ERR_IO;
}

static enum err fail_lite(sqlite3 *db, int code, const char *what)
{
    return fail(err_of(db, code), "%s: %s (%d)", what, sqlite3_errmsg(db),
                code);
}

// Where a file is opened a wrong file is the operator's trouble, not the
// machine's.
static enum err fail_opening(sqlite3 *db, int code, const char *path)
{
    int kind = code & 0xff;
    if (kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT)
        return fail(ERR_BAD_INPUT,
                    "%s is damaged or not a database: %s; restore a backup",
                    path, sqlite3_errmsg(db));
    return fail_lite(db, code, path);
}

static enum err lite_run(void *self, const char *script)
{
    struct lite *l = self;
    int code = sqlite3_exec(l->db, script, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : fail_lite(l->db, code, "run");
}

static enum err lite_prepare(void *self, const char *sql, void **ret_statement)
{
    struct lite *l = self;
    sqlite3_stmt *s;
    int code =
        sqlite3_prepare_v3(l->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);
    if (code != SQLITE_OK)
        return fail_lite(l->db, code, "prepare");
    *ret_statement = s;
    return OK;
}

static void lite_finish(void *self, void *statement)
{
    (void)self;
    sqlite3_finalize(statement);
}

static int parameter(void *statement, const char *name)
{
    int at = sqlite3_bind_parameter_index(statement, name);
    assert(at > 0);
    return at;
}

static enum err bound(struct lite *l, int code)
{
    return code == SQLITE_OK ? OK : fail_lite(l->db, code, "bind");
}

static enum err lite_bind_int(void *self, void *statement, const char *name,
                              int64_t value)
{
    return bound(
        self, sqlite3_bind_int64(statement, parameter(statement, name), value));
}

// SQLITE_STATIC: the values outlive the query (db.h), and reset lets go.
static enum err lite_bind_text(void *self, void *statement, const char *name,
                               struct str text)
{
    return bound(self, sqlite3_bind_text64(
                           statement, parameter(statement, name), text.ptr,
                           text.len, SQLITE_STATIC, SQLITE_UTF8));
}

static enum err lite_bind_bytes(void *self, void *statement, const char *name,
                                const void *bytes, size_t len)
{
    // Without a pointer SQLite would bind no value instead of no bytes.
    return bound(self,
                 sqlite3_bind_blob64(statement, parameter(statement, name),
                                     bytes ? bytes : "", len, SQLITE_STATIC));
}

static enum err lite_step(void *self, void *statement, bool *ret_has_row)
{
    struct lite *l = self;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return fail_lite(l->db, code, "step");
    *ret_has_row = code == SQLITE_ROW;
    return OK;
}

static int64_t lite_column_int(void *self, void *statement, int at)
{
    (void)self;
    return sqlite3_column_int64(statement, at);
}

static struct str lite_column_bytes(void *self, void *statement, int at)
{
    (void)self;
    if (sqlite3_column_type(statement, at) == SQLITE_NULL)
        return (struct str){NULL, 0};
    const char *bytes = sqlite3_column_blob(statement, at);
    return (struct str){bytes ? bytes : "",
                        (size_t)sqlite3_column_bytes(statement, at)};
}

static void lite_reset(void *self, void *statement)
{
    (void)self;
    sqlite3_reset(statement); // repeats what step has reported
    sqlite3_clear_bindings(statement);
}

static enum err set_durable(struct lite *l, bool is_durable)
{
    if (l->is_durable == is_durable)
        return OK;
    TRY(lite_run(l, is_durable ? "PRAGMA synchronous = FULL"
                               : "PRAGMA synchronous = NORMAL"));
    l->is_durable = is_durable;
    return OK;
}

static enum err lite_begin(void *self, enum db_mode mode)
{
    if (mode == DB_READ)
        return lite_run(self, "BEGIN");
    TRY(set_durable(self, mode == DB_DURABLE));
    return lite_run(self, "BEGIN IMMEDIATE");
}

static enum err lite_commit(void *self)
{
    return lite_run(self, "COMMIT");
}

static void lite_rollback(void *self)
{
    struct lite *l = self;
    // Many errors have rolled back already. If this one fails, closing the
    // connection rolls back. No text: the first failure's is the one to read.
    if (!sqlite3_get_autocommit(l->db))
        sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum err check(sqlite3 *db)
{
    const char *path = sqlite3_db_filename(db, "main");
    sqlite3_stmt *s;
    int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (code != SQLITE_OK)
        return fail_opening(db, code, path);
    code = sqlite3_step(s);
    enum err e = OK;
    const char *verdict =
        code == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (!verdict)
        e = fail_opening(db, code, path);
    else if (strcmp(verdict, "ok") != 0)
        e = fail(ERR_BAD_INPUT, "%s is damaged: %s; restore a backup", path,
                 verdict);
    sqlite3_finalize(s);
    return e;
}

static enum err lite_check(void *self)
{
    const struct lite *l = self;
    return check(l->db);
}

static enum err lite_settle(void *self)
{
    struct lite *l = self;
    TRY(set_durable(l, true));
    int frames, moved;
    int code = sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_FULL,
                                         &frames, &moved);
    if (code != SQLITE_OK)
        return fail_lite(l->db, code, "checkpoint");
    if (moved < frames)
        return fail(ERR_BUSY, "checkpoint: %d of %d frames", moved, frames);
    return OK;
}

static enum err copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (!b)
        return fail_lite(to, sqlite3_extended_errcode(to), "backup");
    int code = sqlite3_backup_step(b, -1);
    int finished = sqlite3_backup_finish(b);
    if (code != SQLITE_DONE || finished != SQLITE_OK)
        return fail_lite(to, code != SQLITE_DONE ? code : finished, "backup");
    // One file then, which nobody has to write to for reading it.
    code = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return fail_lite(to, code, "backup");
    return check(to);
}

static enum err lite_copy_to(void *self, const char *path)
{
    struct lite *l = self;
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               NULL);
    enum err e = code == SQLITE_OK ? copy_pages(l->db, to)
                                   : fail_opening(to, code, path);
    sqlite3_close(to);
    return e;
}

static void lite_free(void *self)
{
    struct lite *l = self;
    if (!l)
        return;
    sqlite3_close(l->db);
    free(l);
}
DEFINE_SCOPED(lite, struct lite *, lite_free)

static const struct db_ops ops = {
    .run = lite_run,
    .prepare = lite_prepare,
    .finish = lite_finish,
    .bind_int = lite_bind_int,
    .bind_text = lite_bind_text,
    .bind_bytes = lite_bind_bytes,
    .step = lite_step,
    .column_int = lite_column_int,
    .column_bytes = lite_column_bytes,
    .reset = lite_reset,
    .begin = lite_begin,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .check = lite_check,
    .settle = lite_settle,
    .copy_to = lite_copy_to,
    .free = lite_free,
};

// The schema is data of a file that somebody may have swapped: it may not run
// functions with side effects, and nobody may write to it past SQL.
static void harden(sqlite3 *db)
{
    static const struct {
        int option, value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE,      1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY,    1},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
        {SQLITE_DBCONFIG_ENABLE_VIEW,    0},
        {SQLITE_DBCONFIG_DQS_DDL,        0},
        {SQLITE_DBCONFIG_DQS_DML,        0},
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
        sqlite3_db_config(db, settings[i].option, settings[i].value, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_busy_timeout(db, BUSY_MS);
}

static const char writer_settings[] = "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = FULL;"
                                      "PRAGMA temp_store = MEMORY;"
                                      "PRAGMA journal_size_limit = 67108864;"
                                      "PRAGMA cache_size = -16384;";
static const char reader_settings[] = "PRAGMA query_only = ON;"
                                      "PRAGMA temp_store = MEMORY;"
                                      "PRAGMA cache_size = -8192;";

enum err db_sqlite_open(void *context, const char *path, enum db_use use,
                        struct db_link *ret)
{
    (void)context;
    scoped(lite) struct lite *l = NEW(struct lite);
    l->is_durable = true;
    int create = use == DB_WRITER ? SQLITE_OPEN_CREATE : 0;
    int code = sqlite3_open_v2(path, &l->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                   SQLITE_OPEN_EXRESCODE | create,
                               NULL);
    if (code != SQLITE_OK)
        return fail_opening(l->db, code, path);
    harden(l->db);
    // Who only looks does not tidy up either: after a crash the log may be all
    // that there is to see.
    if (use == DB_READER)
        sqlite3_db_config(l->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    code = sqlite3_exec(l->db,
                        use == DB_WRITER ? writer_settings : reader_settings,
                        NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return fail_opening(l->db, code, path);
    *ret = (struct db_link){.ops = &ops, .self = take(l)};
    return OK;
}
