// SPDX-License-Identifier: MIT
// image_test.c - images of assets, clips and lists: times, joins, tiles.
#include <stdio.h>
#include <string.h>

#include "play_sample.h"
#include "reeld/play.h"
#include "unit.h"

enum { TEXT_MAX = 1 << 20 };

static const struct play_show *show_of(const struct asset *a)
{
    const struct play_show *show = NULL;
    assert_int_equal(play_show_of_asset(a, &show), OK);
    return show;
}

// Film from 10 s on, sound, film without sound: 4, 3.008 and 5.005 s, to the
// end of a packet and a picture.
static const struct play_show *three_clips(void)
{
    struct timeline *t = timeline_new();
    assert_int_equal(
        timeline_add(t, sample.film, 10000000, 14000000, SNAP_FRAME), OK);
    assert_int_equal(timeline_add(t, sample.song, 0, 3000000, SNAP_FRAME), OK);
    assert_int_equal(timeline_add(t, sample.mute, 0, 5000000, SNAP_FRAME), OK);
    const struct play_show *show = NULL;
    assert_int_equal(play_show_of_timeline(t, &show), OK);
    return show;
}

static struct piece get(const struct play_show *show, const char *path,
                        int64_t at_us)
{
    struct play_path p;
    struct piece piece;
    assert_int_equal(play_parse(show, str_of(path), false, &p), OK);
    assert_false(p.is_manifest);
    assert_int_equal(p.piece, PIECE_IMAGE);
    if (at_us >= 0)
        p.image.at_us = at_us;
    assert_int_equal(play_piece_of(show, &p, &piece), OK);
    return piece;
}

static void what_is_usual_is_filled_in(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = show_of(sample.film);
    struct play_path p;
    assert_int_equal(play_parse(show, STR("thumbnail.jpg"), false, &p), OK);
    assert_int_equal(p.image.at_us, 12000000); // of 120 s
    assert_int_equal(p.image.width, IMAGE_STILL_WIDTH);
    assert_string_equal(play_content_type(show, &p), "image/jpeg");
    assert_int_equal(play_parse(show, STR("preview.webp"), false, &p), OK);
    assert_int_equal(p.image.form, IMAGE_MOVING);
    assert_int_equal(p.image.duration_us, PLAY_PREVIEW_US);
    assert_string_equal(play_content_type(show, &p), "image/webp");
    assert_int_equal(play_parse(show, STR("storyboard.vtt"), false, &p), OK);
    assert_true(p.is_manifest);
    assert_string_equal(play_content_type(show, &p), "text/vtt");
}

static void no_other_names_are_images(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "thumbnail.png",     "thumbnail.jpg/",
        "preview.jpg",       "storyboard-.jpg",
        "storyboard-00.jpg", "storyboard--1.jpg",
        "storyboard-9.jpg",  "storyboard-0.webp",
        "storyboard-x.jpg",  "storyboard-99999999999.jpg",
    };
    scoped(play_show) const struct play_show *show = show_of(sample.film);
    struct play_path p;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(play_parse(show, str_of(paths[i]), false, &p),
                         ERR_NOT_FOUND);
    scoped(play_show) const struct play_show *song = show_of(sample.song);
    assert_int_equal(play_parse(song, STR("thumbnail.jpg"), false, &p),
                     ERR_NOT_FOUND);
    assert_string_equal(fail_text(), "there are no pictures");
    assert_int_equal(play_parse(song, STR("storyboard.vtt"), false, &p),
                     ERR_NOT_FOUND);
}

static void a_clips_images_are_its_assets(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *film = show_of(sample.film);
    scoped(play_show) const struct play_show *clips = three_clips();
    scoped(piece) struct piece own = get(film, "thumbnail.jpg", 11500000);
    scoped(piece) struct piece same = get(clips, "thumbnail.jpg", 1500000);
    assert_true(digest_eq(&own.key, &same.key));
    scoped(piece) struct piece last = get(clips, "thumbnail.jpg", 3999999);
    scoped(piece) struct piece its = get(film, "thumbnail.jpg", 13999999);
    assert_true(digest_eq(&last.key, &its.key));
    scoped(piece) struct piece third = get(clips, "thumbnail.jpg", 7010000);
    assert_ptr_equal(third.asset, sample.mute);
    assert_int_equal(third.border[0], 0);
}

static void sound_among_pictures_is_black(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *clips = three_clips();
    scoped(piece) struct piece black = get(clips, "thumbnail.jpg", 4000000);
    scoped(piece) struct piece later = get(clips, "thumbnail.jpg", 6000000);
    assert_ptr_equal(black.asset, sample.song);
    assert_int_equal(piece_rendition(&black)->recipe.stream, -1);
    assert_true(digest_eq(&black.key, &later.key));
    assert_int_equal(recipe_check(&piece_rendition(&black)->recipe), OK);
}

static void a_preview_ends_with_its_clip(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *clips = three_clips();
    scoped(piece) struct piece p = get(clips, "preview.webp", 2000000);
    assert_int_equal(p.to - p.from, 2 * 12800); // ticks of the film
    scoped(piece) struct piece whole = get(clips, "preview.webp", 0);
    assert_int_equal(whole.to - whole.from, 3 * 12800);
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static void write_board(const struct play_show *show, const char *base,
                        struct buf *out)
{
    struct play_path p;
    assert_int_equal(play_parse(show, STR("storyboard.vtt"), false, &p), OK);
    buf_init(out, TEXT_MAX);
    assert_int_equal(play_write_manifest(sample.catalog, show, &p, base, out),
                     OK);
}

static void a_storyboard_has_tiles_of_all_its_assets(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *clips = three_clips();
    scoped(buf) struct buf out;
    write_board(clips, "t/1-2/", &out);
    const char *text = (const char *)out.bytes;
    assert_int_equal(strncmp(text, "WEBVTT\n\n00:00:00.000 --> ", 25), 0);
    // 120 s of film fill a sheet; the other one is behind it.
    assert_non_null(strstr(text, "\nt/1-2/storyboard-0.jpg#xywh="));
    assert_non_null(strstr(text, "\n00:00:07.008 --> 00:00:09.008\n"
                                 "t/1-2/storyboard-1.jpg#xywh=0,0,160,120\n"));
    assert_non_null(strstr(text, " --> 00:00:12.013\n"));
    assert_null(strstr(text, "00:00:04.000 --> ")); // nothing of sound
    scoped(piece) struct piece sheet = get(clips, "storyboard-1.jpg", -1);
    assert_ptr_equal(sheet.asset, sample.mute);
}

static void many_clips_have_few_cues(void **state)
{
    (void)state;
    struct timeline *t = timeline_new();
    for (int i = 0; i < 200; i++)
        assert_int_equal(timeline_add(t, sample.film, 0, INT64_MAX, SNAP_FRAME),
                         OK);
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(play_show_of_timeline(t, &show), OK);
    scoped(buf) struct buf out;
    write_board(show, "", &out);
    size_t cues = count_of((const char *)out.bytes, " --> ");
    assert_in_range(cues, 200, 200 + IMAGE_STORYBOARD_TILES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_is_filled_in),
        cmocka_unit_test(no_other_names_are_images),
        cmocka_unit_test(a_clips_images_are_its_assets),
        cmocka_unit_test(sound_among_pictures_is_black),
        cmocka_unit_test(a_preview_ends_with_its_clip),
        cmocka_unit_test(a_storyboard_has_tiles_of_all_its_assets),
        cmocka_unit_test(many_clips_have_few_cues),
    };
    return cmocka_run_group_tests(tests, play_set_up, play_tear_down);
}
