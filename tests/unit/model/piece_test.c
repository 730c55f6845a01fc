// SPDX-License-Identifier: MIT
// piece_test.c - pieces of assets, clips and stand-ins: borders and names.
#include "reeld/model/piece.h"

#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"
#include "unit.h"

enum { SCALE = 25000, FRAME = 1000, FRAMES = 500 }; // 20 s at 25 fps

static const struct plan_wish wish = {
    .segment_us = 4000000,
    .segment_max_us = 6000000,
    .gop_us = 2000000,
    .bootstraps = 2,
    .bootstrap_us = {2000000, 2000000},
};

static void succeed(enum err e)
{
    assert_int_equal(e, OK);
}

static void lay_pictures(struct plan *p)
{
    struct plan_frame *frames = NEW_ARRAY(FRAMES, struct plan_frame);
    for (int i = 0; i < FRAMES; i++)
        frames[i] = (struct plan_frame){.ticks = i * FRAME,
                                        .dts = i,
                                        .is_shown = true,
                                        .is_entry = i % 25 == 0,
                                        .is_idr = i % 25 == 0};
    succeed(plan_lay_video(p, &wish, frames, FRAMES, FRAMES * FRAME, true));
    free(frames);
}

static const struct rendition rung = {
    .name = "720p",
    .audio = -1,
    .timescale = SCALE,
    .width = 1280,
    .height = 720,
    .recipe = {.kind = TRACK_VIDEO,
               .mode = RECIPE_ENCODE,
               .sizes = 1,
               .size = {{1280, 720}},
               .frame_rate_cap = {60, 1},
               .frame_rate = {25, 1},
               .crf = 23,
               .cap_bps = 2700000,
               .level = 31,
               .preset = "veryfast"},
};

// Segments at 0 2 4 8 12 16 s of 20 s, GOPs of 2 s: a rung, copied pictures,
// stereo sound at 44.1 kHz.
static struct asset *make_film(void)
{
    struct asset *a = asset_new();
    a->state = ASSET_READY;
    a->kind = ASSET_VIDEO;
    a->tracks = 2;
    a->plan = NEW(struct plan);
    a->plan->timescale = SCALE;
    a->plan->source_timebase = (struct rational){1, SCALE};
    lay_pictures(a->plan);
    a->plan->audios = 1;
    a->plan->audio[0] =
        (struct plan_audio){.track = 1, .rate = 44100, .packets = 862};
    a->renditions = 3;
    a->rendition[0] = rung;
    a->rendition[1] = rung;
    memcpy(a->rendition[1].name, "source", 7);
    a->rendition[1].recipe.mode = RECIPE_COPY;
    a->rendition[1].recipe.sizes = 0; // nobody makes its edges
    a->rendition[2] = (struct rendition){
        .name = "audio-128k",
        .track = 1,
        .audio = 0,
        .timescale = 44100,
        .recipe = {.kind = TRACK_AUDIO,
                   .mode = RECIPE_ENCODE,
                   .stream = 1,
                   .sample_rate = 44100,
                   .channels = 2,
                   .bitrate = 128000},
    };
    for (uint32_t r = 0; r < a->renditions; r++)
        a->recipe[r] = recipe_hash(&a->rendition[r].recipe, "build");
    return a;
}

// 30 s of sound alone at 48 kHz.
static const struct asset *make_song(void)
{
    struct asset *a = asset_new();
    a->state = ASSET_READY;
    a->tracks = 1;
    a->plan = NEW(struct plan);
    a->plan->timescale = 48000;
    a->plan->video_track = -1;
    a->plan->source_timebase = (struct rational){1, 48000};
    a->plan->audios = 1;
    a->plan->audio[0] = (struct plan_audio){.rate = 48000};
    succeed(plan_lay_audio(a->plan, &wish, INT64_C(30) * 48000));
    a->plan->audio[0].packets = 1407;
    a->renditions = 1;
    a->rendition[0] = (struct rendition){
        .name = "audio-128k",
        .timescale = 48000,
        .recipe = {.kind = TRACK_AUDIO,
                   .mode = RECIPE_ENCODE,
                   .sample_rate = 48000,
                   .channels = 2,
                   .bitrate = 128000},
    };
    a->recipe[0] = recipe_hash(&a->rendition[0].recipe, "build");
    return a;
}

