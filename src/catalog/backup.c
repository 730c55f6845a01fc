// SPDX-License-Identifier: MIT
// backup.c - copies of the database, and what remembers them: the time of the
// file "PATH.copied" is when the last one was begun. Whoever copies only reads
// the database; the daemon asks after it has committed that facts are gone, and
// the copy is begun behind the mark, so that none of its facts is forgotten.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/catalog/migrate.h"
#include "reeld/catalog/upkeep.h"

bool backup_is_recent(const struct catalog *c)
{
    scoped(buf) struct buf mark;
    struct stat st;
    if (c->backup_lag_us == 0)
        return false;
    // In doubt there was one: what stays can go later.
    if (path_beside(c->path, ".copied", &mark) != OK)
        return true;
    if (stat((const char *)mark.bytes, &st) != 0)
        return errno != ENOENT;
    return st.st_mtim.tv_sec >
           (clock_wall_us() - c->backup_lag_us) / 1000000 - 1;
}

static enum err set_mark(const char *from)
{
    scoped(buf) struct buf mark;
    TRY(path_beside(from, ".copied", &mark));
    TRY(create_private((const char *)mark.bytes));
    if (utimensat(AT_FDCWD, (const char *)mark.bytes, NULL, 0) != 0)
        return fail_errno(ERR_IO, "touch %s", (const char *)mark.bytes);
    return OK;
}

// Under another name until it is whole: a backup that is there is a good one.
static enum err copy_whole(struct db *db, const char *partial, const char *to)
{
    TRY(create_private(partial));
    TRY(db->ops->copy_to(db->self, partial));
    if (renameat2(AT_FDCWD, partial, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return fd_sync_parent(AT_FDCWD, to);
    return errno == EEXIST ? fail(ERR_CONFLICT, "%s exists already", to)
                           : fail_errno(ERR_IO, "rename to %s", to);
}

enum err catalog_copy(const char *from, const char *to)
{
    scoped(db) struct db *db = NULL;
    TRY(open_reader(from, &db));
    TRY(migrate_recognise(db, from, migrate_own()));
    scoped(buf) struct buf partial;
    TRY(path_beside(to, ".partial", &partial));
    if (access(to, F_OK) == 0)
        return fail(ERR_CONFLICT, "%s exists already", to);
    // One of a life that was cut short.
    if (unlink((const char *)partial.bytes) != 0 && errno != ENOENT)
        return fail_errno(ERR_IO, "remove %s", (const char *)partial.bytes);
    TRY(set_mark(from));
    enum err e = copy_whole(db, (const char *)partial.bytes, to);
    if (e != OK)
        unlink((const char *)partial.bytes);
    return e;
}
