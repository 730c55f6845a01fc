// SPDX-License-Identifier: MIT
// removal_test.c - what goes with an asset, and what stays.
#include <stdlib.h>

#include "catalog_sample.h"
#include "reeld/catalog.h"
#include "reeld/model/reframe.h"
#include "unit.h"

static const struct asset *get(struct catalog *c, const struct id *id)
{
    const struct asset *a = NULL;
    enum err e = catalog_asset(c, id, &a);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
    return a;
}

static void a_removed_asset_leaves_nothing_behind(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    scoped(asset) const struct asset *a = get(c, &id);
    struct piece_fact pieces[2] = {sample_piece(a, 0, 0),
                                   sample_piece(a, 1, 3)};
    assert_int_equal(catalog_add_pieces(c, pieces, 2), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &id, &orphans, &count), OK);
    assert_int_equal(count, 3); // and the source
    const struct asset *gone;
    assert_int_equal(catalog_asset(c, &id, &gone), ERR_NOT_FOUND);
    bool is_named;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(catalog_is_named(c, &orphans[i], &is_named), OK);
        assert_false(is_named);
    }
    int64_t jobs[JOB_KINDS][JOB_STATES], bytes;
    assert_int_equal(catalog_job_counts(c, jobs), OK);
    assert_int_equal(jobs[JOB_PROBE][JOB_QUEUED], 0);
    assert_int_equal(catalog_piece_bytes(c, &bytes), OK);
    assert_int_equal(bytes, 0);
    struct digest *none;
    assert_int_equal(catalog_remove_asset(c, &id, &none, &count),
                     ERR_NOT_FOUND);
}

static const struct asset *lay_part(const struct asset *parent,
                                    const struct asset_reframe *wish)
{
    struct ladder_wish ladder = {
        .preset = "veryfast", .audio_bps = {128000}, .audios = 1};
    assert_int_equal(ladder_parse_rungs(STR("360p:750k"), &ladder), OK);
    struct asset *part = sample_upload(0);
    assert_int_equal(reframe_lay(parent, wish, &ladder, part), OK);
    return part;
}

// A part of the picture of an asset, from `start_us` on.
static void add_part(struct catalog *c, const struct id *of, int64_t start_us,
                     struct id *ret_id)
{
    scoped(asset) const struct asset *parent = get(c, of);
    struct asset_reframe wish = {
        .width = 1, .height = 1, .start_us = start_us, .end_us = INT64_MAX};
    scoped(asset) const struct asset *part = lay_part(parent, &wish);
    assert_int_equal(catalog_add_reframed(c, part, "libx264 1", false), OK);
    *ret_id = part->id;
}

static void a_part_outlives_its_parent(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id parent, part, late;
    sample_add_ready(c, 1, &parent);
    add_part(c, &parent, 4000000, &part);
    scoped(asset) const struct asset *before = get(c, &part);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &parent, &orphans, &count), OK);
    assert_int_equal(count, 0);
    sample_reopen(*state);
    c = catalog_of(state);
    scoped(asset) const struct asset *after = get(c, &part);
    assert_int_equal(after->state, ASSET_READY);
    assert_true(digest_eq(&after->source, &before->source));
    assert_true(id_eq(&after->reframe.asset, &parent));
    assert_int_equal(after->reframe.start_us, 4000000);
    assert_int_equal(after->renditions, before->renditions);
    for (uint32_t r = 0; r < after->renditions; r++) {
        struct digest hash =
            recipe_hash(&after->rendition[r].recipe, "libx264 1");
        assert_true(digest_eq(&hash, &after->recipe[r]));
        assert_true(digest_eq(&hash, &before->recipe[r]));
    }
    add_part(c, &part, 2000000, &late);
    scoped(mem) struct digest *none = NULL;
    assert_int_equal(catalog_remove_asset(c, &part, &none, &count), OK);
    assert_int_equal(count, 0);
    scoped(mem) struct digest *all = NULL;
    assert_int_equal(catalog_remove_asset(c, &late, &all, &count), OK);
    assert_int_equal(count, 1);
    assert_true(digest_eq(&all[0], &before->source));
}