static struct timeline *clip_of(const struct asset *a, int64_t from_ms,
                                int64_t to_ms)
{
    struct timeline *t = timeline_new();
    succeed(timeline_add(t, a, from_ms * 1000, to_ms * 1000, SNAP_FRAME));
    return t;
}

static void an_assets_pieces_are_named_as_ever(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    for (uint32_t r = 0; r < a->renditions; r++)
        for (enum piece_kind kind = 0; kind < PIECE_EDGE; kind++) {
            struct digest key;
            enum err had = asset_piece_key(a, r, kind, 2, &key);
            scoped(piece) struct piece p = {0};
            assert_int_equal(piece_of_asset(a, r, kind, 2, &p), had);
            if (had != OK)
                continue;
            assert_true(digest_eq(&p.key, &key));
            assert_false(p.is_edge);
            assert_int_equal(piece_fact_kind(&p), kind);
        }
}

static void a_piece_lasts_as_long_as_its_range(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    static const struct {
        uint32_t r;
        enum piece_kind kind;
        int64_t us;
    } cases[] = {
        {0, PIECE_INIT,    0      },
        {0, PIECE_SEGMENT, 4000000},
        {0, PIECE_TS,      4000000},
        {0, PIECE_IFRAME,  2000000},
        {2, PIECE_SEGMENT, 4000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(piece) struct piece p = {0};
        succeed(piece_of_asset(a, cases[i].r, cases[i].kind, 3, &p));
        assert_int_equal(piece_duration_us(&p), cases[i].us);
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2500, 13500);
    struct piece p;
    assert_int_equal(piece_of_asset(a, 3, PIECE_INIT, 0, &p), ERR_NOT_FOUND);
    assert_int_equal(piece_of_asset(a, 0, PIECE_SEGMENT, 6, &p), ERR_NOT_FOUND);
    assert_int_equal(piece_of_asset(a, 0, PIECE_EDGE, 0, &p), ERR_NOT_FOUND);
    uint32_t end = t->clip[0].segments;
    assert_int_equal(piece_of_clip(t->clip, 0, PIECE_SEGMENT, end, &p),
                     ERR_NOT_FOUND);
    assert_int_equal(piece_of_clip(t->clip, 0, PIECE_EDGE, 0, &p),
                     ERR_NOT_FOUND);
    assert_int_equal(piece_of_clip(t->clip, 2, PIECE_IFRAME, 0, &p),
                     ERR_NOT_FOUND);
    assert_int_equal(piece_of_clip(t->clip, 1, PIECE_SEGMENT, 0, &p),
                     ERR_UNSUPPORTED);
    assert_int_equal(piece_of_clip(t->clip, 1, PIECE_IFRAME, 0, &p),
                     ERR_UNSUPPORTED);
}

static void inside_a_clip_pieces_are_the_assets_own(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    for (uint32_t r = 0; r < a->renditions; r++)
        for (enum piece_kind kind = 0; kind < PIECE_EDGE; kind++) {
            if (kind == PIECE_IFRAME || (kind == PIECE_TS && r == 2))
                continue;
            // Segment 1 of the clip is segment 2 of the asset.
            scoped(piece) struct piece own = {0}, laid = {0};
            succeed(piece_of_asset(a, r, kind, 2, &own));
            succeed(piece_of_clip(t->clip, r, kind, 1, &laid));
            assert_true(digest_eq(&own.key, &laid.key));
            assert_false(laid.is_edge);
        }
}

static void an_edge_differs_in_its_borders_alone(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    scoped(piece) struct piece head = {0}, own = {0}, header = {0}, init = {0};
    succeed(piece_of_clip(t->clip, 0, PIECE_SEGMENT, 0, &head));
    succeed(piece_of_asset(a, 0, PIECE_SEGMENT, 1, &own));
    assert_true(head.is_edge);
    assert_int_equal(piece_fact_kind(&head), PIECE_EDGE);
    assert_int_equal(head.number, 1);
    assert_int_equal(head.from, 62 * FRAME);
    assert_int_equal(head.to, 100 * FRAME);
    assert_false(digest_eq(&head.key, &own.key));
    assert_true(digest_eq(&head.recipe, &own.recipe));
    // And plays behind the same header.
    piece_header(&head, &header);
    succeed(piece_of_clip(t->clip, 0, PIECE_INIT, 0, &init));
    assert_true(digest_eq(&header.key, &init.key));
}

// What is cut out of the copied rendition is the very piece of the rung.
static void edges_of_copied_pictures_are_encoded(void **state)
{
    (void)state;
    struct asset *a = make_film();
    a->rendition[1].recipe = rung.recipe;
    a->rendition[1].recipe.mode = RECIPE_COPY;
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    for (enum piece_kind kind = PIECE_SEGMENT; kind < PIECE_EDGE; kind++) {
        scoped(piece) struct piece edge = {0}, same = {0};
        succeed(piece_of_clip(t->clip, 1, kind, 0, &edge));
        succeed(piece_of_clip(t->clip, 0, kind, 0, &same));
        assert_true(digest_eq(&edge.key, &same.key));
        assert_string_equal(piece_rendition(&edge)->name, "720p");
    }
    // Behind it the packets of the source go on, as in the asset by itself.
    scoped(piece) struct piece edge = {0}, next = {0}, own = {0}, header = {0};
    scoped(piece) struct piece init = {0};
    succeed(piece_of_clip(t->clip, 1, PIECE_SEGMENT, 0, &edge));
    succeed(piece_next(&edge, &next));
    succeed(piece_of_asset(a, 1, PIECE_SEGMENT, 2, &own));
    assert_true(digest_eq(&next.key, &own.key));
    // One INIT for both; MPEG-TS of an edge has that of the rung alone.
    succeed(piece_of_clip(t->clip, 1, PIECE_INIT, 0, &init));
    assert_string_equal(piece_rendition(&init)->name, "source");
    piece_header(&edge, &header);
    assert_string_equal(piece_rendition(&header)->name, "720p");
    asset_unref(a);
}

static void equal_cuts_share_their_edges(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    scoped(timeline) struct timeline *other = clip_of(a, 2480, 20000);
    scoped(piece) struct piece one = {0}, two = {0};
    succeed(piece_of_clip(t->clip, 0, PIECE_SEGMENT, 0, &one));
    succeed(piece_of_clip(other->clip, 0, PIECE_SEGMENT, 0, &two));
    assert_true(digest_eq(&one.key, &two.key));
}

static void an_i_frame_of_a_clip_stands_for_its_segment(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2000, 13000);
    scoped(piece) struct piece first = {0}, own = {0}, second = {0};
    // One GOP: the asset's own.
    succeed(piece_of_clip(t->clip, 0, PIECE_IFRAME, 0, &first));
    succeed(piece_of_asset(a, 0, PIECE_IFRAME, 1, &own));
    assert_true(digest_eq(&first.key, &own.key));
    succeed(piece_of_clip(t->clip, 0, PIECE_IFRAME, 1, &second));
    assert_true(second.is_edge);
    assert_int_equal(second.borders, 2);
    assert_int_equal(piece_duration_us(&second), 4000000);
}

