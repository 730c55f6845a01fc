// SPDX-License-Identifier: MIT
// migrate_test.c - what older databases hold is there after each migration.
//
// A database is made by the first scripts, filled, copied within itself and
// brought on; then SQL compares. A row of `verdict` that is not true breaks its
// CHECK and so fails the script.
#include <string.h>

#include "catalog_sample.h"
#include "reeld/catalog/migrate.h"
#include "unit.h"

static int set_up(void **state)
{
    static struct sample sample;
    sample_make(&sample);
    *state = &sample;
    return 0;
}

static int tear_down(void **state)
{
    sample_close(*state);
    return 0;
}

static struct db *open_db(const struct sample *s)
{
    struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, s->path, DB_WRITER, &db),
                     OK);
    return db;
}

static void run(struct db *db, const char *script)
{
    enum err e = db_run(db, script);
    if (e != OK)
        print_error("%s\n%s\n", script, fail_text());
    assert_int_equal(e, OK);
}

static void migrate_to(const struct sample *s, struct db *db, size_t version)
{
    struct migrations scripts = migrate_own();
    assert_true(version <= scripts.count);
    scripts.count = version;
    enum err e = migrate(db, s->path, scripts);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
}

#define ID_1 "m-01jd0000000000000000000001"
#define ID_2 "a-01jd0000000000000000000002"
#define ID_3 "m-01jd0000000000000000000003"

static const char version_3[] =
    "INSERT INTO collection VALUES ('c-1', 'C', 'about', 5);"
    "INSERT INTO source VALUES (5, zeroblob(32), 1000);"
    "INSERT INTO source VALUES (9, randomblob(32), 2000);"
    "INSERT INTO asset VALUES (1, '" ID_1 "', substr('" ID_1 "', 3), 'ready',"
    " 'video', 'N', 'D', '{\"a\":1}', 'f.mp4', 'c-1', 11, 5, 2, NULL, NULL);"
    "INSERT INTO asset VALUES (4, '" ID_2 "', substr('" ID_2 "', 3),"
    " 'rejected', 'audio', '', '', '{}', '', 'default', 12, 9, 0, "
    "'media_error',"
    " 'why');"
    "INSERT INTO asset VALUES (7, '" ID_3 "', substr('" ID_3 "', 3),"
    " 'uploaded', 'video', '', '', '{}', '', 'default', 13, 5, 0, NULL, NULL);"
    "INSERT INTO asset SELECT 40, 'm-01jd0000000000000000000004',"
    " '01jd0000000000000000000004', state, kind, name, description, metadata,"
    " filename, collection_id, created_us, source_row, epoch, error_code,"
    " error_detail FROM asset WHERE asset_row = 7;"
    "INSERT INTO job VALUES (70, 'j-01jd0000000000000000000009', 'probe', 40,"
    " 'queued', 0, 0, NULL, 20);"
    "DELETE FROM asset WHERE asset_row = 40;" // and its job, for ever
    "INSERT INTO job VALUES (1, 'j-01jd0000000000000000000001', 'probe', 1,"
    " 'done', 1, 0, NULL, 21);"
    "INSERT INTO job VALUES (2, 'j-01jd0000000000000000000002', 'ladder', 1,"
    " 'queued', 2, 99, 'it broke', 22);"
    "INSERT INTO job VALUES (6, 'j-01jd0000000000000000000003', 'probe', 7,"
    " 'running', 1, 0, NULL, 23);"
    "INSERT INTO plan VALUES (1, randomblob(100000));"
    "INSERT INTO recipe VALUES (6, zeroblob(32), 'x');"
    "INSERT INTO track VALUES (1, 0, 0, 0, 'h264', 'avc1', 'eng', 'T', 1, 1,"
    " 4000, 1920, 1080, 1, 1, 0, 0, 25, 1, 8, 420, 0, 0, 0, 0, 0, 1);"
    "INSERT INTO rendition (asset_row, number, recipe_row, name, codecs, track,"
    " audio, timescale, width, height, frame_rate_num, frame_rate_den,"
    " declared_bps, kind, mode, stream, deinterlace, rotation, is_mirrored,"
    " is_full_range, transfer, sizes, recipe_rate_cap_num, recipe_rate_cap_den,"
    " recipe_rate_num, recipe_rate_den, crf, cap_bps, level, preset,"
    " sample_rate, channels, bitrate_bps, grid_origin_samples)"
    " VALUES (1, 0, 6, '720p', 'avc1', 0, -1, 12800, 1280, 720, 25, 1, 3000, 0,"
    " 1, 0, 0, 0, 0, 0, 0, '1280x720', 0, 1, 25, 1, 23, 3000, 31, 'fast', 0, 0,"
    " 0, 0);"
    "INSERT INTO piece VALUES (1, zeroblob(32), 5, 6, 1, 0, 4000000, 900, 1800,"
    " 1);"
    "INSERT INTO stream VALUES (1, 's-1', 'S', 30, 500, 1, '" ID_1 " 0 9\n');"
    "INSERT INTO meta VALUES ('grant-key-1', x'0102');"
    "INSERT INTO api_key VALUES ('k-01jd0000000000000000000001', zeroblob(32),"
    " 7, 'mine', 1, 0);"
    "INSERT INTO idempotency VALUES (zeroblob(32), zeroblob(32), 201, '{}', "
    "1);";

