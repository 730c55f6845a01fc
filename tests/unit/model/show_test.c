// SPDX-License-Identifier: MIT
// show_test.c - what timelines offer, and what serves it.
#include "reeld/model/show.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"
#include "unit.h"

enum { SCALE = 25000, FRAME = 1000, FRAMES = 500 }; // 20 s at 25 fps

static const struct plan_wish wish = {
    .segment_us = 4000000,
    .segment_max_us = 6000000,
    .gop_us = 2000000,
};

static const struct ladder_wish *ladder(void)
{
    static struct ladder_wish ladder = {
        .preset = "veryfast",
        .copy_source = true,
        .audio_bps = {128000, 64000},
        .audios = 2
    };
    if (ladder.rungs == 0)
        assert_int_equal(
            ladder_parse_rungs(STR("720p:2700k 480p:1300k 240p:400k"), &ladder),
            OK);
    return &ladder;
}

static void lay_pictures(struct asset *a, bool may_copy)
{
    struct plan_frame frame[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        frame[i] = (struct plan_frame){.ticks = (int64_t)i * FRAME,
                                       .is_shown = true,
                                       .is_entry = i % 50 == 0,
                                       .is_idr = i % 50 == 0};
    assert_int_equal(plan_lay_video(a->plan, &wish, frame, FRAMES,
                                    (int64_t)FRAMES * FRAME, may_copy),
                     OK);
}

// READY, of the given height (0: no pictures) and so many tracks of sound.
static struct asset *make_of(int32_t height, uint32_t sounds, bool takes_edges)
{
    struct asset *a = asset_new();
    a->id = id_new(height ? "m" : "a");
    a->state = ASSET_READY;
    a->plan = NEW(struct plan);
    a->plan->timescale = height ? SCALE : 48000;
    a->plan->source_timebase = (struct rational){1, a->plan->timescale};
    a->plan->video_track = height ? 0 : -1;
    a->plan->audios = sounds;
    a->plan->takes_edges = takes_edges;
    if (height)
        a->track[a->tracks++] = (struct track){
            .kind = TRACK_VIDEO,
            .codec = "h264",
            .codecs = "avc1.640028",
            .coded_width = height * 16 / 9,
            .coded_height = height,
            .sample_aspect = {1,  1},
            .frame_rate = {25, 1}
        };
    for (uint32_t i = 0; i < sounds; i++) {
        a->plan->audio[i] = (struct plan_audio){
            .track = (int32_t)a->tracks, .rate = 48000, .packets = 938};
        a->track[a->tracks++] = (struct track){
            .kind = TRACK_AUDIO, .channels = 2, .sample_rate = 48000};
    }
    if (height)
        lay_pictures(a, true);
    else
        assert_int_equal(plan_lay_audio(a->plan, &wish, INT64_C(20) * 48000),
                         OK);
    assert_int_equal(ladder_build(ladder(), a->track, a->tracks, a->plan,
                                  2000000, a->rendition, &a->renditions),
                     OK);
    return a;
}

static struct asset *make(int32_t height, uint32_t sounds)
{
    return make_of(height, sounds, false);
}

static void add(struct timeline *t, const struct asset *a, int start_ms,
                int end_ms)
{
    assert_int_equal(timeline_add(t, a, start_ms * INT64_C(1000),
                                  end_ms * INT64_C(1000), SNAP_FRAME),
                     OK);
}

static struct show *show_of(const struct timeline *t)
{
    struct show *s = NULL;
    assert_int_equal(show_of_timeline(t, &s), OK);
    return s;
}

// Names of all rungs, "source 480p ...", and how many are of pictures.
static void assert_rungs(const struct show *s, uint32_t videos,
                         const char *names)
{
    char text[256] = "";
    for (uint32_t i = 0; i < s->rungs; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "",
                 s->rung[i].name);
        assert_int_equal(s->rung[i].is_audio, i >= videos);
        assert_int_equal(show_find(s, str_of(s->rung[i].name)), i);
    }
    assert_string_equal(text, names);
    assert_int_equal(s->videos, videos);
    assert_int_equal(show_find(s, STR("1080p")), -1);
}

static const char *server_name(const struct show *s, uint32_t asset,
                               uint32_t rung)
{
    return show_server(s, asset, rung)->rendition->name;
}

