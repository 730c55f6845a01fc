// SPDX-License-Identifier: MIT
// reframe_test.c - parts of assets: what is kept, what is shared, what is not.
#include "reeld/model/reframe.h"

#include <string.h>

#include "reeld/base/mem.h"
#include "unit.h"

enum { SECOND = 12800, FRAMES = 500, STEP = 512 };

static const struct ladder_wish ladder = {
    .rungs = 2,
    .rung = {{1080, 4800000, 23, {0, 1}}, {480, 1300000, 23, {0, 1}}},
    .preset = "veryfast",
    .copy_source = true,
    .audio_bps = {128000,                      64000                     },
    .audios = 2,
};

// 20 s of 25 pictures a second, with copied sound.
static struct plan *make_plan(void)
{
    static const struct plan_wish wish = {
        .segment_us = 4000000, .segment_max_us = 6000000, .gop_us = 2000000};
    struct plan *p = NEW(struct plan);
    p->timescale = SECOND;
    p->source_timebase = (struct rational){1, SECOND};
    scoped(mem) struct plan_frame *f = NEW_ARRAY(FRAMES, struct plan_frame);
    for (int i = 0; i < FRAMES; i++)
        f[i] = (struct plan_frame){.ticks = i * STEP,
                                   .is_shown = true,
                                   .is_entry = i % 50 == 0,
                                   .is_idr = i % 50 == 0};
    assert_int_equal(plan_lay_video(p, &wish, f, FRAMES, FRAMES * STEP, true),
                     OK);
    p->audios = 1;
    p->audio[0] = (struct plan_audio){.track = 1,
                                      .rate = 48000,
                                      .grid_origin = 7,
                                      .packets = 938,
                                      .is_copied = true};
    return p;
}

static struct asset *film(int32_t width, int32_t height, int32_t rotation)
{
    struct asset *a = asset_new();
    uint8_t hash[HASH_BYTES] = {1};
    a->id = id_from_hash("m", hash);
    a->state = ASSET_READY;
    a->kind = ASSET_VIDEO;
    a->plan = make_plan();
    a->tracks = 2;
    a->track[0] = (struct track){
        .codec = "h264",
        .codecs = "avc1.640028",
        .is_playable = true,
        .coded_width = width,
        .coded_height = height,
        .sample_aspect = {1,  1},
        .rotation = rotation,
        .frame_rate = {25, 1},
        .bit_depth = 8,
        .chroma = 420
    };
    a->track[1] = (struct track){
        .stream = 1,
        .kind = TRACK_AUDIO,
        .is_playable = true,
        .channels = 2,
        .sample_rate = 48000,
        .is_copyable = true,
        .sample_aspect = {1, 1},
        .frame_rate = {0, 1}
    };
    assert_int_equal(ladder_build(&ladder, a->track, 2, a->plan, 5000000,
                                  a->rendition, &a->renditions),
                     OK);
    return a;
}

static struct asset *part_of(const struct asset *parent, int32_t width,
                             int32_t height, int64_t start_us, int64_t end_us)
{
    struct asset_reframe wish = {.width = width,
                                 .height = height,
                                 .start_us = start_us,
                                 .end_us = end_us};
    struct asset *part = asset_new();
    enum err e = reframe_lay(parent, &wish, &ladder, part);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
    for (uint32_t r = 0; r < part->renditions; r++) {
        assert_int_equal(recipe_check(&part->rendition[r].recipe), OK);
        part->recipe[r] = recipe_hash(&part->rendition[r].recipe, "libx");
    }
    return part;
}

static void assert_size(struct recipe_size size, int32_t width, int32_t height)
{
    assert_int_equal(size.width, width);
    assert_int_equal(size.height, height);
}

// A picture, what is asked of it, what is kept of it as coded, its best rung.
static const struct {
    int32_t width, height, rotation, to_width, to_height;
    struct recipe_size kept, top;
} shapes[] = {
    {1920, 1080, 0,   9,    16,   {608, 1080},  {608, 1080} },
    {1920, 1080, 0,   1,    1,    {1080, 1080}, {1080, 1080}},
    {1920, 1080, 0,   16,   9,    {1920, 1080}, {1920, 1080}},
    {1920, 1080, 90,  9,    16,   {1920, 1080}, {1080, 1920}},
    {1920, 1080, 90,  16,   9,    {608, 1080},  {1080, 608} },
    {1920, 1080, 270, 1,    1,    {1080, 1080}, {1080, 1080}},
    {1920, 1080, 0,   540,  960,  {608, 1080},  {540, 960}  },
    {1920, 1080, 0,   1080, 1920, {608, 1080},  {608, 1080} },
    {853,  481,  0,   1,    1,    {480, 481},   {480, 480}  },
};

static void the_middle_of_the_picture_as_shown_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        scoped(asset) const struct asset *parent =
            film(shapes[i].width, shapes[i].height, shapes[i].rotation);
        scoped(asset) const struct asset *part = part_of(
            parent, shapes[i].to_width, shapes[i].to_height, 0, INT64_MAX);
        const struct rendition *top = &part->rendition[0];
        assert_int_equal(top->recipe.mode, RECIPE_ENCODE);
        assert_size(top->recipe.crop.kept, shapes[i].kept.width,
                    shapes[i].kept.height);
        assert_size(top->recipe.crop.of, shapes[i].width, shapes[i].height);
        assert_size((struct recipe_size){top->width, top->height},
                    shapes[i].top.width, shapes[i].top.height);
    }
}

