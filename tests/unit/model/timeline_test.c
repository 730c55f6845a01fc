// SPDX-License-Identifier: MIT
// timeline_test.c - clips laid over plans: whole segments, edges, pictures.
#include "reeld/model/timeline.h"

#include <string.h>

#include "reeld/base/mem.h"
#include "unit.h"

enum { SCALE = 25000, FRAME = 1000, FRAMES = 500 }; // 20 s at 25 fps

// Segments at 0 2 4 8 12 16 s of 20 s, GOPs of 2 s; one rung, stereo sound.
static struct asset *make_asset(void)
{
    static const struct plan_wish wish = {
        .segment_us = 4000000,
        .segment_max_us = 6000000,
        .gop_us = 2000000,
        .bootstraps = 2,
        .bootstrap_us = {2000000, 2000000}
    };
    struct plan_frame frame[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        frame[i] = (struct plan_frame){.ticks = (int64_t)i * FRAME,
                                       .is_shown = true,
                                       .is_entry = i % 50 == 0};
    struct asset *a = asset_new();
    a->plan = NEW(struct plan);
    a->plan->timescale = SCALE;
    a->plan->source_timebase = (struct rational){1, SCALE};
    assert_int_equal(plan_lay_video(a->plan, &wish, frame, FRAMES,
                                    (int64_t)FRAMES * FRAME, false),
                     OK);
    a->plan->audios = 1;
    a->plan->audio[0] =
        (struct plan_audio){.track = 1, .rate = 48000, .packets = 938};
    a->state = ASSET_READY;
    a->renditions = 2;
    a->rendition[0] = (struct rendition){
        .name = "720p", .audio = -1, .recipe = {.mode = RECIPE_ENCODE}};
    a->rendition[1] = (struct rendition){
        .name = "audio-128k", .audio = 0, .recipe = {.kind = TRACK_AUDIO}};
    assert_int_equal(plan_check(a->plan), OK);
    return a;
}

static struct timeline *make_clip(const struct asset *a, int64_t start_ms,
                                  int64_t end_ms)
{
    struct timeline *t = timeline_new();
    assert_int_equal(
        timeline_add(t, a, start_ms * 1000, end_ms * 1000, SNAP_FRAME), OK);
    return t;
}

static void assert_borders(const struct clip *c, const int *seconds_100,
                           uint32_t count)
{
    assert_int_equal(c->segments, count - 1);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(c->border[i], (int64_t)seconds_100[i] * SCALE / 100);
}

static void an_asset_is_a_timeline_of_its_own_segments(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = timeline_of_asset(a);
    assert_int_equal(t->clips, 1);
    assert_int_equal(t->segments, a->plan->segments);
    assert_int_equal(t->duration_us, 20000000);
    assert_true(clip_is_whole(&t->clip[0]));
    for (uint32_t s = 0; s < t->segments; s++) {
        int64_t own[ASSET_BORDERS_MAX], laid[ASSET_BORDERS_MAX];
        uint32_t owns, laids;
        assert_int_equal(
            asset_piece_borders(a, 0, PIECE_SEGMENT, s, own, &owns), OK);
        assert_int_equal(clip_piece_borders(&t->clip[0], 0, s, laid, &laids),
                         OK);
        assert_int_equal(owns, laids);
        assert_memory_equal(own, laid, owns * sizeof *own);
    }
}

static void whole_segments_inside_a_clip_are_the_assets_own(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = make_clip(a, 2480, 13520);
    static const int seconds[] = {248, 400, 800, 1200, 1352};
    assert_borders(&t->clip[0], seconds, 5);
    uint32_t number;
    assert_false(clip_segment_is_whole(&t->clip[0], 0, &number));
    assert_true(clip_segment_is_whole(&t->clip[0], 1, &number));
    assert_int_equal(number, 2);
    assert_true(clip_segment_is_whole(&t->clip[0], 2, &number));
    assert_false(clip_segment_is_whole(&t->clip[0], 3, &number));
    assert_int_equal(t->duration_us, 11040000);
}

static void short_heads_and_tails_join_their_neighbours(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    // 0.4 s before a segment of two GOPs, 0.4 s into another.
    scoped(timeline) struct timeline *t = make_clip(a, 3600, 12400);
    static const int seconds[] = {360, 600, 800, 1000, 1240};
    assert_borders(&t->clip[0], seconds, 5);
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    // Head and the GOP behind it are one GOP: no IDR 0.4 s after the first.
    assert_int_equal(clip_piece_borders(&t->clip[0], 0, 0, border, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(clip_piece_borders(&t->clip[0], 0, 3, border, &count), OK);
    assert_int_equal(count, 2);
}

static void a_clip_inside_one_gop_is_one_edge(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = make_clip(a, 8400, 8600);
    static const int seconds[] = {840, 860};
    assert_borders(&t->clip[0], seconds, 2);
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    assert_int_equal(clip_piece_borders(&t->clip[0], 1, 0, border, &count), OK);
    assert_int_equal(border[0], 393); // the packet that sounds at 8.4 s
    assert_int_equal(border[1], 403);
}

static void pictures_are_those_inside_the_half_open_range(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    // 1 ms after a picture: the next one is first; 1 ms after: it is kept.
    scoped(timeline) struct timeline *t = make_clip(a, 5001, 7041);
    assert_int_equal(t->clip[0].from, 5040 * SCALE / 1000);
    assert_int_equal(t->clip[0].to, 7080 * SCALE / 1000);
    assert_int_equal(t->duration_us, 2040000);
}

static void an_end_past_the_end_is_cut_to_it(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = make_clip(a, 16000, 99000);
    assert_true(clip_is_whole(&t->clip[0]));
    assert_int_equal(t->duration_us, 4000000);
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    assert_int_equal(clip_piece_borders(&t->clip[0], 1, 0, border, &count), OK);
    assert_int_equal(border[1], 938);
}

static void ranges_without_a_picture_are_refused(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = timeline_new();
    static const int64_t bad[][2] = {
        {5000000,  5000000 },
        {6000000,  5000000 },
        {-1,       5000000 },
        {20000000, 21000000},
        {5001000,  5039000 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(timeline_add(t, a, bad[i][0], bad[i][1], SNAP_FRAME),
                         ERR_BAD_INPUT);
    assert_int_equal(t->clips, 0);
}

static void key_frame_snapping_needs_no_edge(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = timeline_new();
    assert_int_equal(timeline_add(t, a, 5000000, 9000000, SNAP_KEYFRAME), OK);
    assert_true(clip_is_whole(&t->clip[0]));
    assert_int_equal(t->duration_us, 8000000);
}

static void numbers_run_on_over_all_clips(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = make_clip(a, 2480, 13520);
    assert_int_equal(timeline_add(t, a, 0, 4000000, SNAP_FRAME), OK);
    assert_int_equal(t->segments, 6);
    const struct clip *c;
    uint32_t s;
    assert_int_equal(timeline_find(t, 3, &c, &s), OK);
    assert_ptr_equal(c, &t->clip[0]);
    assert_int_equal(s, 3);
    assert_int_equal(timeline_find(t, 5, &c, &s), OK);
    assert_ptr_equal(c, &t->clip[1]);
    assert_int_equal(s, 1);
    assert_int_equal(timeline_find(t, 6, &c, &s), ERR_NOT_FOUND);
}

// 24 pictures a second lie on no whole microsecond.
static void a_time_told_in_microseconds_is_that_of_its_picture(void **state)
{
    (void)state;
    struct asset *made = make_asset();
    made->plan->timescale = 24 * FRAME;
    scoped(asset) const struct asset *a = made;
    for (int64_t i = 0; i + 1 < FRAMES; i++) {
        int64_t start_us = scale_round(i, 1000000, 24);
        int64_t end_us = scale_round(i + 1, 1000000, 24);
        scoped(timeline) struct timeline *t = timeline_new();
        assert_int_equal(timeline_add(t, a, start_us, end_us, SNAP_FRAME), OK);
        assert_int_equal(t->clip[0].from, i * FRAME);
        assert_int_equal(t->clip[0].to, (i + 1) * FRAME);
    }
}

static void no_more_clips_than_the_limit(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_asset();
    scoped(timeline) struct timeline *t = timeline_new();
    for (int i = 0; i < TIMELINE_CLIPS_MAX; i++)
        assert_int_equal(timeline_add(t, a, 0, 1000000, SNAP_FRAME), OK);
    assert_int_equal(timeline_add(t, a, 0, 1000000, SNAP_FRAME), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_asset_is_a_timeline_of_its_own_segments),
        cmocka_unit_test(whole_segments_inside_a_clip_are_the_assets_own),
        cmocka_unit_test(short_heads_and_tails_join_their_neighbours),
        cmocka_unit_test(a_clip_inside_one_gop_is_one_edge),
        cmocka_unit_test(pictures_are_those_inside_the_half_open_range),
        cmocka_unit_test(an_end_past_the_end_is_cut_to_it),
        cmocka_unit_test(ranges_without_a_picture_are_refused),
        cmocka_unit_test(key_frame_snapping_needs_no_edge),
        cmocka_unit_test(numbers_run_on_over_all_clips),
        cmocka_unit_test(a_time_told_in_microseconds_is_that_of_its_picture),
        cmocka_unit_test(no_more_clips_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