static void an_asset_offers_what_it_has(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make(720, 2);
    scoped(show) struct show *s = show_of_asset(a);
    assert_true(s->is_asset);
    assert_rungs(s, 3, "source 480p 240p audio-128k audio-64k audio-2-128k");
    for (uint32_t i = 0; i < s->rungs; i++)
        assert_ptr_equal(show_server(s, 0, i)->rendition, &a->rendition[i]);
    assert_int_equal(s->rung[4].track, 0);
    assert_int_equal(s->rung[5].track, 1);
    assert_true(show_has_ts(s, 0));
    assert_false(show_has_ts(s, 3));
}

static int64_t off_two_megabits(const struct show *s, uint32_t rung)
{
    int64_t off = show_server(s, 0, rung)->rendition->declared_bps - 2000000;
    return off < 0 ? -off : off;
}

static void players_begin_near_two_megabits(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make(720, 1);
    scoped(show) struct show *s = show_of_asset(a);
    uint32_t first = show_first_video(s);
    assert_true(first < s->videos);
    for (uint32_t i = 0; i < s->videos; i++)
        assert_true(off_two_megabits(s, first) <= off_two_megabits(s, i));
}

static void whole_clips_keep_the_copied_rung(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make(720, 1);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, a, 4000, 12000);
    add(t, a, 0, 4000);
    scoped(show) struct show *s = show_of(t);
    assert_false(s->is_asset);
    assert_int_equal(s->assets, 1);
    assert_rungs(s, 3, "source 480p 240p audio-128k audio-64k");
}

static void a_cut_brings_the_standby_in(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make(720, 1);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, a, 4000, 12000);
    add(t, a, 0, 4040);
    scoped(show) struct show *s = show_of(t);
    assert_rungs(s, 3, "720p 480p 240p audio-128k audio-64k");
    int32_t own = show_server(s, 0, 0)->own;
    assert_true(a->rendition[own].is_standby);
}

static void a_cut_leaves_the_copied_rung_whose_edges_are_made(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_of(720, 1, true);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, a, 4000, 12000);
    add(t, a, 0, 4040);
    scoped(show) struct show *s = show_of(t);
    assert_rungs(s, 3, "source 480p 240p audio-128k audio-64k");
    assert_int_equal(show_server(s, 0, 0)->own, 0);
}

static void what_cannot_be_cut_is_named(void **state)
{
    (void)state;
    struct asset *a = make(720, 1);
    a->rendition[1] = a->rendition[3]; // sound; the copied rung alone is left
    a->renditions = 2;
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, a, 1000, 4000);
    struct show *s = NULL;
    assert_int_equal(show_of_timeline(t, &s), ERR_UNSUPPORTED);
    assert_null(s);
    assert_non_null(strstr(fail_text(), a->id.text));
    scoped(asset) const struct asset *song = make(0, 1);
    scoped(timeline) struct timeline *mixed = timeline_new();
    add(mixed, song, 0, 4000);
    add(mixed, a, 0, 4000);
    assert_int_equal(show_of_timeline(mixed, &s), ERR_UNSUPPORTED);
    asset_unref(a);
}

static void unlike_assets_share_the_rungs_of_the_largest(void **state)
{
    (void)state;
    scoped(asset) const struct asset *small = make(480, 0);
    scoped(asset) const struct asset *film = make(1080, 2);
    scoped(asset) const struct asset *song = make(0, 1);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, small, 0, 4000);
    add(t, film, 1000, 9000);
    add(t, song, 0, 20000);
    add(t, small, 8000, 9000);
    scoped(show) struct show *s = show_of(t);
    assert_rungs(s, 3, "720p 480p 240p audio-128k audio-64k");
    assert_int_equal(s->assets, 3);
    assert_ptr_equal(s->asset[0], small);
    assert_ptr_equal(s->asset[2], song);
    static const uint32_t clip_asset[] = {0, 1, 2, 0}, first_clip[] = {0, 1, 2};
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(show_clip_asset(s, i), clip_asset[i]);
    assert_memory_equal(s->first_clip, first_clip, sizeof first_clip);

    assert_string_equal(server_name(s, 0, 0), "480p");
    assert_string_equal(server_name(s, 0, 1), "480p");
    assert_string_equal(server_name(s, 0, 2), "240p");
    assert_string_equal(server_name(s, 1, 0), "720p");
    const struct show_server *black = show_server(s, 2, 0);
    assert_int_equal(black->own, -1);
    assert_int_equal(black->rendition->recipe.stream, -1);
    assert_int_equal(black->rendition->height, 720);
    const struct show_server *silence = show_server(s, 0, 3);
    assert_int_equal(silence->rendition->recipe.stream, -1);
    assert_int_equal(silence->rendition->recipe.bitrate, 128000);
    assert_int_equal(show_server(s, 1, 4)->rendition->recipe.bitrate, 64000);
    assert_true(show_server(s, 1, 3)->rendition->recipe.stream >= 0);
}

