// SPDX-License-Identifier: MIT
// migrate.h - bringing a database to the schema of this program.
//
// Threads: one at a time a connection.
#pragma once

#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/catalog/db.h"

enum {
    MIGRATE_APPLICATION_ID = 0x7265656c, // "reel"
    // Of a larger file every page is looked at only before it is migrated: that
    // takes 10 ms a MiB, and whoever starts waits.
    MIGRATE_CHECK_BYTES = 16 << 20,
};

// A script as lines up to a NULL. The first makes an empty database version 1.
typedef const char *const *migration_lines;

struct migrations {
    const migration_lines *list;
    size_t count;
};

// Those of sql/migrations/.
struct migrations migrate_own(void);

// A database of reeld, this one or an older one: else ERR_BAD_INPUT.
must_check enum err migrate_recognise(struct db *db, const char *path,
                                      struct migrations scripts);
// The same, and has the last version: ERR_CONFLICT where it is an older one.
must_check enum err migrate_compare(struct db *db, const char *path,
                                    struct migrations scripts);
// Checks what `db` (at `path`) is and brings it to the last version, in one
// transaction. An older one is copied to "PATH.vN" before. ERR_BAD_INPUT when
// it is damaged, of another program, of a newer reeld, or was made by other
// scripts than these.
must_check enum err migrate(struct db *db, const char *path,
                            struct migrations scripts);