static void pieces_follow_each_other_to_the_end(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    static const enum piece_kind kinds[] = {PIECE_SEGMENT, PIECE_TS};
    for (int k = 0; k < 2; k++) {
        struct piece at, next, want;
        succeed(piece_of_clip(t->clip, 0, kinds[k], 0, &at));
        for (uint32_t s = 1; s < t->segments; s++) {
            succeed(piece_next(&at, &next));
            succeed(piece_of_clip(t->clip, 0, kinds[k], s, &want));
            assert_true(digest_eq(&next.key, &want.key));
            assert_int_equal(next.from, at.to);
            piece_done(&want);
            piece_done(&at);
            at = next;
        }
        assert_int_equal(piece_next(&at, &next), ERR_NOT_FOUND);
        piece_done(&at);
    }
    struct piece last, next;
    succeed(piece_of_asset(a, 0, PIECE_SEGMENT, 4, &last));
    succeed(piece_next(&last, &next));
    assert_int_equal(next.number, 5);
    piece_done(&last);
    assert_int_equal(piece_next(&next, &last), ERR_NOT_FOUND);
    piece_done(&next);
}

static void a_ts_has_the_parts_that_it_is_made_of(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    scoped(piece) struct piece ts = {0}, video = {0}, sound = {0}, copy = {0};
    succeed(piece_of_clip(t->clip, 0, PIECE_TS, 0, &ts));
    succeed(piece_of_clip(t->clip, 0, PIECE_SEGMENT, 0, &video));
    succeed(piece_of_clip(t->clip, 2, PIECE_SEGMENT, 0, &sound));
    assert_true(ts.is_edge);
    assert_true(digest_eq(&ts.video->key, &video.key));
    assert_true(digest_eq(&ts.sound->key, &sound.key));
    piece_copy(&ts, &copy);
    assert_true(digest_eq(&copy.sound->key, &sound.key));
    assert_ptr_not_equal(copy.sound, ts.sound);
    struct piece p;
    assert_int_equal(piece_of_parts(NULL, NULL, &p), ERR_NOT_FOUND);
    assert_int_equal(piece_of_parts(&ts, NULL, &p), ERR_NOT_FOUND);
    scoped(piece) struct piece later = {0};
    succeed(piece_of_clip(t->clip, 2, PIECE_SEGMENT, 1, &later));
    assert_int_equal(piece_of_parts(&video, &later, &p), ERR_NOT_FOUND);
}

