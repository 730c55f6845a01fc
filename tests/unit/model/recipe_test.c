// SPDX-License-Identifier: MIT
// recipe_test.c - recipes: every field counts, bounds hold, keys differ.
#include "reeld/model/recipe.h"

#include <string.h>

#include "unit.h"

static struct recipe video_recipe(void)
{
    return (struct recipe){
        .kind = TRACK_VIDEO,
        .mode = RECIPE_ENCODE,
        .sizes = 2,
        .size = {{1280, 720}, {640, 360}},
        .frame_rate_cap = {30,          1         },
        .frame_rate = {25,          1         },
        .crf = 23,
        .cap_bps = 750000,
        .level = 30,
        .preset = "veryfast",
    };
}

static bool same(const struct recipe *a, const struct recipe *b)
{
    struct digest x = recipe_hash(a, "libx");
    struct digest y = recipe_hash(b, "libx");
    return digest_eq(&x, &y);
}

static void each_field_changes_the_hash(void **state)
{
    (void)state;
    const struct recipe base = video_recipe();
    struct recipe r[15];
    for (int i = 0; i < 15; i++)
        r[i] = base;
    r[0].deinterlace = true;
    r[1].rotation = 90;
    r[2].is_mirrored = true;
    r[3].is_full_range = true;
    r[4].transfer = TRANSFER_PQ;
    r[5].sizes = 1;
    r[6].size[0].width = 1282;
    r[7].frame_rate_cap.num = 25;
    r[8].crf = 24;
    r[9].cap_bps++;
    r[10].level = 31;
    strcpy(r[11].preset, "faster");
    r[12].crop = (struct recipe_crop){
        {608,  1080},
        {1920, 1080}
    };
    r[13].cut.from = 1;
    r[14].cut.to = 1;
    for (int i = 0; i < 15; i++)
        assert_false(same(&base, &r[i]));
    assert_true(same(&base, &base));
}

// What was made before crops and cuts were known is found again.
static void the_text_of_a_plain_recipe_never_changes(void **state)
{
    (void)state;
    struct recipe r = video_recipe();
    scoped(buf) struct buf text;
    buf_init(&text, 4096);
    recipe_write(&r, "libx", &text);
    buf_u8(&text, 0);
    assert_string_equal(
        (const char *)text.bytes,
        "reeld-recipe=5\nkind=video\nmode=encode\nstream=0\nbuild=libx\n"
        "deinterlace=0\nrotation=0\nmirrored=0\nfull_range=0\ntransfer=0\n"
        "sizes=1280x720 640x360\ncap_rate=30/1\nrate=25/1\ncodec=h264\n"
        "crf=23\ncap_bps=750000\nlevel=30\npreset=veryfast\n");
}

static void a_crop_keeps_something_of_something(void **state)
{
    (void)state;
    static const struct {
        struct recipe_crop crop;
        enum err expected;
    } crops[] = {
        {{{608, 1080}, {1920, 1080}},  OK           },
        {{{481, 480}, {481, 481}},     OK           },
        {{{607, 1080}, {1920, 1080}},  ERR_BAD_INPUT},
        {{{1922, 1080}, {1920, 1080}}, ERR_BAD_INPUT},
        {{{0, 0}, {1920, 1080}},       ERR_BAD_INPUT},
        {{{2, 2}, {0, 0}},             ERR_BAD_INPUT},
        {{{-2, -2}, {-2, -2}},         ERR_BAD_INPUT},
    };
    for (size_t i = 0; i < sizeof crops / sizeof *crops; i++) {
        struct recipe r = video_recipe();
        r.crop = crops[i].crop;
        assert_int_equal(recipe_check(&r), crops[i].expected);
    }
    struct recipe r = video_recipe();
    r.cut = (struct recipe_cut){5, 6};
    assert_int_equal(recipe_check(&r), OK);
    r.cut.to = 5;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r.cut.from = -1;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
}

static void another_library_is_another_recipe_of_encodes_alone(void **state)
{
    (void)state;
    struct recipe r = video_recipe();
    struct digest a = recipe_hash(&r, "x264 164");
    struct digest b = recipe_hash(&r, "x264 165");
    assert_false(digest_eq(&a, &b));
    // Its init has the parameter sets of what makes its edges.
    r.mode = RECIPE_COPY;
    a = recipe_hash(&r, "x264 164");
    b = recipe_hash(&r, "x264 165");
    assert_false(digest_eq(&a, &b));
    r.sizes = 0;
    a = recipe_hash(&r, "x264 164");
    b = recipe_hash(&r, "x264 165");
    assert_true(digest_eq(&a, &b));
    assert_int_equal(recipe_check(&r), OK);
}

static struct recipe image_recipe(enum image_form form,
                                  enum image_format format)
{
    struct recipe r = {
        .kind = TRACK_VIDEO,
        .mode = RECIPE_IMAGE,
        .stream = -1,
        .sizes = 1,
        .size = {{160, 90}},
        .frame_rate_cap = { 0,        1},
        .frame_rate = { 25,        1}
    };
    r.image = (struct recipe_image){form, format, 5, 1, 1};
    return r;
}

