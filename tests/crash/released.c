// SPDX-License-Identifier: MIT
// released.c - a data directory as an older reeld left it.
//
//   released DIR VERSION FILE...   each FILE is an asset that waits for its
//                                  probe, in a database of that schema; says
//                                  "accepted ID" of each
//   released                       says how many schemas there are
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "reeld/base/buf.h"
#include "reeld/base/fd.h"
#include "reeld/base/id.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/migrate.h"
#include "reeld/store.h"

#include <fcntl.h>

enum {
    PATH_BYTES = 512,
    FILE_BYTES_MAX = 16 << 20,
    SQL_BYTES_MAX = 4096,
    JOB_CREATED_SINCE = 4, // the schema that says when a job was made
};

static enum err keep_bytes(struct store *s, const char *path,
                           struct digest *ret_key, size_t *ret_len)
{
    scoped(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(ERR_IO, "open %s", path);
    scoped(mem) uint8_t *bytes = NULL;
    TRY(fd_read_file(fd, FILE_BYTES_MAX, &bytes, ret_len));
    *ret_key = hash_of(bytes, *ret_len);
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_begin(s, (int64_t)*ret_len, &w));
    TRY(fd_write_all(store_writer_fd(w), bytes, *ret_len));
    return store_commit(take(w), ret_key);
}

// By names of columns that every schema has.
static enum err add_rows(struct db *db, int64_t version, int row,
                         const struct id *id, const struct digest *key,
                         size_t len)
{
    char hex[HASH_HEX_BYTES];
    digest_hex(key, hex);
    bool has_created = version >= JOB_CREATED_SINCE;
    scoped(buf) struct buf sql;
    buf_init(&sql, SQL_BYTES_MAX);
    buf_printf(&sql,
               "INSERT INTO source (source_row, sha256, size_bytes)"
               " VALUES (%d, x'%s', %zu);",
               row, hex, len);
    buf_printf(
        &sql,
        "INSERT INTO asset (asset_row, id, birth, state, kind, name,"
        " description, metadata, filename, collection_id, created_us,"
        " source_row, epoch) VALUES (%d, '%s', substr('%s', 3), 'uploaded',"
        " 'video', 'old', '', '{}', 'old.mp4', 'default', %d, %d, 0);",
        row, id->text, id->text, row, row);
    buf_printf(&sql,
               "INSERT INTO job (id, kind, asset_row, state, attempts,"
               " not_before_us, %schanged_us) VALUES ('%s', 'probe', %d,"
               " 'queued', 0, 0, %s1);",
               has_created ? "created_us, " : "", id_new("j").text, row,
               has_created ? "1, " : "");
    TRY(buf_end(&sql));
    return db_run(db, (const char *)sql.bytes);
}

static enum err make(const char *directory, int64_t version, char **files,
                     int count)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/catalog.db", directory);
    struct store_options o = {.directory = directory};
    scoped(store) struct store *store = NULL;
    TRY(store_open_fs(&o, &store));
    scoped(db) struct db *db = NULL;
    TRY(db_open(db_sqlite_open, NULL, path, DB_WRITER, &db));
    struct migrations scripts = migrate_own();
    scripts.count = (size_t)version;
    TRY(migrate(db, path, scripts));
    for (int i = 0; i < count; i++) {
        struct digest key;
        size_t len;
        struct id id = id_new("m");
        TRY(keep_bytes(store, files[i], &key, &len));
        TRY(add_rows(db, version, i + 1, &id, &key, len));
        printf("accepted %s\n", id.text);
    }
    return OK;
}

int main(int argc, char **argv)
{
    size_t count = migrate_own().count;
    if (argc == 1) {
        printf("%zu\n", count);
        return 0;
    }
    int64_t version;
    if (argc < 3 ||
        str_to_int(str_of(argv[2]), 1, (int64_t)count, &version) != OK) {
        fprintf(stderr, "usage: released [DIR VERSION FILE...]\n");
        return 2;
    }
    if (make(argv[1], version, argv + 3, argc - 3) == OK)
        return 0;
    fprintf(stderr, "released: %s\n", fail_text());
    return 1;
}