static void sound_of_a_stream_is_laid_on_its_own_grid(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    struct rendition sound = stand_in_sound(a, 128000);
    succeed(recipe_check(&sound.recipe));
    assert_int_equal(sound.recipe.stream, 1);
    assert_int_equal(rendition_grid(a, &sound).packets, 938); // ceil(20 s)
    scoped(piece) struct piece p = {0}, whole = {0}, next = {0}, header = {0};
    succeed(piece_of_other(t->clip, &sound, PIECE_SEGMENT, 0, &p));
    assert_int_equal(p.border[0], 116); // floor(2.48 * 48000 / 1024)
    assert_int_equal(p.border[1], 187); // floor(4 * 48000 / 1024)
    assert_int_equal(piece_rendition(&p)->timescale, 48000);
    succeed(piece_of_other(t->clip, &sound, PIECE_SEGMENT, 1, &whole));
    assert_true(whole.is_edge);
    succeed(piece_next(&p, &next));
    assert_true(digest_eq(&next.key, &whole.key));
    piece_header(&p, &header);
    scoped(piece) struct piece init = {0};
    succeed(piece_of_other(t->clip, &sound, PIECE_INIT, 0, &init));
    assert_true(digest_eq(&header.key, &init.key));
    assert_int_equal(piece_fact_kind(&init), PIECE_INIT);
}

// What an encoder makes has another name when the encoder is another one.
static void a_stand_in_depends_on_the_libraries(void **state)
{
    (void)state;
    struct asset *a = make_film();
    scoped(asset) const struct asset *held = a;
    struct rendition encoded = a->rendition[2];
    a->rendition[2].recipe.mode = RECIPE_COPY; // and no sound is encoded
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    struct rendition sound = stand_in_sound(a, 128000);
    scoped(piece) struct piece old = {0}, new = {0}, kind = {0};
    succeed(piece_of_other(t->clip, &sound, PIECE_SEGMENT, 0, &old));
    assert_int_equal(old.rendition, 0);
    a->recipe[0] = recipe_hash(&a->rendition[0].recipe, "another build");
    succeed(piece_of_other(t->clip, &sound, PIECE_SEGMENT, 0, &new));
    assert_false(digest_eq(&old.key, &new.key));
    a->rendition[2] = encoded;
    succeed(piece_of_other(t->clip, &sound, PIECE_SEGMENT, 0, &kind));
    assert_int_equal(kind.rendition, 2);
}

static void sound_that_an_asset_has_already_is_its_own(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_song();
    scoped(timeline) struct timeline *t = timeline_of_asset(a);
    struct rendition sound = stand_in_sound(a, 128000);
    scoped(piece) struct piece p = {0}, own = {0};
    succeed(piece_of_other(t->clip, &sound, PIECE_SEGMENT, 1, &p));
    succeed(piece_of_asset(a, 0, PIECE_SEGMENT, 1, &own));
    assert_true(digest_eq(&p.key, &own.key));
    assert_null(p.other);
}

