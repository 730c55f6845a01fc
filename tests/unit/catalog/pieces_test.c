// SPDX-License-Identifier: MIT
// pieces_test.c - facts about what was made, and what they add up to.
#include <stdlib.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog.h"
#include "reeld/model/gap.h"
#include "unit.h"

struct fixture {
    struct sample sample;
    struct id id;
    const struct asset *asset;
};

static int set_up(void **state)
{
    static struct fixture f;
    sample_open(&f.sample);
    sample_add_ready(f.sample.catalog, 1, &f.id);
    assert_int_equal(catalog_asset(f.sample.catalog, &f.id, &f.asset), OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asset_unref(f->asset);
    sample_close(&f->sample);
    return 0;
}

// So many bytes over so much time, under a key of its own.
static struct piece_fact piece(const struct fixture *f, uint32_t number,
                               int64_t duration_us, int64_t size_bytes)
{
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    p.number = number;
    p.duration_us = duration_us;
    p.size_bytes = size_bytes;
    uint32_t name[2] = {number, (uint32_t)size_bytes};
    p.key = hash_of(name, sizeof(name));
    return p;
}

static void add(const struct fixture *f, struct piece_fact p)
{
    assert_int_equal(catalog_add_pieces(f->sample.catalog, &p, 1), OK);
}

static void a_piece_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 2, 3), found;
    assert_int_equal(catalog_piece(f->sample.catalog, &p.key, &found),
                     ERR_NOT_FOUND);
    add(f, p);
    assert_int_equal(catalog_piece(f->sample.catalog, &p.key, &found), OK);
    assert_true(digest_eq(&found.key, &p.key));
    assert_int_equal(found.source_row, p.source_row);
    assert_int_equal(found.recipe_row, p.recipe_row);
    assert_int_equal(found.kind, PIECE_SEGMENT);
    assert_int_equal(found.number, 3);
    assert_int_equal(found.duration_us, p.duration_us);
    assert_int_equal(found.size_bytes, p.size_bytes);
}

static void a_piece_is_counted_once(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    add(f, p);
    add(f, p);
    int64_t bytes;
    assert_int_equal(catalog_piece_bytes(f->sample.catalog, &bytes), OK);
    assert_int_equal(bytes, p.size_bytes);
}

static void a_piece_of_a_removed_source_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(
        catalog_remove_asset(f->sample.catalog, &f->id, &orphans, &count), OK);
    add(f, p);
    assert_int_equal(catalog_piece(f->sample.catalog, &p.key, &p),
                     ERR_NOT_FOUND);
    bool is_named;
    assert_int_equal(catalog_is_named(f->sample.catalog, &p.key, &is_named),
                     OK);
    assert_false(is_named);
}

static void a_removed_source_never_gives_its_number_away(void **state)
{
    struct fixture *f = *state;
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(
        catalog_remove_asset(f->sample.catalog, &f->id, &orphans, &count), OK);
    struct id id;
    sample_add_ready(f->sample.catalog, 1, &id);
    scoped(asset) const struct asset *again = NULL;
    assert_int_equal(catalog_asset(f->sample.catalog, &id, &again), OK);
    assert_true(again->source_row > f->asset->source_row);
}

static void a_forgotten_piece_is_not_made(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    assert_int_equal(catalog_forget_piece(f->sample.catalog, &p.key),
                     ERR_NOT_FOUND);
    add(f, p);
    assert_int_equal(catalog_forget_piece(f->sample.catalog, &p.key), OK);
    assert_int_equal(catalog_piece(f->sample.catalog, &p.key, &p),
                     ERR_NOT_FOUND);
    int64_t bytes;
    assert_int_equal(catalog_piece_bytes(f->sample.catalog, &bytes), OK);
    assert_int_equal(bytes, 0);
}

static void made_segments_are_told_apart(void **state)
{
    struct fixture *f = *state;
    add(f, sample_piece(f->asset, 1, 0));
    add(f, sample_piece(f->asset, 1, 3));
    add(f, sample_piece(f->asset, 2, 1)); // another rendition
    struct piece_fact iframe = piece(f, 2, 2000000, 100);
    iframe.kind = PIECE_IFRAME;
    add(f, iframe);
    uint8_t made[6] = {9, 9, 9, 9, 9, 9};
    uint32_t count;
    assert_int_equal(
        catalog_made_segments(f->sample.catalog, f->asset->source_row,
                              f->asset->recipe_row[1], made, 5, &count),
        OK);
    assert_int_equal(count, 2);
    static const uint8_t expected[6] = {1, 0, 0, 1, 0, 9};
    assert_memory_equal(made, expected, 6);
}

static struct piece_rates rates_of(const struct fixture *f, int64_t target_us)
{
    scoped(source_rates) struct source_rates r = {0};
    assert_int_equal(
        catalog_rates(f->sample.catalog, f->asset->source_row, target_us, &r),
        OK);
    return source_rates_find(&r, f->asset->recipe_row[1], PIECE_SEGMENT);
}