// Rows of `table` with these columns that are on one side only: none.
#define COPY(table) "CREATE TABLE old_" table " AS SELECT * FROM " table ";"
#define SAME(table, columns)                                                   \
    "INSERT INTO verdict SELECT count(*) = 0 FROM (SELECT " columns            \
    " FROM old_" table " EXCEPT SELECT " columns " FROM " table ");"           \
    "INSERT INTO verdict SELECT count(*) = 0 FROM (SELECT " columns            \
    " FROM " table " EXCEPT SELECT " columns " FROM old_" table ");"

#define TABLES(each)                                                           \
    each("collection") each("source") each("plan") each("track")               \
        each("rendition") each("recipe") each("piece") each("made")            \
            each("stream") each("meta") each("api_key") each("idempotency")
#define SAME_ALL(table) SAME(table, "*")
#define ASSET_COLUMNS                                                          \
    "asset_row, id, birth, state, kind, name, description, metadata, "         \
    "filename, "                                                               \
    "collection_id, created_us, source_row, epoch, error_code, error_detail"
#define JOB_COLUMNS                                                            \
    "job_row, id, kind, asset_row, state, attempts, not_before_us, error, "    \
    "changed_us"

static void make_version_3(struct sample *s)
{
    scoped(db) struct db *db = open_db(s);
    migrate_to(s, db, 3);
    run(db, version_3);
    run(db, TABLES(COPY) COPY("asset") COPY("job"));
}

static void nothing_of_version_3_is_lost(void **state)
{
    struct sample *s = *state;
    make_version_3(s);
    scoped(db) struct db *db = open_db(s);
    migrate_to(s, db, 4);
    run(db, "CREATE TEMP TABLE verdict (ok INTEGER CHECK (ok = 1))");
    run(db,
        TABLES(SAME_ALL) SAME("asset", ASSET_COLUMNS) SAME("job", JOB_COLUMNS));
    run(db, "INSERT INTO verdict SELECT count(*) = 3 FROM asset;"
            "INSERT INTO verdict SELECT count(*) = 3 FROM job;"
            "INSERT INTO verdict SELECT created_us = 11 FROM job"
            " WHERE job_row = 2;"
            "INSERT INTO verdict SELECT piece_bytes = 900 FROM ledger;"
            "INSERT INTO verdict SELECT foreign_keys FROM pragma_foreign_keys;"
            "INSERT INTO verdict SELECT count(*) = 0 FROM"
            " pragma_foreign_key_check;");
}