static void assets_without_sound_have_none(void **state)
{
    (void)state;
    scoped(asset) const struct asset *one = make(480, 0);
    scoped(asset) const struct asset *two = make(720, 0);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, one, 0, 4000);
    add(t, two, 0, 4000);
    scoped(show) struct show *s = show_of(t);
    assert_rungs(s, 3, "720p 480p 240p");
}

static void songs_alone_have_no_pictures(void **state)
{
    (void)state;
    scoped(asset) const struct asset *one = make(0, 1);
    scoped(asset) const struct asset *two = make(0, 2);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, one, 0, 4000);
    add(t, two, 0, 4000);
    scoped(show) struct show *s = show_of(t);
    assert_rungs(s, 0, "audio-128k audio-64k");
    assert_true(show_has_ts(s, 1));
}

static void pieces_come_from_what_serves_the_rung(void **state)
{
    (void)state;
    scoped(asset) const struct asset *film = make(720, 1);
    scoped(asset) const struct asset *song = make(0, 1);
    scoped(timeline) struct timeline *t = timeline_new();
    add(t, film, 2000, 12000);
    add(t, song, 0, 4000);
    scoped(show) struct show *s = show_of(t);
    scoped(piece) struct piece own = {0}, black = {0}, ts = {0}, init = {0};
    assert_int_equal(show_piece(s, t, 0, 1, PIECE_SEGMENT, 1, &own), OK);
    assert_ptr_equal(own.asset, film);
    assert_false(own.is_edge);
    assert_string_equal(piece_rendition(&own)->name, "480p");
    assert_int_equal(show_piece(s, t, 1, 1, PIECE_SEGMENT, 0, &black), OK);
    assert_ptr_equal(black.asset, song);
    assert_non_null(black.other);
    assert_int_equal(show_piece(s, t, 0, 1, PIECE_TS, 1, &ts), OK);
    assert_true(digest_eq(&ts.video->key, &own.key));
    assert_non_null(ts.sound);
    assert_int_equal(show_piece(s, t, 1, 0, PIECE_INIT, 0, &init), OK);
    assert_int_equal(init.kind, PIECE_INIT);
    struct piece none;
    assert_int_equal(show_piece(s, t, 0, 3, PIECE_TS, 0, &none), ERR_NOT_FOUND);
    assert_int_equal(show_piece(s, t, 0, 3, PIECE_IFRAME, 0, &none),
                     ERR_NOT_FOUND);
    assert_int_equal(show_piece(s, t, 0, 0, PIECE_SEGMENT, 3, &none),
                     ERR_NOT_FOUND);
    assert_int_equal(show_piece(s, t, 2, 0, PIECE_SEGMENT, 0, &none),
                     ERR_NOT_FOUND);
    assert_int_equal(show_piece(s, t, 0, 5, PIECE_SEGMENT, 0, &none),
                     ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_asset_offers_what_it_has),
        cmocka_unit_test(players_begin_near_two_megabits),
        cmocka_unit_test(whole_clips_keep_the_copied_rung),
        cmocka_unit_test(a_cut_brings_the_standby_in),
        cmocka_unit_test(a_cut_leaves_the_copied_rung_whose_edges_are_made),
        cmocka_unit_test(what_cannot_be_cut_is_named),
        cmocka_unit_test(unlike_assets_share_the_rungs_of_the_largest),
        cmocka_unit_test(assets_without_sound_have_none),
        cmocka_unit_test(songs_alone_have_no_pictures),
        cmocka_unit_test(pieces_come_from_what_serves_the_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