static void rates_are_sums_and_a_peak(void **state)
{
    struct fixture *f = *state;
    struct piece_rates r = rates_of(f, 4000000);
    assert_int_equal(r.pieces, 0);
    assert_int_equal(r.bytes, 0);
    assert_int_equal(r.peak_bps, 0);
    add(f, piece(f, 0, 4000000, 1000000)); // 2 Mbit/s
    add(f, piece(f, 1, 4000000, 2000001)); // a little more than 4
    add(f, piece(f, 2, 1999999, 9000000)); // too short to be a peak
    r = rates_of(f, 4000000);
    assert_int_equal(r.pieces, 3);
    assert_int_equal(r.bytes, 12000001);
    assert_int_equal(r.duration_us, 9999999);
    assert_int_equal(r.peak_bps, 4000002);
    assert_int_equal(rates_of(f, 3999998).peak_bps, 36000019); // rounded up
    assert_int_equal(rates_of(f, 3999999).peak_bps, 4000002);
}

static void rates_are_of_each_rendition_and_kind(void **state)
{
    struct fixture *f = *state;
    struct piece_fact iframe = piece(f, 0, 2000000, 100),
                      edge = piece(f, 1, 2000000, 50);
    iframe.kind = PIECE_IFRAME;
    edge.kind = PIECE_EDGE;
    add(f, iframe);
    add(f, edge); // no rendition plays it
    add(f, piece(f, 2, 4000000, 1000));
    add(f, sample_piece(f->asset, 2, 0));
    scoped(source_rates) struct source_rates r = {0};
    assert_int_equal(
        catalog_rates(f->sample.catalog, f->asset->source_row, 4000000, &r),
        OK);
    assert_int_equal(r.count, 3);
    int64_t recipe = f->asset->recipe_row[1];
    assert_int_equal(source_rates_find(&r, recipe, PIECE_IFRAME).bytes, 100);
    assert_int_equal(source_rates_find(&r, recipe, PIECE_SEGMENT).bytes, 1000);
    assert_int_equal(source_rates_find(&r, recipe, PIECE_TS).pieces, 0);
    recipe = f->asset->recipe_row[2];
    assert_int_equal(source_rates_find(&r, recipe, PIECE_SEGMENT).pieces, 1);
}

static void rates_forget_what_was_evicted(void **state)
{
    struct fixture *f = *state;
    struct piece_fact peak = piece(f, 1, 4000000, 2000000);
    add(f, piece(f, 0, 4000000, 1000000));
    add(f, peak);
    assert_int_equal(catalog_forget_piece(f->sample.catalog, &peak.key), OK);
    struct piece_rates r = rates_of(f, 4000000);
    assert_int_equal(r.pieces, 1);
    assert_int_equal(r.bytes, 1000000);
    assert_int_equal(r.peak_bps, 2000000);
}

static void the_coldest_pieces_go_first_and_inits_stay(void **state)
{
    struct fixture *f = *state;
    struct piece_fact init = piece(f, 0, 0, 700), a = piece(f, 0, 4000000, 100),
                      b = piece(f, 1, 4000000, 200),
                      c = piece(f, 2, 4000000, 300);
    init.kind = PIECE_INIT;
    struct piece_fact all[] = {init, a, b, c};
    assert_int_equal(catalog_add_pieces(f->sample.catalog, all, 4), OK);
    struct digest used[] = {b.key, a.key, c.key, init.key};
    for (int i = 0; i < 4; i++)
        assert_int_equal(catalog_touch_pieces(f->sample.catalog, &used[i], 1,
                                              INT64_C(1000) * (i + 1)),
                         OK);
    scoped(mem) struct digest *keys = NULL;
    size_t count;
    assert_int_equal(
        catalog_coldest_pieces(f->sample.catalog, 201, &keys, &count), OK);
    assert_int_equal(count, 2);
    assert_true(digest_eq(&keys[0], &b.key));
    assert_true(digest_eq(&keys[1], &a.key));
    scoped(mem) struct digest *every = NULL;
    assert_int_equal(
        catalog_coldest_pieces(f->sample.catalog, 1 << 20, &every, &count), OK);
    assert_int_equal(count, 3);
    scoped(mem) struct digest *none = NULL;
    assert_int_equal(
        catalog_coldest_pieces(f->sample.catalog, 0, &none, &count), OK);
    assert_int_equal(count, 0);
}

static void a_blob_is_named_by_an_asset_or_a_piece(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    bool is_named;
    assert_int_equal(catalog_is_named(f->sample.catalog, &p.key, &is_named),
                     OK);
    assert_false(is_named);
    add(f, p);
    assert_int_equal(catalog_is_named(f->sample.catalog, &p.key, &is_named),
                     OK);
    assert_true(is_named);
    assert_int_equal(
        catalog_is_named(f->sample.catalog, &f->asset->source, &is_named), OK);
    assert_true(is_named);
}

