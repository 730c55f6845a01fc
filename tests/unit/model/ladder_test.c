// SPDX-License-Identifier: MIT
// ladder_test.c - which rungs a source gets.
#include "reeld/model/ladder.h"

#include <string.h>

#include "unit.h"

static int64_t gop_border[] = {0, 25600, 51200, 76800};
static uint32_t segment_gop[] = {0, 1, 3};

// 6 s of video at 25 fps in two segments, one stereo track.
static struct plan short_plan(void)
{
    return (struct plan){
        .timescale = 12800,
        .video_track = 0,
        .source_timebase = {1, 12800},
        .gops = 3,
        .gop_border = gop_border,
        .segments = 2,
        .segment_gop = segment_gop,
        .audios = 1,
        .audio = {{.track = 1, .rate = 48000, .packets = 282}},
    };
}

static void set_tracks(struct track t[2], int32_t width, int32_t height)
{
    memset(t, 0, 2 * sizeof *t);
    t[0] = (struct track){
        .kind = TRACK_VIDEO,
        .codec = "h264",
        .codecs = "avc1.640028",
        .is_playable = true,
        .coded_width = width,
        .coded_height = height,
        .sample_aspect = {1,  1},
        .frame_rate = {25, 1},
        .bit_depth = 8,
        .chroma = 420,
    };
    t[1] = (struct track){.stream = 1,
                          .kind = TRACK_AUDIO,
                          .codec = "aac",
                          .is_playable = true,
                          .channels = 6,
                          .sample_rate = 48000};
}

static struct ladder_wish default_wish(void)
{
    struct ladder_wish wish = {
        .preset = "veryfast",
        .copy_source = true,
        .audio_bps = {128000, 64000},
        .audios = 2
    };
    assert_int_equal(
        ladder_parse_rungs(STR("1080p:4800k:60 720p:2700k:60 480p:1300k:30 "
                               "360p:750k:30 240p:400k:30"),
                           &wish),
        OK);
    return wish;
}

static uint32_t build(const struct track *t, const struct plan *p,
                      int64_t peak_bps, struct rendition *r)
{
    struct ladder_wish wish = default_wish();
    uint32_t count = 0;
    assert_int_equal(ladder_build(&wish, t, 2, p, peak_bps, r, &count), OK);
    for (uint32_t i = 0; i < count; i++)
        if (r[i].recipe.mode == RECIPE_ENCODE)
            assert_int_equal(recipe_check(&r[i].recipe), OK);
    return count;
}

static void assert_names(const struct rendition *r, uint32_t count,
                         const char *names)
{
    char all[256] = "";
    for (uint32_t i = 0; i < count; i++) {
        strcat(all, i ? " " : "");
        strcat(all, r[i].name);
    }
    assert_string_equal(all, names);
}

static void a_full_hd_source_gets_all_rungs(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1920, 1080);
    struct plan p = short_plan();
    uint32_t count = build(t, &p, 0, r);
    assert_names(r, count, "1080p 720p 480p 360p 240p audio-128k audio-64k");
    assert_int_equal(r[2].width, 854);
    assert_int_equal(r[2].recipe.sizes, 3);
    assert_int_equal(r[2].recipe.size[0].width, 1920);
    assert_string_equal(r[0].codecs, "avc1.640028");
}

static void a_vertical_source_counts_by_its_short_side(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1280, 720);
    t[0].rotation = 90;
    struct plan p = short_plan();
    uint32_t count = build(t, &p, 0, r);
    assert_names(r, count, "720p 480p 360p 240p audio-128k audio-64k");
    assert_int_equal(r[0].width, 720);
    assert_int_equal(r[0].height, 1280);
    assert_int_equal(r[1].height, 854);
}

static void no_rung_is_above_the_source(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 160, 90);
    struct plan p = short_plan();
    assert_names(r, build(t, &p, 0, r), "90p audio-128k audio-64k");
    set_tracks(t, 1600, 900);
    assert_names(r, build(t, &p, 0, r),
                 "900p 720p 480p 360p 240p audio-128k audio-64k");
    set_tracks(t, 853, 481);
    assert_names(r, build(t, &p, 0, r), "480p 360p 240p audio-128k audio-64k");
    set_tracks(t, 3840, 2160);
    assert_names(r, build(t, &p, 0, r),
                 "1080p 720p 480p 360p 240p audio-128k audio-64k");
}