static void a_shape_is_there_once_and_goes_where_its_parent_goes(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id, found;
    sample_add_ready(c, 1, &id);
    scoped(asset) const struct asset *parent = get(c, &id);
    struct asset_reframe wish = {
        .width = 1, .height = 1, .end_us = INT64_MAX, .is_shape = true};
    assert_int_equal(catalog_shape(c, &id, 1, 1, &found), ERR_NOT_FOUND);
    scoped(asset) const struct asset *shape = lay_part(parent, &wish);
    scoped(asset) const struct asset *again = lay_part(parent, &wish);
    assert_int_equal(catalog_add_reframed(c, shape, "libx264 1", false), OK);
    assert_int_equal(catalog_add_reframed(c, again, "libx264 1", false),
                     ERR_CONFLICT);
    assert_int_equal(catalog_shape(c, &id, 1, 1, &found), OK);
    assert_true(id_eq(&found, &shape->id));
    assert_int_equal(catalog_shape(c, &id, 1, 2, &found), ERR_NOT_FOUND);
    scoped(asset) const struct asset *read = get(c, &shape->id);
    assert_true(read->reframe.is_shape);
    assert_string_equal(read->collection, "default");
    struct collection folder = {.id = "c-two", .name = "Two"};
    assert_int_equal(catalog_put_collection(c, &folder), OK);
    const struct catalog_asset_change moves = {.collection = "c-two"};
    assert_int_equal(catalog_change_asset(c, &id, &moves), OK);
    scoped(asset) const struct asset *moved = get(c, &shape->id);
    assert_string_equal(moved->collection, "c-two");
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &id, &orphans, &count), OK);
    assert_int_equal(count, 1);
    assert_true(digest_eq(&orphans[0], &parent->source));
    const struct asset *gone;
    assert_int_equal(catalog_asset(c, &shape->id, &gone), ERR_NOT_FOUND);
}

// The bytes of its parent may be on their way out.
static void no_part_is_added_of_what_is_gone(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    scoped(asset) const struct asset *parent = get(c, &id);
    struct asset_reframe wish = {.width = 1, .height = 1, .end_us = INT64_MAX};
    scoped(asset) const struct asset *part = lay_part(parent, &wish);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &id, &orphans, &count), OK);
    assert_int_equal(catalog_add_reframed(c, part, "libx264 1", false),
                     ERR_NOT_FOUND);
    bool is_named;
    assert_int_equal(catalog_is_named(c, &parent->source, &is_named), OK);
    assert_false(is_named);
}

static void what_another_asset_shares_stays(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id one, two;
    sample_add_ready(c, 1, &one);
    sample_add_ready(c, 1, &two);
    scoped(asset) const struct asset *a = get(c, &one);
    struct piece_fact piece = sample_piece(a, 1, 0);
    assert_int_equal(catalog_add_pieces(c, &piece, 1), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &one, &orphans, &count), OK);
    assert_int_equal(count, 0);
    bool is_named;
    assert_int_equal(catalog_is_named(c, &a->source, &is_named), OK);
    assert_true(is_named);
    assert_int_equal(catalog_piece(c, &piece.key, &piece), OK);
}

static void more_pieces_than_a_slice_go_as_well(void **state)
{
    enum { PIECES = 1201 };
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    scoped(asset) const struct asset *a = get(c, &id);
    static struct piece_fact pieces[PIECES];
    for (unsigned i = 0; i < PIECES; i++) {
        pieces[i] = sample_piece(a, 1, 0);
        pieces[i].number = i;
        pieces[i].key = hash_of(&i, sizeof(i));
    }
    assert_int_equal(catalog_add_pieces(c, pieces, PIECES), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &id, &orphans, &count), OK);
    assert_int_equal(count, PIECES + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(a_removed_asset_leaves_nothing_behind),
        TEST(a_part_outlives_its_parent),
        TEST(a_shape_is_there_once_and_goes_where_its_parent_goes),
        TEST(no_part_is_added_of_what_is_gone),
        TEST(what_another_asset_shares_stays),
        TEST(more_pieces_than_a_slice_go_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
