// SPDX-License-Identifier: MIT
// image_test.c - which picture an image shows, and what it is called.
#include "reeld/model/image.h"

#include <string.h>

#include "reeld/base/mem.h"
#include "unit.h"

enum { SCALE = 30000, STEP = 1001 };

static const struct plan_wish wish = {
    .segment_us = 4000000, .segment_max_us = 6000000, .gop_us = 2000000};

static void add_rung(struct asset *a, int32_t width, int32_t height,
                     enum recipe_mode mode)
{
    struct rendition *r = &a->rendition[a->renditions];
    *r = (struct rendition){
        .name = "rung",
        .audio = -1,
        .timescale = SCALE,
        .width = width,
        .height = height,
        .recipe = {.kind = TRACK_VIDEO,
                   .mode = mode,
                   .sizes = 1,
                   .size = {{width, height}},
                   .deinterlace = true,
                   .rotation = 90,
                   .frame_rate_cap = {60, 1},
                   .frame_rate = {SCALE, STEP},
                   .crf = 23,
                   .cap_bps = 2700000,
                   .level = 31,
                   .preset = "veryfast"}
    };
    a->recipe[a->renditions] = recipe_hash(&r->recipe, "build");
    a->renditions++;
}

// Pictures of 29.97 a second, key frames each second; `width` wide.
static struct asset *new_film(int count, int32_t width, int32_t height)
{
    struct asset *a = asset_new();
    a->state = ASSET_READY;
    a->kind = ASSET_VIDEO;
    a->tracks = 1;
    a->plan = NEW(struct plan);
    a->plan->timescale = SCALE;
    a->plan->source_timebase = (struct rational){1, SCALE};
    scoped(mem) struct plan_frame *f = NEW_ARRAY(count, struct plan_frame);
    for (int i = 0; i < count; i++)
        f[i] = (struct plan_frame){.ticks = (int64_t)i * STEP,
                                   .dts = i,
                                   .position = i,
                                   .is_shown = true,
                                   .is_entry = i % 30 == 0,
                                   .is_idr = i % 30 == 0};
    assert_int_equal(plan_lay_video(a->plan, &wish, f, (size_t)count,
                                    (int64_t)count * STEP, true),
                     OK);
    add_rung(a, width, height, RECIPE_COPY);
    add_rung(a, width / 2, height / 2, RECIPE_ENCODE);
    return a;
}

static void a_time_finds_the_picture_that_is_shown(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = new_film(100, 640, 360);
    for (int64_t i = 0; i < 100; i++) {
        assert_int_equal(plan_frame_at(a->plan, i * STEP), i * STEP);
        assert_int_equal(plan_frame_at(a->plan, i * STEP + 1), i * STEP);
        assert_int_equal(plan_frame_at(a->plan, i * STEP + STEP - 1), i * STEP);
    }
    assert_int_equal(plan_frame_at(a->plan, -5), 0);
    assert_int_equal(plan_frame_at(a->plan, 100 * STEP), 99 * STEP);
    assert_int_equal(plan_frame_at(a->plan, INT64_MAX), 99 * STEP);
}

static struct piece still_of(const struct asset *a, int32_t width, int64_t at)
{
    const struct image_wish w = {IMAGE_JPEG, width};
    struct piece p;
    image_still(a, NULL, &w, at, &p);
    return p;
}

static void a_still_is_named_by_its_picture(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = new_film(100, 640, 360);
    scoped(piece) struct piece p = still_of(a, 320, 7 * STEP);
    assert_int_equal(p.kind, PIECE_IMAGE);
    assert_int_equal(p.borders, 2);
    assert_int_equal(p.border[0], 7 * STEP);
    assert_int_equal(p.border[1], 8 * STEP);
    assert_int_equal(piece_fact_kind(&p), PIECE_IMAGE);
    const struct recipe *r = &piece_rendition(&p)->recipe;
    assert_int_equal(recipe_check(r), OK);
    assert_int_equal(r->size[0].width, 320);
    assert_int_equal(r->size[0].height, 180);
    assert_int_equal(r->rotation, 90); // the chain of the rungs
    assert_true(r->deinterlace);
    scoped(piece) struct piece same = still_of(a, 320, 7 * STEP + 900);
    scoped(piece) struct piece next = still_of(a, 320, 8 * STEP);
    scoped(piece) struct piece small = still_of(a, 160, 7 * STEP);
    assert_true(digest_eq(&p.key, &same.key));
    assert_false(digest_eq(&p.key, &next.key));
    assert_false(digest_eq(&p.key, &small.key));
    scoped(piece) struct piece behind = {0};
    assert_int_equal(piece_next(&p, &behind), ERR_NOT_FOUND);
}

