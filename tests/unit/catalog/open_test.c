// SPDX-License-Identifier: MIT
// open_test.c - which files are opened, and which are refused with a reason.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog_sample.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/migrate.h"
#include "unit.h"

enum { PATH_BYTES = SAMPLE_PATH_BYTES + 32 };

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

static enum err try_open(struct sample *s)
{
    struct catalog_options o = sample_options(s);
    return catalog_open(&o, &s->catalog);
}

static void close_catalog(struct sample *s)
{
    catalog_close(s->catalog);
    s->catalog = NULL;
}

static void assert_refused(struct sample *s, enum err code, const char *word)
{
    assert_int_equal(try_open(s), code);
    assert_null(s->catalog);
    if (!strstr(fail_text(), word))
        print_error("%s\n", fail_text());
    assert_non_null(strstr(fail_text(), word));
}

static void run_sql(const char *path, const char *sql)
{
    scoped(db) struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, path, DB_WRITER, &db), OK);
    assert_int_equal(db_run(db, sql), OK);
}

static void all_statements_fit_the_schema(void **state)
{
    struct sample *s = *state;
    scoped(db) struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, s->path, DB_WRITER, &db),
                     OK);
    assert_int_equal(migrate(db, s->path, migrate_own()), OK);
    enum err e = db_prepare_all(db);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
}

static void an_opened_catalog_has_no_second_owner(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    struct id id;
    sample_add_ready(s->catalog, 1, &id);
    struct catalog_options o = sample_options(s);
    struct catalog *second = NULL;
    assert_int_equal(catalog_open(&o, &second), ERR_CONFLICT);
    assert_null(second);
    assert_non_null(strstr(fail_text(), "in use"));
    sample_add_ready(s->catalog, 2, &id); // the first one is unharmed
}

static void what_is_no_database_is_refused(void **state)
{
    struct sample *s = *state;
    FILE *f = fopen(s->path, "w");
    assert_non_null(f);
    for (int i = 0; i < 2000; i++)
        fprintf(f, "no database\n");
    fclose(f);
    assert_refused(s, ERR_BAD_INPUT, "damaged or not a database");
}

static void the_database_of_another_program_is_refused(void **state)
{
    struct sample *s = *state;
    run_sql(s->path, "CREATE TABLE theirs (x)");
    assert_refused(s, ERR_BAD_INPUT, "another program");
    run_sql(s->path, "PRAGMA application_id = 7");
    assert_refused(s, ERR_BAD_INPUT, "another program");
}

static void the_database_of_a_newer_reeld_is_refused(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    close_catalog(s);
    run_sql(s->path, "PRAGMA user_version = 99");
    assert_refused(s, ERR_BAD_INPUT, "newer reeld");
}

static void a_schema_of_other_scripts_is_refused(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    close_catalog(s);
    run_sql(s->path, "UPDATE migration SET sha256 = zeroblob(32)");
    assert_refused(s, ERR_BAD_INPUT, "another script");
}

static void fill(struct sample *s)
{
    sample_reopen(s);
    struct id id;
    for (unsigned i = 0; i < 20; i++)
        sample_add_ready(s->catalog, i, &id);
    close_catalog(s);
}

// Every page of a large file is looked at after the start, not before it.
static void a_large_damaged_database_is_found_out(void **state)
{
    struct sample *s = *state;
    assert_int_equal(try_open(s), OK);
    enum { MEBIBYTE = 1 << 20, MEBIBYTES = 20 };
    scoped(mem) char *bytes = NEW_ARRAY(MEBIBYTE, char);
    for (int i = 0; i < MEBIBYTES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        assert_int_equal(catalog_set_meta(s->catalog, name, bytes, MEBIBYTE),
                         OK);
    }
    assert_int_equal(catalog_check(s->catalog), OK);
    catalog_close(take(s->catalog));
    scoped(fd) int fd = open(s->path, O_RDWR | O_CLOEXEC);
    // The chain of pages of a value leads nowhere.
    static const char wild[4] = {0x7f, 0x7f, 0x7f, 0x7f};
    for (int64_t page = 1000; page < 1010; page++)
        assert_int_equal(pwrite(fd, wild, 4, page * 4096), 4);
    assert_int_equal(try_open(s), OK);
    assert_int_equal(catalog_check(s->catalog), ERR_BAD_INPUT);
    assert_non_null(strstr(fail_text(), "damaged"));
}

