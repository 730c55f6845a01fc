// SPDX-License-Identifier: MIT
// uploads_test.c - resumable uploads.
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/uploads.h"
#include "unit.h"

static struct catalog_upload new_upload(int64_t length_bytes)
{
    return (struct catalog_upload){
        .id = id_new("u"),
        .key = {"k-01jd8zk3v5x2n9q4t7w0y1b6ce"},
        .kind = UPLOAD_PART,
        .length_bytes = length_bytes,
        .created_us = 5,
        .expires_us = 1000,
        .metadata = mem_text("filename d29ybGQ="),
        .concat = mem_text("partial"),
    };
}

static void assert_state(struct catalog *c, const struct id *id,
                         enum upload_state wanted)
{
    scoped(catalog_upload) struct catalog_upload found = {0};
    assert_int_equal(catalog_upload(c, id, &found), OK);
    assert_int_equal(found.state, wanted);
}

static void an_upload_comes_back_as_it_was(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(catalog_upload) struct catalog_upload u = new_upload(77);
    scoped(catalog_upload) struct catalog_upload found = {0};
    assert_int_equal(catalog_upload(c, &u.id, &found), ERR_NOT_FOUND);
    assert_int_equal(catalog_add_upload(c, &u, 1), OK);
    assert_int_equal(catalog_upload(c, &u.id, &found), OK);
    assert_true(id_eq(&found.id, &u.id));
    assert_true(id_eq(&found.key, &u.key));
    assert_int_equal(found.state, UPLOAD_UPLOADING);
    assert_int_equal(found.kind, UPLOAD_PART);
    assert_int_equal(found.length_bytes, 77);
    assert_int_equal(found.created_us, 5);
    assert_int_equal(found.expires_us, 1000);
    assert_string_equal(found.metadata, u.metadata);
    assert_string_equal(found.concat, u.concat);
    assert_int_equal(catalog_add_upload(c, &u, 9), ERR_CONFLICT);
    assert_int_equal(catalog_remove_upload(c, &u.id), OK);
    assert_int_equal(catalog_remove_upload(c, &u.id), ERR_NOT_FOUND);
}

static void a_length_is_told_once(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(catalog_upload) struct catalog_upload u = new_upload(-1);
    assert_int_equal(catalog_add_upload(c, &u, 9), OK);
    static const int64_t told[] = {-1, 50, 60, -1};
    static const int64_t known[] = {-1, 50, 50, 50};
    for (int i = 0; i < 4; i++) {
        scoped(catalog_upload) struct catalog_upload found = {0};
        assert_int_equal(catalog_renew_upload(c, &u.id, 2000 + i, told[i]), OK);
        assert_int_equal(catalog_upload(c, &u.id, &found), OK);
        assert_int_equal(found.length_bytes, known[i]);
        assert_int_equal(found.expires_us, 2000 + i);
    }
    struct id other = id_new("u");
    assert_int_equal(catalog_renew_upload(c, &other, 1, 1), ERR_NOT_FOUND);
}

static void a_key_has_so_many_unfinished(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(catalog_upload) struct catalog_upload a = new_upload(1);
    scoped(catalog_upload) struct catalog_upload b = new_upload(1);
    scoped(catalog_upload) struct catalog_upload d = new_upload(1);
    assert_int_equal(catalog_add_upload(c, &a, 2), OK);
    assert_int_equal(catalog_add_upload(c, &b, 2), OK);
    assert_int_equal(catalog_add_upload(c, &d, 2), ERR_BUSY);
    str_copy(d.key.text, sizeof(d.key.text),
             STR("k-01jd8zk3v5x2n9q4t7w0y1b6cf"));
    assert_int_equal(catalog_add_upload(c, &d, 2), OK);
    assert_int_equal(catalog_remove_upload(c, &a.id), OK);
    scoped(catalog_upload) struct catalog_upload f = new_upload(1);
    assert_int_equal(catalog_add_upload(c, &f, 2), OK);
}