static void an_asset_without_sound_gives_silence(void **state)
{
    (void)state;
    struct asset *a = make_film();
    scoped(asset) const struct asset *held = a;
    a->renditions = 2;
    a->plan->audios = 0;
    scoped(timeline) struct timeline *t = clip_of(a, 2480, 13520);
    struct rendition silence = stand_in_sound(a, 128000);
    succeed(recipe_check(&silence.recipe));
    assert_int_equal(silence.recipe.stream, -1);
    scoped(piece) struct piece p = {0}, video = {0}, ts = {0};
    succeed(piece_of_other(t->clip, &silence, PIECE_SEGMENT, 0, &p));
    succeed(piece_of_clip(t->clip, 0, PIECE_SEGMENT, 0, &video));
    succeed(piece_of_parts(&video, &p, &ts));
    assert_non_null(ts.sound->other);
}

static void an_asset_without_pictures_gives_black_ones(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_song();
    scoped(timeline) struct timeline *t = clip_of(a, 1000, 11000);
    struct rendition black = stand_in_black(a, &rung);
    succeed(recipe_check(&black.recipe));
    assert_int_equal(black.recipe.stream, -1);
    assert_int_equal(black.width, 1280);
    assert_string_equal(black.codecs, "avc1.64001F");
    scoped(piece) struct piece p = {0}, iframe = {0}, own = {0};
    succeed(piece_of_other(t->clip, &black, PIECE_SEGMENT, 0, &p));
    assert_int_equal(p.border[0], t->clip->from);
    assert_int_equal(p.border[p.borders - 1], t->clip->border[1]);
    succeed(piece_of_other(t->clip, &black, PIECE_IFRAME, 0, &iframe));
    assert_int_equal(iframe.borders, 2);
    succeed(piece_of_clip(t->clip, 0, PIECE_SEGMENT, 0, &own));
    assert_false(digest_eq(&own.key, &p.key));
}

static void ranges_are_taken_by_their_ticks_too(void **state)
{
    (void)state;
    scoped(asset) const struct asset *a = make_film();
    scoped(timeline) struct timeline *t = timeline_new();
    succeed(timeline_add_ticks(t, a, 62 * FRAME, 338 * FRAME));
    succeed(timeline_add_ticks(t, a, 0, FRAMES * FRAME));
    scoped(timeline) struct timeline *same = clip_of(a, 2480, 13520);
    assert_int_equal(t->clip[0].segments, same->segments);
    assert_int_equal(t->clip[0].to, same->clip[0].to);
    static const int64_t bad[][2] = {
        {1,              338 * FRAME         },
        {62 * FRAME,     338 * FRAME + 1     },
        {62 * FRAME,     62 * FRAME          },
        {338 * FRAME,    62 * FRAME          },
        {-FRAME,         62 * FRAME          },
        {0,              (FRAMES + 1) * FRAME},
        {FRAMES * FRAME, (FRAMES + 1) * FRAME},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(timeline_add_ticks(t, a, bad[i][0], bad[i][1]),
                         ERR_BAD_INPUT);
    assert_int_equal(t->clips, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assets_pieces_are_named_as_ever),
        cmocka_unit_test(a_piece_lasts_as_long_as_its_range),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(inside_a_clip_pieces_are_the_assets_own),
        cmocka_unit_test(an_edge_differs_in_its_borders_alone),
        cmocka_unit_test(edges_of_copied_pictures_are_encoded),
        cmocka_unit_test(equal_cuts_share_their_edges),
        cmocka_unit_test(an_i_frame_of_a_clip_stands_for_its_segment),
        cmocka_unit_test(pieces_follow_each_other_to_the_end),
        cmocka_unit_test(a_ts_has_the_parts_that_it_is_made_of),
        cmocka_unit_test(sound_of_a_stream_is_laid_on_its_own_grid),
        cmocka_unit_test(a_stand_in_depends_on_the_libraries),
        cmocka_unit_test(sound_that_an_asset_has_already_is_its_own),
        cmocka_unit_test(an_asset_without_sound_gives_silence),
        cmocka_unit_test(an_asset_without_pictures_gives_black_ones),
        cmocka_unit_test(ranges_are_taken_by_their_ticks_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