static void libraries_are_part_of_an_images_name(void **state)
{
    (void)state;
    struct asset *fresh = new_film(100, 640, 360);
    scoped(asset) const struct asset *a = fresh;
    scoped(piece) struct piece p = still_of(a, 320, 0);
    fresh->recipe[1] = recipe_hash(&a->rendition[1].recipe, "another build");
    scoped(piece) struct piece other = still_of(a, 320, 0);
    assert_false(digest_eq(&p.key, &other.key));
}

static void no_image_is_above_the_largest_rendition(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = new_film(100, 426, 240);
    scoped(piece) struct piece full = still_of(a, 426, 0);
    scoped(piece) struct piece huge = still_of(a, 8000, 0);
    assert_true(digest_eq(&full.key, &huge.key));
    assert_int_equal(piece_rendition(&huge)->width, 426);
    assert_int_equal(piece_rendition(&huge)->height, 240);
    scoped(piece) struct piece odd = still_of(a, 100, 0);
    assert_int_equal(piece_rendition(&odd)->height, 56);
}

static void assert_board(int frames, uint32_t tiles, uint32_t sheets,
                         int32_t columns, int32_t rows)
{
    scoped(asset) const struct asset *a = new_film(frames, 1280, 720);
    struct image_board b = image_board(a);
    assert_int_equal(b.tiles, tiles);
    assert_int_equal(b.sheets, sheets);
    assert_int_equal(b.columns, columns);
    assert_int_equal(b.rows, rows);
    assert_int_equal(b.tile.width, 160);
    assert_int_equal(b.tile.height, 90);
    int64_t end = a->plan->gop_border[a->plan->gops];
    assert_true((int64_t)b.tiles * b.step >= end);
    assert_true((int64_t)(b.tiles - 1) * b.step < end);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < b.sheets; i++) {
        scoped(piece) struct piece p = {0};
        assert_int_equal(image_sheet(a, i, &p), OK);
        for (uint32_t k = 0; k + 1 < p.borders; k++, seen++) {
            assert_true(p.border[k] >= seen * b.step);
            assert_true(p.border[k] < (seen + 1) * b.step);
            assert_true(p.border[k] < p.border[k + 1]);
        }
        assert_true(p.border[p.borders - 1] <= end);
        const struct recipe *r = &piece_rendition(&p)->recipe;
        assert_int_equal(recipe_check(r), OK);
        assert_false(r->deinterlace);
    }
    assert_int_equal(seen, tiles);
    struct piece none;
    assert_int_equal(image_sheet(a, b.sheets, &none), ERR_NOT_FOUND);
}

static void tiles_are_spread_evenly_and_bounded(void **state)
{
    (void)state;
    assert_board(1, 1, 1, 1, 1);
    assert_board(150, 3, 1, 3, 1);       // 5 s: one in two
    assert_board(590, 10, 1, 5, 2);      // under 20 s
    assert_board(1500, 25, 1, 5, 5);     // 50 s: the sheet is full
    assert_board(3000, 25, 1, 5, 5);     // 100 s: one in four
    assert_board(9000, 61, 3, 5, 5);     // 300 s: one in five
    assert_board(120000, 500, 20, 5, 5); // more than an hour
}

static void an_upright_film_has_upright_tiles(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = new_film(100, 1080, 1920);
    struct image_board b = image_board(a);
    assert_int_equal(b.tile.width, 90);
    assert_int_equal(b.tile.height, 160);
}

static void a_small_film_has_smaller_tiles(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = new_film(100, 36, 1280);
    struct image_board b = image_board(a);
    assert_int_equal(b.tile.width, 6);
    assert_true(b.tile.height >= 160 && b.tile.height <= 214);
    scoped(asset) const struct asset *tiny = new_film(100, 16, 16);
    b = image_board(tiny);
    assert_int_equal(b.tile.width, 16);
    assert_int_equal(b.tile.height, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_finds_the_picture_that_is_shown),
        cmocka_unit_test(a_still_is_named_by_its_picture),
        cmocka_unit_test(libraries_are_part_of_an_images_name),
        cmocka_unit_test(no_image_is_above_the_largest_rendition),
        cmocka_unit_test(tiles_are_spread_evenly_and_bounded),
        cmocka_unit_test(an_upright_film_has_upright_tiles),
        cmocka_unit_test(a_small_film_has_smaller_tiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