// The bytes of an upload that becomes an asset are wanted before there is one.
static void an_upload_becomes_an_asset_once(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(catalog_upload) struct catalog_upload u = new_upload(1);
    assert_int_equal(catalog_add_upload(c, &u, 9), OK);
    scoped(asset) const struct asset *asset = sample_upload(1);
    bool is_named = true;
    assert_int_equal(catalog_is_named(c, &asset->source, &is_named), OK);
    assert_false(is_named);
    assert_int_equal(
        catalog_finish_upload(c, &u.id, &asset->id, &asset->source), OK);
    assert_int_equal(
        catalog_finish_upload(c, &u.id, &asset->id, &asset->source),
        ERR_CONFLICT);
    assert_state(c, &u.id, UPLOAD_FINISHING);
    assert_int_equal(catalog_is_named(c, &asset->source, &is_named), OK);
    assert_true(is_named);
    assert_int_equal(catalog_reject_upload(c, &u.id, "media_error", "no"),
                     ERR_CONFLICT);
    assert_int_equal(catalog_add_asset(c, asset), OK);
    assert_state(c, &u.id, UPLOAD_FINISHED);
    assert_int_equal(catalog_reject_upload(c, &u.id, "media_error", "no"), OK);
    scoped(catalog_upload) struct catalog_upload found = {0};
    assert_int_equal(catalog_upload(c, &u.id, &found), OK);
    assert_int_equal(found.state, UPLOAD_REJECTED);
    assert_true(id_eq(&found.asset, &asset->id));
    assert_true(digest_eq(&found.source, &asset->source));
    assert_string_equal(found.error_code, "media_error");
    assert_string_equal(found.error_detail, "no");
}

// The bytes may be another asset's, too, and that one be removed meanwhile.
static void a_source_on_its_way_outlives_its_last_asset(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *first = sample_upload(1);
    assert_int_equal(catalog_add_asset(c, first), OK);
    scoped(catalog_upload) struct catalog_upload u = new_upload(1);
    assert_int_equal(catalog_add_upload(c, &u, 9), OK);
    struct id id = id_new("m");
    assert_int_equal(catalog_finish_upload(c, &u.id, &id, &first->source), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count = 7;
    assert_int_equal(catalog_remove_asset(c, &first->id, &orphans, &count), OK);
    assert_int_equal(count, 0);
}

static void what_is_over_is_forgotten_in_time(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(catalog_upload) struct catalog_upload over = new_upload(1);
    scoped(catalog_upload) struct catalog_upload open = new_upload(1);
    assert_int_equal(catalog_add_upload(c, &over, 9), OK);
    assert_int_equal(catalog_add_upload(c, &open, 9), OK);
    scoped(asset) const struct asset *asset = sample_upload(1);
    assert_int_equal(
        catalog_finish_upload(c, &over.id, &asset->id, &asset->source), OK);
    assert_int_equal(catalog_add_asset(c, asset), OK);
    int64_t removed = -1;
    assert_int_equal(catalog_forget_uploads(c, 999, &removed), OK);
    assert_int_equal(removed, 0);
    assert_int_equal(catalog_forget_uploads(c, 1000, &removed), OK);
    assert_int_equal(removed, 1);
    assert_state(c, &open.id, UPLOAD_UPLOADING);
    const int64_t week_us = INT64_C(7) * 24 * 3600 * 1000000;
    assert_int_equal(catalog_forget_uploads(c, 1000 + week_us, &removed), OK);
    assert_int_equal(removed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(an_upload_comes_back_as_it_was),
        TEST(a_length_is_told_once),
        TEST(a_key_has_so_many_unfinished),
        TEST(an_upload_becomes_an_asset_once),
        TEST(a_source_on_its_way_outlives_its_last_asset),
        TEST(what_is_over_is_forgotten_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