static void facts_outlive_the_daemon(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    add(f, p);
    sample_reopen(&f->sample);
    assert_int_equal(catalog_piece(f->sample.catalog, &p.key, &p), OK);
    assert_int_equal(rates_of(f, 4000000).pieces, 1);
}

// ---- a new build of the worker ---------------------------------------------

static void the_same_build_renews_nothing(void **state)
{
    struct fixture *f = *state;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    add(f, p);
    uint32_t assets = 9;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            catalog_renew_recipes(f->sample.catalog, "libx264 1", &assets), OK);
        assert_int_equal(assets, 0);
    }
    assert_int_equal(catalog_piece(f->sample.catalog, &p.key, &p), OK);
}

static void a_new_build_makes_encoded_pieces_anew(void **state)
{
    struct fixture *f = *state;
    const struct asset *old = f->asset;
    struct piece_fact copied = sample_piece(old, 0, 0);
    struct piece_fact encoded = sample_piece(old, 1, 0);
    assert_int_equal(old->rendition[0].recipe.mode, RECIPE_COPY);
    assert_int_equal(old->rendition[1].recipe.mode, RECIPE_ENCODE);
    add(f, copied);
    add(f, encoded);
    uint32_t assets;
    assert_int_equal(
        catalog_renew_recipes(f->sample.catalog, "libx264 2", &assets), OK);
    assert_int_equal(assets, 1);
    scoped(asset) const struct asset *now = NULL;
    assert_int_equal(catalog_asset(f->sample.catalog, &f->id, &now), OK);
    for (uint32_t i = 0; i < now->renditions; i++) {
        struct digest hash =
            recipe_hash(&now->rendition[i].recipe, "libx264 2");
        assert_true(digest_eq(&now->recipe[i], &hash));
    }
    assert_int_equal(now->recipe_row[0], old->recipe_row[0]);
    assert_int_not_equal(now->recipe_row[1], old->recipe_row[1]);
    assert_int_equal(catalog_piece(f->sample.catalog, &copied.key, &copied),
                     OK);
    assert_int_equal(catalog_piece(f->sample.catalog, &encoded.key, &encoded),
                     ERR_NOT_FOUND);
    assert_int_equal(
        catalog_renew_recipes(f->sample.catalog, "libx264 2", &assets), OK);
    assert_int_equal(assets, 0);
}

// What black pictures and silence refer to is there from the start, and no
// removal takes it.
static void pieces_of_gaps_have_a_place(void **state)
{
    struct fixture *f = *state;
    struct catalog *c = f->sample.catalog;
    struct piece_fact p = sample_piece(f->asset, 1, 0);
    p.source_row = p.recipe_row = GAP_ROW;
    p.kind = PIECE_EDGE;
    for (int i = 0; i < 2; i++) {
        add(f, p);
        assert_int_equal(catalog_piece(c, &p.key, &p), OK);
        assert_int_equal(p.source_row, GAP_ROW);
        sample_reopen(&f->sample); // which ends what was cut short
        c = f->sample.catalog;
        assert_int_equal(catalog_piece(c, &p.key, &p), OK);
        uint32_t assets;
        assert_int_equal(
            catalog_renew_recipes(c, i ? "libx264 3" : "libx264 2", &assets),
            OK);
        assert_int_equal(catalog_piece(c, &p.key, &p), ERR_NOT_FOUND);
    }
}

static void every_asset_is_renewed(void **state)
{
    struct fixture *f = *state;
    struct id id;
    for (unsigned i = 2; i < 70; i++) // more than a page
        sample_add_ready(f->sample.catalog, i, &id);
    uint32_t assets;
    assert_int_equal(
        catalog_renew_recipes(f->sample.catalog, "libx264 3", &assets), OK);
    assert_int_equal(assets, 69);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_piece_comes_back_as_it_was),
        TEST(a_piece_is_counted_once),
        TEST(a_piece_of_a_removed_source_is_not_kept),
        TEST(a_removed_source_never_gives_its_number_away),
        TEST(a_forgotten_piece_is_not_made),
        TEST(made_segments_are_told_apart),
        TEST(rates_are_sums_and_a_peak),
        TEST(rates_are_of_each_rendition_and_kind),
        TEST(rates_forget_what_was_evicted),
        TEST(the_coldest_pieces_go_first_and_inits_stay),
        TEST(a_blob_is_named_by_an_asset_or_a_piece),
        TEST(facts_outlive_the_daemon),
        TEST(the_same_build_renews_nothing),
        TEST(a_new_build_makes_encoded_pieces_anew),
        TEST(pieces_of_gaps_have_a_place),
        TEST(every_asset_is_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
