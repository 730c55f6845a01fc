// SPDX-License-Identifier: MIT
// migrate.c - bringing a database to the schema of this program.
#define SQL_WANT_MIGRATIONS
#include "reeld/catalog/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "query.h"
#include "reeld/base/buf.h"
#include "reeld/base/clock.h"

enum { SCRIPT_BYTES_MAX = 1 << 20 };

struct migrations migrate_own(void)
{
    return (struct migrations){
        .list = sql_migrations,
        .count = sizeof(sql_migrations) / sizeof(*sql_migrations),
    };
}

static enum err script_text(migration_lines lines, struct buf *out)
{
    for (; *lines; lines++)
        buf_text(out, *lines);
    return buf_end(out);
}

static enum err script_hash(migration_lines lines, struct digest *ret)
{
    scoped(buf) struct buf text;
    buf_init(&text, SCRIPT_BYTES_MAX);
    TRY(script_text(lines, &text));
    *ret = hash_of(text.bytes, text.len);
    return OK;
}

struct file_state {
    int64_t application_id, version, tables;
};

static enum err read_state(struct db *db, struct file_state *ret)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_MIGRATION_STATE);
    TRY(query_one(&q));
    ret->application_id = query_get_int(&q);
    ret->version = query_get_int(&q);
    ret->tables = query_get_int(&q);
    return OK;
}

static enum err check_state(const struct file_state *s, const char *path,
                            size_t latest)
{
    bool is_new = s->application_id == 0 && s->version == 0 && s->tables == 0;
    if (is_new)
        return OK;
    if (s->application_id != MIGRATE_APPLICATION_ID || s->version < 1)
        return fail(ERR_BAD_INPUT, "%s is a database of another program", path);
    if ((uint64_t)s->version > latest)
        return fail(ERR_BAD_INPUT,
                    "%s is of a newer reeld: schema %" PRId64
                    ", this program knows %zu",
                    path, s->version, latest);
    return OK;
}

// What was applied once must be what this program would apply.
static enum err check_history(struct db *db, const char *path,
                              struct migrations scripts, int64_t version)
{
    if (version == 0)
        return OK; // there is no table to look into yet
    scoped(query) struct query q;
    query_init(&q, db, SQL_MIGRATION_LIST);
    for (int64_t i = 1; i <= version; i++) {
        TRY(query_one(&q));
        int64_t number = query_get_int(&q);
        struct digest had = query_get_digest(&q), own;
        TRY(script_hash(scripts.list[i - 1], &own));
        if (number != i || !digest_eq(&had, &own))
            return fail(ERR_BAD_INPUT,
                        "%s: schema %" PRId64
                        " was made by another script than this reeld's",
                        path, i);
    }
    return OK;
}

static enum err recognise(struct db *db, const char *path,
                          struct migrations scripts, int64_t *ret_version)
{
    struct file_state state;
    TRY(read_state(db, &state));
    TRY(check_state(&state, path, scripts.count));
    TRY(check_history(db, path, scripts, state.version));
    *ret_version = state.version;
    return OK;
}

static enum err recognise_made(struct db *db, const char *path,
                               struct migrations scripts, int64_t *ret_version)
{
    TRY(recognise(db, path, scripts, ret_version));
    if (*ret_version == 0)
        return fail(ERR_BAD_INPUT, "%s is empty", path);
    return OK;
}

enum err migrate_recognise(struct db *db, const char *path,
                           struct migrations scripts)
{
    int64_t version;
    return recognise_made(db, path, scripts, &version);
}

enum err migrate_compare(struct db *db, const char *path,
                         struct migrations scripts)
{
    int64_t version;
    TRY(recognise_made(db, path, scripts, &version));
    if ((size_t)version != scripts.count)
        return fail(ERR_CONFLICT,
                    "%s has schema %" PRId64 ", this reeld works with %zu; "
                    "\"reeld serve\" brings it there",
                    path, version, scripts.count);
    return OK;
}

static enum err apply(struct db *db, migration_lines lines, int64_t version)
{
    scoped(buf) struct buf text;
    buf_init(&text, SCRIPT_BYTES_MAX);
    TRY(script_text(lines, &text));
    TRY(db_run(db, (const char *)text.bytes));
    struct digest hash = hash_of(text.bytes, text.len);
    scoped(query) struct query q;
    query_init(&q, db, SQL_MIGRATION_ADD);
    query_int(&q, ":version", version);
    query_digest(&q, ":sha256", &hash);
    query_int(&q, ":now_us", clock_wall_us());
    return query_run(&q);
}

// A script that makes a table anew lets go of the rows that refer to it; in the
// end they must all have what they refer to again.
static enum err check_references(struct db *db)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_MIGRATION_ORPHANS);
    TRY(query_one(&q));
    int64_t count = query_get_int(&q);
    struct str table = query_get_str(&q);
    if (count > 0)
        return fail(ERR_BAD_INPUT, "%" PRId64 " rows of %.*s refer to nothing",
                    count, STR_ARG(table));
    return OK;
}

static enum err apply_all(struct db *db, struct migrations scripts,
                          int64_t version)
{
    for (size_t i = (size_t)version; i < scripts.count; i++)
        TRY(apply(db, scripts.list[i], (int64_t)i + 1));
    char text[128];
    snprintf(text, sizeof(text),
             "PRAGMA application_id = %d; PRAGMA user_version = %zu;",
             MIGRATE_APPLICATION_ID, scripts.count);
    TRY(db_run(db, text));
    TRY(check_references(db));
    return db_commit(db);
}

static enum err apply_or_undo(struct db *db, struct migrations scripts,
                              int64_t version)
{
    TRY(db_begin(db, DB_DURABLE));
    enum err e = apply_all(db, scripts, version);
    if (e != OK)
        db_rollback(db);
    return e;
}

static enum err back_up(struct db *db, const char *path, int64_t version)
{
    scoped(buf) struct buf to;
    buf_init(&to, SCRIPT_BYTES_MAX);
    buf_printf(&to, "%s.v%" PRId64, path, version);
    TRY(buf_end(&to));
    return db->ops->copy_to(db->self, (const char *)to.bytes);
}

static bool is_small(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || st.st_size <= MIGRATE_CHECK_BYTES;
}

enum err migrate(struct db *db, const char *path, struct migrations scripts)
{
    int64_t version;
    bool is_checked = is_small(path);
    if (is_checked)
        TRY(db->ops->check(db->self));
    TRY(recognise(db, path, scripts, &version));
    if ((size_t)version == scripts.count)
        return OK;
    if (!is_checked) // nothing is built on damage
        TRY(db->ops->check(db->self));
    if (version > 0)
        TRY(back_up(db, path, version));
    // Within a transaction this setting cannot be changed. A connection whose
    // setting could not be put back is not used: this fails.
    TRY(db_run(db, "PRAGMA foreign_keys = OFF"));
    enum err e = apply_or_undo(db, scripts, version);
    enum err on = db_run(db, "PRAGMA foreign_keys = ON");
    return e != OK ? e : on;
}