static void a_damaged_database_is_refused(void **state)
{
    struct sample *s = *state;
    fill(s);
    scoped(fd) int fd = open(s->path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    uint8_t junk[4096];
    memset(junk, 0xa5, sizeof(junk));
    for (off_t page = 4; page < 20; page += 3)
        assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096), 4096);
    assert_refused(s, ERR_BAD_INPUT, "damaged");
}

static void a_database_cut_short_is_refused(void **state)
{
    struct sample *s = *state;
    fill(s);
    struct stat st;
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(truncate(s->path, st.st_size / 2 / 4096 * 4096), 0);
    assert_refused(s, ERR_BAD_INPUT, "damaged");
}

static void copy_file(const char *from, const char *to, size_t most)
{
    scoped(fd) int in = open(from, O_RDONLY | O_CLOEXEC);
    assert_true(in >= 0);
    scoped(mem) uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(fd_read_file(in, 64 << 20, &bytes, &len), OK);
    scoped(fd) int out =
        open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    assert_int_equal(fd_write_all(out, bytes, len < most ? len : most), OK);
}

static uint32_t count_assets(struct catalog *c)
{
    struct id page[16];
    uint32_t count;
    bool more;
    struct catalog_asset_filter f = {.limit = 16};
    assert_int_equal(catalog_list_assets(c, &f, page, &count, &more), OK);
    return count;
}

// As a kill leaves it: the log is not put back yet. However much of it is lost,
// whole transactions are there or not.
static void a_log_cut_anywhere_gives_an_older_state(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    for (unsigned i = 0; i < 3; i++) {
        scoped(asset) const struct asset *up = sample_upload(i);
        assert_int_equal(catalog_add_asset(s->catalog, up), OK);
    }
    char log[PATH_BYTES], path[PATH_BYTES], cut_log[PATH_BYTES + 4];
    snprintf(log, sizeof(log), "%s-wal", s->path);
    struct stat st;
    assert_int_equal(stat(log, &st), 0);
    uint32_t last = 0;
    for (off_t size = 0;; size += EACH * 1024) {
        snprintf(path, sizeof(path), "%s/%ld.db", s->directory, (long)size);
        snprintf(cut_log, sizeof(cut_log), "%s-wal", path);
        copy_file(s->path, path, SIZE_MAX);
        copy_file(log, cut_log, (size_t)size);
        struct catalog_options o = {.path = path};
        scoped(catalog) struct catalog *c = NULL;
        assert_int_equal(catalog_open(&o, &c), OK);
        uint32_t count = count_assets(c);
        int64_t jobs[JOB_KINDS][JOB_STATES];
        assert_int_equal(catalog_job_counts(c, jobs), OK);
        assert_int_equal(jobs[JOB_PROBE][JOB_QUEUED], count);
        assert_true(count >= last);
        last = count;
        if (size > st.st_size)
            break;
    }
    assert_int_equal(last, 3);
}

// ---- migrations ------------------------------------------------------------

static const char *const later[] = {
    "CREATE TABLE more (x INTEGER) STRICT;\n",
    "INSERT INTO more VALUES (7);\n",
    NULL,
};
static const char *const broken[] = {
    "CREATE TABLE more (x INTEGER) STRICT;\n",
    "INSERT INTO nowhere VALUES (7);\n",
    NULL,
};

enum { MIGRATIONS_MAX = 100 };

// Our own migrations and one more.
static enum err migrate_with(struct sample *s, migration_lines lines)
{
    struct migrations own = migrate_own();
    migration_lines list[MIGRATIONS_MAX + 1];
    assert_true(own.count <= MIGRATIONS_MAX);
    memcpy(list, own.list, own.count * sizeof *list);
    list[own.count] = lines;
    struct migrations scripts = {.list = list,
                                 .count = own.count + (lines ? 1 : 0)};
    scoped(db) struct db *db = NULL;
    TRY(db_open(db_sqlite_open, NULL, s->path, DB_WRITER, &db));
    return migrate(db, s->path, scripts);
}

static void an_older_database_is_backed_up_and_brought_on(void **state)
{
    struct sample *s = *state;
    fill(s);
    assert_int_equal(migrate_with(s, later), OK);
    assert_int_equal(migrate_with(s, later), OK); // once is enough
    run_sql(s->path, "UPDATE more SET x = 8");
    assert_int_equal(migrate_with(s, NULL), ERR_BAD_INPUT); // of a newer one
    char backup[PATH_BYTES];
    snprintf(backup, sizeof(backup), "%s.v%zu", s->path, migrate_own().count);
    struct catalog_options o = {.path = backup};
    scoped(catalog) struct catalog *c = NULL;
    assert_int_equal(catalog_open(&o, &c), OK);
    assert_int_equal(count_assets(c), 16);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    struct sample *s = *state;
    fill(s);
    assert_int_not_equal(migrate_with(s, broken), OK);
    assert_int_equal(migrate_with(s, NULL), OK);
    sample_reopen(s);
    assert_int_equal(count_assets(s->catalog), 16);
}