static struct digest sound_key(const struct asset *a, uint32_t segment)
{
    struct digest key;
    int main = asset_main_audio(a);
    assert_int_equal(
        asset_piece_key(a, (uint32_t)main, PIECE_SEGMENT, segment, &key), OK);
    return key;
}

static void sound_of_the_whole_is_shared_and_of_a_part_is_not(void **state)
{
    (void)state;
    struct asset *film_ = film(1920, 1080, 0);
    scoped(asset) const struct asset *parent = film_;
    for (uint32_t r = 0; r < film_->renditions; r++)
        film_->recipe[r] = recipe_hash(&film_->rendition[r].recipe, "libx");
    scoped(asset) const struct asset *whole =
        part_of(parent, 1, 1, 0, INT64_MAX);
    // Parts whose borders are numbers like those of the whole.
    scoped(asset) const struct asset *head = part_of(parent, 1, 1, 0, 8000000);
    scoped(asset) const struct asset *tail =
        part_of(parent, 1, 1, 4000000, INT64_MAX);
    scoped(asset) const struct asset *deep =
        part_of(tail, 1, 1, 4000000, INT64_MAX);
    struct digest own = sound_key(parent, 1);
    struct digest key[4] = {sound_key(whole, 1), sound_key(head, 1),
                            sound_key(tail, 1), sound_key(deep, 1)};
    assert_true(digest_eq(&own, &key[0]));
    for (int i = 0; i < 4; i++)
        for (int k = i + 1; k < 4; k++)
            assert_false(digest_eq(&key[i], &key[k]));
    assert_int_equal(deep->rendition[0].recipe.cut.from, 8 * SECOND);
    assert_int_equal(deep->rendition[0].recipe.cut.to, 0);
    assert_int_equal(head->rendition[0].recipe.cut.to, 8 * SECOND);
}

static void a_part_says_what_it_was_made_of(void **state)
{
    (void)state;
    scoped(asset) const struct asset *parent = film(1920, 1080, 0);
    scoped(asset) const struct asset *part =
        part_of(parent, 9, 16, 1010000, 5000000);
    assert_true(id_eq(&part->reframe.asset, &parent->id));
    assert_int_equal(part->reframe.start_us, 1040000); // the next picture
    assert_int_equal(part->reframe.end_us, 5000000);
    assert_int_equal(plan_duration_us(part->plan), 3960000);
    assert_false(part->plan->is_video_copied);
}

static void a_part_of_a_part_is_cropped_once(void **state)
{
    (void)state;
    scoped(asset) const struct asset *parent = film(1920, 1080, 0);
    scoped(asset) const struct asset *square =
        part_of(parent, 1, 1, 0, INT64_MAX);
    scoped(asset) const struct asset *tall =
        part_of(square, 9, 16, 0, INT64_MAX);
    assert_size(tall->rendition[0].recipe.crop.kept, 608, 1080);
    assert_size(tall->rendition[0].recipe.crop.of, 1920, 1080);
    scoped(asset) const struct asset *wide = part_of(tall, 16, 9, 0, INT64_MAX);
    assert_size(wide->rendition[0].recipe.crop.kept, 608, 342);
}

static void shapes_that_are_none_are_refused(void **state)
{
    (void)state;
    static const int64_t good[][2] = {
        {1,    1   },
        {10,   1   },
        {1,    10  },
        {64,   64  },
        {65,   64  },
        {16,   65  },
        {8192, 8192}
    };
    static const int64_t bad[][2] = {
        {0,    1   },
        {1,    0   },
        {-9,   16  },
        {11,   1   },
        {1,    11  },
        {15,   65  },
        {8193, 8192}
    };
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(reframe_check_shape(good[i][0], good[i][1]), OK);
        assert_int_equal(reframe_check_shape(bad[i][0], bad[i][1]),
                         ERR_BAD_INPUT);
    }
}

static enum err fault_of(const struct asset *parent, int64_t start_us,
                         int64_t end_us)
{
    struct asset_reframe wish = {
        .width = 9, .height = 16, .start_us = start_us, .end_us = end_us};
    scoped(asset) const struct asset *part = NULL;
    struct asset *fresh = asset_new();
    part = fresh;
    return reframe_lay(parent, &wish, &ladder, fresh);
}

static void what_cannot_be_a_part_is_refused(void **state)
{
    (void)state;
    scoped(asset) const struct asset *parent = film(1920, 1080, 0);
    assert_int_equal(fault_of(parent, -1, 1), ERR_BAD_INPUT);
    assert_int_equal(fault_of(parent, 5, 5), ERR_BAD_INPUT);
    assert_int_equal(fault_of(parent, 20000000, INT64_MAX), ERR_BAD_INPUT);
    assert_int_equal(fault_of(parent, 1000, 2000), ERR_BAD_INPUT);
    struct asset *tiny = film(16, 16, 0);
    scoped(asset) const struct asset *held = tiny;
    assert_int_equal(fault_of(tiny, 0, INT64_MAX), ERR_UNSUPPORTED);
    tiny->state = ASSET_UPLOADED;
    assert_int_equal(fault_of(tiny, 0, INT64_MAX), ERR_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_middle_of_the_picture_as_shown_is_kept),
        cmocka_unit_test(sound_of_the_whole_is_shared_and_of_a_part_is_not),
        cmocka_unit_test(a_part_says_what_it_was_made_of),
        cmocka_unit_test(a_part_of_a_part_is_cropped_once),
        cmocka_unit_test(shapes_that_are_none_are_refused),
        cmocka_unit_test(what_cannot_be_a_part_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
