// SPDX-License-Identifier: MIT
// released_test.c - a database of any released schema opens, whole.
//
// One is made by the first scripts, for every number of them, filled with a row
// of each sort that it had then, and opened by this program.
#include <stdio.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/migrate.h"
#include "reeld/catalog/streams.h"
#include "reeld/catalog/upkeep.h"
#include "unit.h"

#define VIDEO "m-01jd0000000000000000000001"
#define SOUND "a-01jd0000000000000000000002"
#define JOB   "j-01jd0000000000000000000003"
#define KEY   "k-01jd0000000000000000000004"

// What came with a schema, by names of columns: later ones may add others.
static const struct {
    size_t from, to; // versions in which it can be said like this
    const char *sql;
} rows[] = {
    {1, 99,
     "INSERT INTO collection (id, name, description, created_us)"
     " VALUES ('c-1', 'C', 'about', 5);"
     "INSERT INTO source (source_row, sha256, size_bytes)"
     " VALUES (5, randomblob(32), 1000);"
     "INSERT INTO asset (asset_row, id, birth, state, kind, name, description,"
     " metadata, filename, collection_id, created_us, source_row, epoch)"
     " VALUES (1, '" VIDEO "', substr('" VIDEO "', 3), 'uploaded', 'video',"
     " 'N', 'D', '{\"a\":1}', 'f.mp4', 'c-1', 11, 5, 2);"
     "INSERT INTO asset (asset_row, id, birth, state, kind, name, description,"
     " metadata, filename, collection_id, created_us, source_row, epoch,"
     " error_code, error_detail)"
     " VALUES (2, '" SOUND "', substr('" SOUND "', 3), 'rejected', 'audio',"
     " '', '', '{}', '', 'c-1', 12, 5, 0, 'media_error', 'why');"
     "INSERT INTO recipe (recipe_row, sha256, body)"
     " VALUES (6, randomblob(32), 'x');"
     "INSERT INTO piece (blob_key, source_row, recipe_row, kind, number,"
     " duration_us, size_bytes, rate_bps, used_us)"
     " VALUES (randomblob(32), 5, 6, 1, 0, 4000000, 900, 1800, 1);"
     "INSERT INTO meta (name, value) VALUES ('grant-key-1', x'0102');"
     "INSERT INTO api_key (id, secret_sha256, scopes, label, created_us,"
     " revoked_us) VALUES ('" KEY "', zeroblob(32), 7, 'mine', 1, 0);" },
    {1, 3,
     "INSERT INTO job (id, kind, asset_row, state, attempts, not_before_us,"
     " changed_us) VALUES ('" JOB "', 'probe', 1, 'queued', 1, 0, 21);"},
    {4, 99,
     "INSERT INTO job (id, kind, asset_row, state, attempts, not_before_us,"
     " created_us, changed_us)"
     " VALUES ('" JOB "', 'probe', 1, 'queued', 1, 0, 21, 21);"        },
    {2, 99,
     "INSERT INTO piece (blob_key, source_row, recipe_row, kind, number,"
     " duration_us, size_bytes, rate_bps, used_us)"
     " VALUES (randomblob(32), 5, 6, 4, 7, 1000000, 100, 800, 1);"     },
    {3, 99,
     "INSERT INTO stream (id, name, created_us, duration_us, clip_count, clips)"
     " VALUES ('s-1', 'S', 30, 500, 1, '" VIDEO " 0 9\n');"            },
};

static void make_version(const struct sample *s, size_t version)
{
    scoped(db) struct db *db = NULL;
    assert_int_equal(db_open(db_sqlite_open, NULL, s->path, DB_WRITER, &db),
                     OK);
    struct migrations scripts = migrate_own();
    scripts.count = version;
    assert_int_equal(migrate(db, s->path, scripts), OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (version < rows[i].from || version > rows[i].to)
            continue;
        enum err e = db_run(db, rows[i].sql);
        if (e != OK)
            print_error("version %zu: %s\n", version, fail_text());
        assert_int_equal(e, OK);
    }
}

static void say_line(void *context, const char *line)
{
    int *count = context;
    print_error("%s\n", line);
    (*count)++;
}

static void check_asset(struct catalog *c)
{
    struct id id;
    scoped(asset) const struct asset *asset = NULL;
    assert_int_equal(id_parse(STR(VIDEO), &id), OK);
    assert_int_equal(catalog_asset(c, &id, &asset), OK);
    assert_int_equal(asset->state, ASSET_UPLOADED);
    assert_string_equal(asset->name, "N");
    assert_string_equal(asset->metadata, "{\"a\":1}");
    assert_int_equal(asset->size_bytes, 1000);
    assert_int_equal(asset->epoch, 2);
}

static void check_rest(struct catalog *c, size_t version)
{
    struct collection in = {0};
    assert_int_equal(catalog_collection(c, "c-1", &in), OK);
    assert_int_equal(in.used_assets, 2);
    assert_int_equal(in.used_bytes, 2000);
    assert_int_equal(in.quota_bytes, 0);
    int64_t bytes;
    assert_int_equal(catalog_piece_bytes(c, &bytes), OK);
    assert_int_equal(bytes, version >= 2 ? 1000 : 900);
    struct id key;
    struct api_key found;
    assert_int_equal(id_parse(STR(KEY), &key), OK);
    assert_int_equal(catalog_key(c, &key, &found), OK);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_string_equal(job.id.text, JOB);
    assert_int_equal(job.attempts, 2);
}

static void every_released_schema_opens_whole(void **state)
{
    (void)state;
    for (size_t version = 1; version <= migrate_own().count; version++) {
        struct sample s = {0};
        sample_make(&s);
        make_version(&s, version);
        sample_reopen(&s);
        int complaints = 0;
        assert_int_equal(catalog_examine(s.catalog, say_line, &complaints), OK);
        assert_int_equal(complaints, 0);
        check_asset(s.catalog);
        check_rest(s.catalog, version);
        sample_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_released_schema_opens_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
