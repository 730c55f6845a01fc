// SPDX-License-Identifier: MIT
// catalog.c - opening and closing the database of facts.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/migrate.h"
#include "reeld/catalog/upkeep.h"

enum {
    PATH_BYTES_MAX = 4096,
    // Space that is given up when the disk is so full that the database cannot
    // even be opened: its shared memory file needs some.
    BALLAST_BYTES = 1 << 20,
};

enum err path_beside(const char *path, const char *suffix, struct buf *out)
{
    buf_init(out, PATH_BYTES_MAX);
    buf_printf(out, "%s%s", path, suffix);
    return buf_end(out);
}

// Not the database file itself: closing any descriptor of it would end the
// locks that SQLite holds.
static enum err lock_file(const char *path, int *ret_fd)
{
    scoped(buf) struct buf name;
    TRY(path_beside(path, ".lock", &name));
    scoped(fd) int fd = open((const char *)name.bytes,
                             O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", (const char *)name.bytes);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(ERR_CONFLICT, "%s is in use by another reeld", path);
    *ret_fd = take_fd(&fd);
    return OK;
}

enum err create_private(const char *path)
{
    scoped(fd) int fd =
        open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", path);
    return OK;
}

static enum err put_ballast(const char *path)
{
    scoped(buf) struct buf name;
    TRY(path_beside(path, ".ballast", &name));
    scoped(fd) int fd = open((const char *)name.bytes,
                             O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", (const char *)name.bytes);
    // Without room there is no ballast, which is no reason not to run.
    if (fallocate(fd, 0, 0, BALLAST_BYTES) != 0 && ftruncate(fd, 0) != 0)
        return fail_errno(ERR_IO, "give back %s", (const char *)name.bytes);
    return OK;
}

// Quiet: the trouble to tell of is the one that brought us here.
static bool drop_ballast(const char *path)
{
    scoped(buf) struct buf name;
    return path_beside(path, ".ballast", &name) == OK &&
           unlink((const char *)name.bytes) == 0;
}

static enum err open_writer(struct catalog *c)
{
    scoped(db) struct db *db = NULL;
    TRY(db_open(c->open_db, c->open_context, c->path, DB_WRITER, &db));
    TRY(migrate(db, c->path, migrate_own()));
    TRY(db_prepare_all(db));
    c->writer = take(db);
    return OK;
}

static enum err open_writer_even_if_full(struct catalog *c)
{
    enum err e = open_writer(c);
    if ((e != ERR_NO_SPACE && e != ERR_IO) || !drop_ballast(c->path))
        return e;
    return open_writer(c);
}

static enum err drop_claims(struct catalog *c)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_IDEMPOTENCY_DROP_CLAIMS);
    TRY(query_run(&q));
    return change_commit(&w);
}

static struct catalog *catalog_new(const struct catalog_options *o,
                                   db_opener *open_db, void *open_context)
{
    struct catalog *c = NEW(struct catalog);
    *c = (struct catalog){.open_db = open_db,
                          .open_context = open_context,
                          .path = mem_text(o->path),
                          .backup_lag_us = o->backup_lag_us,
                          .wall_ahead_us = clock_wall_us() - clock_now_us(),
                          .lock_fd = -1,
                          .cache = cache_new(o->asset_cache)};
    pthread_mutex_init(&c->write_lock, NULL);
    pthread_mutex_init(&c->readers_lock, NULL);
    return c;
}

enum err catalog_open_on(const struct catalog_options *o, db_opener *open_db,
                         void *open_context, struct catalog **ret)
{
    scoped(catalog) struct catalog *c = catalog_new(o, open_db, open_context);
    TRY(lock_file(c->path, &c->lock_fd));
    TRY(create_private(c->path));
    TRY(db_sqlite_check_log(c->path, &c->changes_lost));
    TRY(open_writer_even_if_full(c));
    TRY(put_ballast(c->path));
    TRY(drop_claims(c));
    TRY(removal_resume(c));
    *ret = take(c);
    return OK;
}

enum err catalog_open(const struct catalog_options *o, struct catalog **ret)
{
    return catalog_open_on(o, db_sqlite_open, NULL, ret);
}

int64_t catalog_changes_lost(const struct catalog *c)
{
    return c->changes_lost;
}

enum err catalog_check(struct catalog *c)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    return r.db->ops->check(r.db->self);
}

enum err open_reader(const char *path, struct db **ret)
{
    if (access(path, F_OK) != 0)
        return errno == ENOENT ? fail(ERR_NOT_FOUND, "there is no %s", path)
                               : fail_errno(ERR_IO, "%s", path);
    int64_t behind;
    TRY(db_sqlite_check_log(path, &behind));
    return db_open(db_sqlite_open, NULL, path, DB_READER, ret);
}

enum err catalog_open_reading(const struct catalog_options *o,
                              struct catalog **ret)
{
    scoped(catalog) struct catalog *c = catalog_new(o, db_sqlite_open, NULL);
    scoped(db) struct db *db = NULL;
    TRY(open_reader(o->path, &db));
    TRY(migrate_compare(db, o->path, migrate_own()));
    c->readers[c->reader_count++] = take(db);
    *ret = take(c);
    return OK;
}

void catalog_close(struct catalog *c)
{
    if (!c)
        return;
    while (c->reader_count > 0)
        db_free(c->readers[--c->reader_count]);
    // Last, so that SQLite puts the log back into the database.
    db_free(c->writer);
    cache_free(c->cache);
    fd_close(c->lock_fd);
    pthread_mutex_destroy(&c->readers_lock);
    pthread_mutex_destroy(&c->write_lock);
    free(c->path);
    free(c);
}