static void each_field_of_an_image_changes_the_hash(void **state)
{
    (void)state;
    const struct recipe base = image_recipe(IMAGE_STILL, IMAGE_JPEG);
    struct recipe r[5];
    for (int i = 0; i < 5; i++)
        r[i] = base;
    r[0].image.form = IMAGE_SHEET;
    r[1].image.format = IMAGE_WEBP;
    r[2].image.quality = 6;
    r[3].image.columns = 2;
    r[4].image.rows = 2;
    for (int i = 0; i < 5; i++)
        assert_false(same(&base, &r[i]));
}

static void an_image_has_bounds_of_its_own(void **state)
{
    (void)state;
    struct recipe r = image_recipe(IMAGE_STILL, IMAGE_JPEG);
    assert_int_equal(recipe_check(&r), OK);
    r.image.quality = 1;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = image_recipe(IMAGE_STILL, IMAGE_JPEG);
    r.image.columns = 2;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = image_recipe(IMAGE_MOVING, IMAGE_JPEG);
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = image_recipe(IMAGE_MOVING, IMAGE_WEBP);
    assert_int_equal(recipe_check(&r), OK);
    r = image_recipe(IMAGE_SHEET, IMAGE_JPEG);
    r.image.columns = 10;
    r.image.rows = IMAGE_TILES_MAX / 10;
    assert_int_equal(recipe_check(&r), OK);
    r.image.rows++;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r.image.columns = 50; // of 160 each: no picture is so wide
    r.image.rows = 1;
    assert_int_equal(recipe_check(&r), OK);
    r.image.columns = 52;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = image_recipe(IMAGE_STILL, IMAGE_JPEG);
    r.kind = TRACK_AUDIO;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
}

static void bounds_hold_one_step_to_each_side(void **state)
{
    (void)state;
    struct recipe r = video_recipe();
    assert_int_equal(recipe_check(&r), OK);
    r.size[1].width = 641;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = video_recipe();
    r.sizes = RECIPE_CHAIN_MAX + 1;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = video_recipe();
    r.crf = 51;
    assert_int_equal(recipe_check(&r), OK);
    r.crf = 52;
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    r = video_recipe();
    memset(r.preset, 'a', sizeof r.preset);
    assert_int_equal(recipe_check(&r), ERR_BAD_INPUT);
    struct recipe audio = {.kind = TRACK_AUDIO,
                           .mode = RECIPE_ENCODE,
                           .sample_rate = 48000,
                           .channels = 2,
                           .bitrate = 128000,
                           .grid_origin = 1023};
    assert_int_equal(recipe_check(&audio), OK);
    audio.grid_origin = 1024;
    assert_int_equal(recipe_check(&audio), ERR_BAD_INPUT);
}

static void keys_tell_kind_range_and_inner_borders_apart(void **state)
{
    (void)state;
    struct digest source = hash_of("source", 6);
    struct digest recipe = hash_of("recipe", 6);
    const int64_t whole[] = {0, 100}, cut[] = {0, 50, 100};
    struct digest key[4] = {
        piece_key(&source, &recipe, PIECE_SEGMENT, whole, 2),
        piece_key(&source, &recipe, PIECE_SEGMENT, cut, 3),
        piece_key(&source, &recipe, PIECE_IFRAME, whole, 2),
        piece_key(&recipe, &source, PIECE_SEGMENT, whole, 2),
    };
    for (int i = 0; i < 4; i++)
        for (int j = i + 1; j < 4; j++)
            assert_false(digest_eq(&key[i], &key[j]));
    struct digest again = piece_key(&source, &recipe, PIECE_SEGMENT, whole, 2);
    assert_true(digest_eq(&key[0], &again));
}

// A short GOP has no pictures that many others refer to; a list of I-frames is
// not to become large for it.
static void short_gops_are_encoded_finer(void **state)
{
    (void)state;
    struct recipe r = {.crf = 23};
    assert_int_equal(recipe_crf_milli(&r, 1000000), 23000);
    assert_int_equal(recipe_crf_milli(&r, 5000000), 23000);
    assert_int_equal(recipe_crf_milli(&r, 999999), 23000);
    assert_int_equal(recipe_crf_milli(&r, 500000), 20000);
    assert_int_equal(recipe_crf_milli(&r, 1), 17000);
    assert_int_equal(recipe_crf_milli(&r, 0), 23000);
    r.crf = 5;
    assert_int_equal(recipe_crf_milli(&r, 1), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_gops_are_encoded_finer),
        cmocka_unit_test(each_field_changes_the_hash),
        cmocka_unit_test(another_library_is_another_recipe_of_encodes_alone),
        cmocka_unit_test(the_text_of_a_plain_recipe_never_changes),
        cmocka_unit_test(a_crop_keeps_something_of_something),
        cmocka_unit_test(each_field_of_an_image_changes_the_hash),
        cmocka_unit_test(an_image_has_bounds_of_its_own),
        cmocka_unit_test(bounds_hold_one_step_to_each_side),
        cmocka_unit_test(keys_tell_kind_range_and_inner_borders_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