// The table of pieces is made anew for a wider CHECK.
static void pieces_of_the_first_schema_live_on(void **state)
{
    struct sample *s = *state;
    scoped(db) struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, s->path, DB_WRITER, &db),
                     OK);
    struct migrations first = {.list = migrate_own().list, .count = 1};
    assert_int_equal(migrate(db, s->path, first), OK);
    static const char fill_in[] =
        "INSERT INTO source VALUES (5, randomblob(32), 1000);"
        "INSERT INTO asset VALUES (1, 'm-01jd0000000000000000000000',"
        " '01jd0000000000000000000000', 'uploaded', 'video', '', '', '{}', '',"
        " 'default', 1, 5, 0, NULL, NULL);"
        "INSERT INTO recipe VALUES (6, randomblob(32), 'x');"
        "INSERT INTO piece VALUES (1, zeroblob(32), 5, 6, 1, 0, 4000000, 900,"
        " 1800, 1)";
    assert_int_equal(db_run(db, fill_in), OK);
    db_free(take(db));
    assert_int_equal(try_open(s), OK);
    struct digest key = {0};
    struct piece_fact fact;
    assert_int_equal(catalog_piece(s->catalog, &key, &fact), OK);
    assert_int_equal(fact.size_bytes, 900);
    // Sums are kept on: an edge counts as bytes, not as a segment.
    fact.key.bytes[0] = 1;
    fact.kind = PIECE_EDGE;
    assert_int_equal(catalog_add_pieces(s->catalog, &fact, 1), OK);
    int64_t bytes;
    assert_int_equal(catalog_piece_bytes(s->catalog, &bytes), OK);
    assert_int_equal(bytes, 1800);
    scoped(source_rates) struct source_rates rates = {0};
    assert_int_equal(catalog_rates(s->catalog, 5, 4000000, &rates), OK);
    assert_int_equal(rates.count, 1);
    struct piece_rates own = source_rates_find(&rates, 6, PIECE_SEGMENT);
    assert_int_equal(own.pieces, 1);
    assert_int_equal(own.bytes, 900);
}

// ---- connections -----------------------------------------------------------

static void a_reader_changes_nothing(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    scoped(db) struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, s->path, DB_READER, &db),
                     OK);
    assert_int_not_equal(db_run(db, "DELETE FROM collection"), OK);
    struct collection found;
    assert_int_equal(catalog_collection(s->catalog, "default", &found), OK);
}

static void nobody_else_may_read_the_database(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock",
                                           ".ballast"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof(path), "%s%s", s->path, suffixes[i]);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void a_removal_that_was_cut_short_goes_on(void **state)
{
    struct sample *s = *state;
    sample_reopen(s);
    struct id id;
    sample_add_ready(s->catalog, 1, &id);
    scoped(asset) const struct asset *a = NULL;
    assert_int_equal(catalog_asset(s->catalog, &id, &a), OK);
    struct piece_fact p = sample_piece(a, 1, 0);
    assert_int_equal(catalog_add_pieces(s->catalog, &p, 1), OK);
    close_catalog(s);
    run_sql(s->path, "DELETE FROM asset"); // as far as the first commit got
    sample_reopen(s);
    bool is_named;
    assert_int_equal(catalog_is_named(s->catalog, &p.key, &is_named), OK);
    assert_false(is_named);
    assert_int_equal(catalog_is_named(s->catalog, &a->source, &is_named), OK);
    assert_false(is_named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(all_statements_fit_the_schema),
        TEST(an_opened_catalog_has_no_second_owner),
        TEST(what_is_no_database_is_refused),
        TEST(the_database_of_another_program_is_refused),
        TEST(the_database_of_a_newer_reeld_is_refused),
        TEST(a_schema_of_other_scripts_is_refused),
        TEST(a_damaged_database_is_refused),
        TEST(a_large_damaged_database_is_found_out),
        TEST(a_database_cut_short_is_refused),
        TEST(a_log_cut_anywhere_gives_an_older_state),
        TEST(an_older_database_is_backed_up_and_brought_on),
        TEST(pieces_of_the_first_schema_live_on),
        TEST(a_migration_that_fails_changes_nothing),
        TEST(a_reader_changes_nothing),
        TEST(nobody_else_may_read_the_database),
        TEST(a_removal_that_was_cut_short_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
