// SPDX-License-Identifier: MIT
// upkeep_test.c - the catalog is looked at and copied beside its writer.
#include "reeld/catalog/upkeep.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/migrate.h"
#include "unit.h"

enum { COPY_BYTES = SAMPLE_PATH_BYTES + 32 };

static void copy_path(const struct sample *s, char to[static COPY_BYTES])
{
    snprintf(to, COPY_BYTES, "%s/copy.db", s->directory);
}

static void count_line(void *context, const char *line)
{
    int *count = context;
    print_message("%s\n", line);
    (*count)++;
}

static enum err open_reading(const char *path, struct catalog **ret)
{
    const struct catalog_options o = {.path = path, .asset_cache = 1};
    return catalog_open_reading(&o, ret);
}

static int complaints(const char *path)
{
    scoped(catalog) struct catalog *c = NULL;
    int count = 0;
    assert_int_equal(open_reading(path, &c), OK);
    assert_int_equal(catalog_examine(c, count_line, &count), OK);
    return count;
}

static void run_sql(const char *path, const char *sql)
{
    scoped(db) struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, path, DB_WRITER, &db), OK);
    assert_int_equal(db_run(db, sql), OK);
}

static void a_reader_sees_what_the_writer_does(void **state)
{
    struct sample *s = *state;
    scoped(catalog) struct catalog *reader = NULL;
    assert_int_equal(open_reading(s->path, &reader), OK);
    struct id id;
    sample_add_ready(s->catalog, 1, &id);
    struct blob_fact fact[4];
    uint32_t count = 9;
    assert_int_equal(
        catalog_blob_facts(reader, BLOB_SOURCE, 0, 4, fact, &count), OK);
    assert_int_equal(count, 1);
    struct id found;
    assert_int_equal(catalog_asset_of_blob(reader, &fact[0].key, &found), OK);
    assert_string_equal(found.text, id.text);
    assert_int_equal(
        catalog_blob_facts(reader, BLOB_SOURCE, fact[0].row, 4, fact, &count),
        OK);
    assert_int_equal(count, 0);
    // Whoever looked leaves the log as it is: it is the writer's.
    catalog_close(take(reader));
    sample_add_ready(s->catalog, 2, &id);
    assert_int_equal(complaints(s->path), 0);
}

static void what_is_not_there_is_not_made(void **state)
{
    struct sample *s = *state;
    char path[COPY_BYTES];
    copy_path(s, path);
    struct catalog *c = NULL;
    assert_int_equal(open_reading(path, &c), ERR_NOT_FOUND);
    assert_null(c);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_copy_holds_what_its_moment_held(void **state)
{
    struct sample *s = *state;
    char path[COPY_BYTES];
    struct id id, later;
    copy_path(s, path);
    sample_add_ready(s->catalog, 1, &id);
    assert_int_equal(catalog_copy(s->path, path), OK);
    sample_add_ready(s->catalog, 2, &later);

    scoped(catalog) struct catalog *copy = NULL;
    assert_int_equal(open_reading(path, &copy), OK);
    scoped(asset) const struct asset *asset = NULL, *none = NULL;
    assert_int_equal(catalog_asset(copy, &id, &asset), OK);
    assert_int_equal(catalog_asset(copy, &later, &none), ERR_NOT_FOUND);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_copy_takes_nobodys_place(void **state)
{
    struct sample *s = *state;
    char path[COPY_BYTES];
    copy_path(s, path);
    assert_int_equal(catalog_copy(s->path, path), OK);
    assert_int_equal(catalog_copy(s->path, path), ERR_CONFLICT);
    assert_int_equal(complaints(path), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(catalog_copy(s->path, "/proc/none/x"), ERR_IO);
}

static void an_older_schema_is_copied_but_not_read(void **state)
{
    struct sample *s = *state;
    catalog_close(take(s->catalog));
    char path[COPY_BYTES], older[COPY_BYTES];
    copy_path(s, path);
    snprintf(older, sizeof(older), "%s/older.db", s->directory);
    {
        scoped(db) struct db *db = NULL;
        struct migrations scripts = migrate_own();
        scripts.count = 1;
        assert_int_equal(db_open(db_sqlite_open, NULL, older, DB_WRITER, &db),
                         OK);
        assert_int_equal(migrate(db, older, scripts), OK);
    }
    assert_int_equal(catalog_copy(older, path), OK);
    struct catalog *c = NULL;
    assert_int_equal(open_reading(older, &c), ERR_CONFLICT);
    assert_non_null(strstr(fail_text(), "schema 1"));
    assert_null(c);
}

static void sums_that_are_off_are_told(void **state)
{
    struct sample *s = *state;
    struct id id;
    sample_add_ready(s->catalog, 1, &id);
    catalog_close(take(s->catalog));
    assert_int_equal(complaints(s->path), 0);
    run_sql(s->path, "UPDATE ledger SET piece_bytes = piece_bytes + 1");
    assert_int_equal(complaints(s->path), 1);
    run_sql(s->path, "PRAGMA foreign_keys = OFF;"
                     "DELETE FROM source");
    // The same, rows that refer to nothing, and what the collection holds.
    assert_int_equal(complaints(s->path), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_sees_what_the_writer_does,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_made,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_holds_what_its_moment_held,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_takes_nobodys_place,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(an_older_schema_is_copied_but_not_read,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(sums_that_are_off_are_told,
                                        sample_set_up, sample_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