// The highest ones were given to rows that are gone.
static void numbers_are_not_given_out_again(void **state)
{
    struct sample *s = *state;
    make_version_3(s);
    scoped(db) struct db *db = open_db(s);
    migrate_to(s, db, 4);
    run(db, "CREATE TEMP TABLE verdict (ok INTEGER CHECK (ok = 1));"
            "INSERT INTO asset (id, birth, state, kind, name, description,"
            " metadata, filename, collection_id, created_us, epoch) VALUES"
            " ('img-01jd0000000000000000000005', '01jd0000000000000000000005',"
            " 'uploading', 'image', '', '', '{}', '', 'default', 1, 0);"
            "INSERT INTO verdict SELECT max(asset_row) = 41 FROM asset;"
            "INSERT INTO job (id, kind, asset_row, state, attempts,"
            " not_before_us, created_us, changed_us) VALUES"
            " ('j-01jd0000000000000000000005', 'pull', 41, 'cancelled', 0, 0,"
            " 1, 1);"
            "INSERT INTO verdict SELECT max(job_row) = 71 FROM job;");
}

static void rows_still_go_with_their_asset(void **state)
{
    struct sample *s = *state;
    make_version_3(s);
    scoped(db) struct db *db = open_db(s);
    migrate_to(s, db, 4);
    run(db, "CREATE TEMP TABLE verdict (ok INTEGER CHECK (ok = 1));"
            "DELETE FROM asset WHERE asset_row = 1;"
            "INSERT INTO verdict SELECT count(*) = 0 FROM plan;"
            "INSERT INTO verdict SELECT count(*) = 0 FROM track;"
            "INSERT INTO verdict SELECT count(*) = 0 FROM rendition;"
            "INSERT INTO verdict SELECT count(*) = 1 FROM job;");
    assert_int_equal(db_run(db, "DELETE FROM source WHERE source_row = 5"),
                     ERR_NOT_FOUND); // asset 7 refers to it
}

static void an_asset_has_a_source_unless_it_never_came(void **state)
{
    struct sample *s = *state;
    scoped(db) struct db *db = open_db(s);
    migrate_to(s, db, 4);
    run(db, "INSERT INTO source VALUES (5, zeroblob(32), 1000);"
            "INSERT INTO asset VALUES (1, '" ID_1 "', substr('" ID_1 "', 3),"
            " 'uploading', 'video', '', '', '{}', '', 'default', 1, NULL, 0,"
            " NULL, NULL);");
    static const char *const refused[] = {
        "UPDATE asset SET state = 'uploaded'",
        "UPDATE asset SET state = 'ready'",
        "UPDATE asset SET source_row = 5",
        "UPDATE asset SET state = 'rejected'", // without a reason
        "UPDATE asset SET kind = 'text'",
        "UPDATE asset SET id = 's-01jd0000000000000000000001'",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        assert_int_equal(db_run(db, refused[i]), ERR_BAD_INPUT);
    run(db, "UPDATE asset SET state = 'rejected', error_code = 'x'");
    run(db, "UPDATE asset SET state = 'uploaded', source_row = 5,"
            " error_code = NULL");
}

static const char *const forgetful[] = {
    "CREATE TABLE other AS SELECT * FROM asset;\n",
    "DROP TABLE asset;\n",
    "CREATE TABLE asset (asset_row INTEGER PRIMARY KEY);\n",
    NULL,
};

static void a_migration_that_loses_a_parent_changes_nothing(void **state)
{
    struct sample *s = *state;
    make_version_3(s);
    struct migrations own = migrate_own();
    migration_lines list[4] = {own.list[0], own.list[1], own.list[2],
                               forgetful};
    struct migrations scripts = {.list = list, .count = 4};
    scoped(db) struct db *db = open_db(s);
    assert_int_equal(migrate(db, s->path, scripts), ERR_BAD_INPUT);
    assert_non_null(strstr(fail_text(), "refer to nothing"));
    run(db, "CREATE TEMP TABLE verdict (ok INTEGER CHECK (ok = 1))");
    run(db, SAME_ALL("asset") SAME_ALL("job") TABLES(SAME_ALL));
    run(db, "INSERT INTO verdict SELECT foreign_keys FROM pragma_foreign_keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_of_version_3_is_lost),
        TEST(numbers_are_not_given_out_again),
        TEST(rows_still_go_with_their_asset),
        TEST(an_asset_has_a_source_unless_it_never_came),
        TEST(a_migration_that_loses_a_parent_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