static void copied_packets_serve_as_the_rung_of_their_size(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1920, 1080);
    struct plan p = short_plan();
    p.is_video_copied = true;
    p.audio[0].is_copied = true;
    t[1].channels = 2;
    assert_names(r, build(t, &p, 5000000, r),
                 "source 720p 480p 360p 240p audio-source audio-64k 1080p");
    // Clips have the rung of that size all the same, made as if alone: the
    // others' pictures do not come through it.
    assert_true(r[7].is_standby);
    assert_int_equal(r[7].recipe.mode, RECIPE_ENCODE);
    assert_int_equal(r[7].height, 1080);
    assert_int_equal(r[7].recipe.sizes, 1);
    assert_int_equal(r[1].recipe.size[0].width, 1280);
    for (int i = 0; i < 7; i++)
        assert_false(r[i].is_standby);
}

static void a_copy_that_takes_edges_says_by_what_they_are_made(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1920, 1080);
    memcpy(t[0].codecs, "avc1.4D4033", 12);
    struct plan p = short_plan();
    p.is_video_copied = true;
    p.takes_edges = true;
    assert_names(r, build(t, &p, 5000000, r),
                 "source 720p 480p 360p 240p audio-128k audio-64k 1080p");
    struct recipe edges = r[7].recipe;
    edges.mode = RECIPE_COPY;
    assert_memory_equal(&r[0].recipe, &edges, sizeof edges);
    assert_int_equal(recipe_check(&r[0].recipe), OK);
    assert_string_equal(r[0].codecs, "avc1.640033"); // High, of its own level
    // A rung that leaves pictures out makes no edges of one that does not.
    t[0].frame_rate = (struct rational){120, 1};
    build(t, &p, 5000000, r);
    assert_int_equal(r[0].recipe.sizes, 0);
    assert_string_equal(r[0].codecs, "avc1.4D4033");
}

static void a_costly_copy_leaves_the_encoded_rung_beside_it(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1920, 1080);
    struct plan p = short_plan();
    p.is_video_copied = true;
    assert_names(r, build(t, &p, 40000000, r),
                 "source 1080p 720p 480p 360p 240p audio-128k audio-64k");
}

static void frame_rates_are_capped_by_whole_divisors(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1920, 1080);
    t[0].frame_rate = (struct rational){60000, 1001};
    struct plan p = short_plan();
    build(t, &p, 0, r);
    assert_int_equal(r[0].frame_rate.num, 60000);
    assert_int_equal(r[2].frame_rate.num, 30000);
    assert_int_equal(r[2].frame_rate.den, 1001);
    t[0].frame_rate = (struct rational){25, 1};
    build(t, &p, 0, r);
    assert_int_equal(r[2].frame_rate.num, 25);
}

static void the_declared_rate_is_an_upper_bound(void **state)
{
    (void)state;
    struct track t[2];
    struct rendition r[RENDITIONS_MAX];
    set_tracks(t, 1920, 1080);
    struct plan p = short_plan();
    build(t, &p, 0, r);
    // 2 s GOPs: the cap and a quarter, and two percent for boxes.
    assert_int_equal(r[0].declared_bps, 6000000 + 120000);
}

static void levels_follow_table_a_1(void **state)
{
    (void)state;
    const struct rational r25 = {25, 1}, r60 = {60, 1};
    assert_int_equal(ladder_level(1920, 1080, r25, 4800000), 40);
    assert_int_equal(ladder_level(1920, 1080, r60, 4800000), 42);
    assert_int_equal(ladder_level(1280, 720, r25, 2700000), 31);
    assert_int_equal(ladder_level(1280, 720, r60, 2700000), 32);
    assert_int_equal(ladder_level(640, 360, r25, 750000), 30);
    assert_int_equal(ladder_level(16, 16, r25, 64000), 10);
}

static void bad_rungs_are_named(void **state)
{
    (void)state;
    struct ladder_wish wish = {0};
    static const char *const bad[] = {
        "",
        "720",
        "720p",
        "720p:2700",
        "721p:2700k",
        "720p:2700k:",
        "720p:2700k:300",
        "480p:1k:30",
        "480p:1300k 720p:2700k",
        "8p:100k",
        "720p:2700k:30:1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ladder_parse_rungs(str_of(bad[i]), &wish),
                         ERR_BAD_INPUT);
        assert_non_null(strstr(fail_text(), "rung"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_hd_source_gets_all_rungs),
        cmocka_unit_test(a_vertical_source_counts_by_its_short_side),
        cmocka_unit_test(no_rung_is_above_the_source),
        cmocka_unit_test(copied_packets_serve_as_the_rung_of_their_size),
        cmocka_unit_test(a_copy_that_takes_edges_says_by_what_they_are_made),
        cmocka_unit_test(a_costly_copy_leaves_the_encoded_rung_beside_it),
        cmocka_unit_test(frame_rates_are_capped_by_whole_divisors),
        cmocka_unit_test(the_declared_rate_is_an_upper_bound),
        cmocka_unit_test(levels_follow_table_a_1),
        cmocka_unit_test(bad_rungs_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
