// SPDX-License-Identifier: MIT
// download_test.c - files of what plays: which parts, when, and their names.
#include <string.h>

#include "play_sample.h"
#include "reeld/base/log.h"
#include "reeld/play.h"
#include "unit.h"

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return play_set_up(state);
}

static enum err ask(struct timeline *t, enum download_container container,
                    const char *rung, const char *build,
                    const struct download **ret)
{
    const struct play_show *show = NULL;
    assert_int_equal(play_show_of_timeline(t, &show), OK);
    const struct download_wish wish = {.container = container,
                                       .rung = str_of(rung),
                                       .mp3_bps = 192000,
                                       .build = build};
    enum err result = play_download(show, &wish, ret);
    play_show_unref(show);
    return result;
}

static const struct download *get(struct timeline *t,
                                  enum download_container container,
                                  const char *rung)
{
    const struct download *d = NULL;
    assert_int_equal(ask(t, container, rung, "one", &d), OK);
    return d;
}

static struct timeline *clip_of(const struct asset *a, int start_ms, int end_ms)
{
    struct timeline *t = timeline_new();
    assert_int_equal(timeline_add(t, a, start_ms * INT64_C(1000),
                                  end_ms * INT64_C(1000), SNAP_FRAME),
                     OK);
    return t;
}

static void the_best_rung_that_serves_the_whole_is_taken(void **state)
{
    (void)state;
    scoped(download) const struct download *whole =
        get(timeline_of_asset(sample.film), DOWNLOAD_MP4, "");
    assert_string_equal(whole->show->rung[whole->video].name, "source");
    scoped(download) const struct download *cut =
        get(clip_of(sample.film, 1010, 9990), DOWNLOAD_MP4, "");
    assert_string_not_equal(cut->show->rung[cut->video].name, "source");
    scoped(download) const struct download *song =
        get(timeline_of_asset(sample.song), DOWNLOAD_MP4, "");
    assert_int_equal(song->video, -1);
    assert_string_equal(play_download_type(song), "audio/mp4");
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    const struct download *d = NULL;
    assert_int_equal(
        ask(timeline_of_asset(sample.mute), DOWNLOAD_MP3, "", "one", &d),
        ERR_NOT_FOUND);
    assert_int_equal(
        ask(timeline_of_asset(sample.film), DOWNLOAD_MP4, "8k", "one", &d),
        ERR_NOT_FOUND);
    assert_non_null(strstr(fail_text(), "source"));
    assert_int_equal(
        ask(timeline_of_asset(sample.film), DOWNLOAD_M4A, "source", "one", &d),
        ERR_NOT_FOUND);
}

// Goes through all parts: inits first, no part before another of its track.
static uint32_t walk(const struct download *d)
{
    struct download_walk at = {0};
    int64_t latest[2] = {0, 0};
    bool has_init[2] = {false, false};
    uint32_t count = 0;
    for (;; count++) {
        scoped(download_part) struct download_part part = {0};
        if (download_next(d, &at, &part) != OK)
            break;
        has_init[part.is_sound] |= part.piece.kind == PIECE_INIT;
        assert_true(has_init[part.is_sound]);
        assert_true(part.at >= latest[part.is_sound]);
        latest[part.is_sound] = part.at;
    }
    assert_int_equal(at.clip, d->timeline->clips);
    return count;
}

static void parts_come_in_the_order_in_which_they_play(void **state)
{
    (void)state;
    struct timeline *t = clip_of(sample.film, 0, 10000);
    assert_int_equal(timeline_add(t, sample.mute, 0, 5000000, SNAP_FRAME), OK);
    assert_int_equal(
        timeline_add(t, sample.mute, 10000000, 15000000, SNAP_FRAME), OK);
    uint32_t segments = t->segments;
    scoped(download) const struct download *d = get(t, DOWNLOAD_MP4, "");
    assert_true(d->is_copied);
    // A segment of each, and the inits of two assets.
    assert_int_equal(walk(d), 2 * segments + 4);
    assert_in_range(walk(d), 1, d->parts);
    // Exact: 10 s at 25 a second, then 10 s of pictures of 1001 / 30000 s.
    assert_int_equal(d->duration_us,
                     scale_round(d->video_ticks, 1000000, d->video_timescale));
    assert_int_equal(d->sound_ticks,
                     scale_round(d->video_ticks, 48000, d->video_timescale));
}

static void names_differ_with_whatever_decides_a_byte(void **state)
{
    (void)state;
    const struct download *d[] = {
        get(timeline_of_asset(sample.film), DOWNLOAD_MP4, ""),
        get(timeline_of_asset(sample.film), DOWNLOAD_MP4, "720p"),
        get(clip_of(sample.film, 0, 60000), DOWNLOAD_MP4, "720p"),
        get(clip_of(sample.film, 40, 60000), DOWNLOAD_MP4, "720p"),
        get(timeline_of_asset(sample.film), DOWNLOAD_M4A, ""),
        get(timeline_of_asset(sample.film), DOWNLOAD_MP3, ""),
        NULL,
    };
    size_t count = sizeof d / sizeof *d;
    assert_int_equal(ask(timeline_of_asset(sample.film), DOWNLOAD_MP3, "",
                         "another", &d[count - 1]),
                     OK);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(digest_eq(&d[i]->key, &d[k]->key));
    scoped(download) const struct download *same =
        get(timeline_of_asset(sample.film), DOWNLOAD_MP4, "720p");
    assert_true(digest_eq(&same->key, &d[1]->key));
    for (size_t i = 0; i < count; i++)
        download_unref(d[i]);
}

static void endings_name_the_container(void **state)
{
    (void)state;
    enum download_container c = DOWNLOAD_CONTAINERS;
    assert_true(play_parse_download(STR("download.m4a"), &c));
    assert_int_equal(c, DOWNLOAD_M4A);
    assert_false(play_parse_download(STR("download."), &c));
    assert_false(play_parse_download(STR("download.mp4x"), &c));
    assert_false(play_parse_download(STR("upload.mp4"), &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_rung_that_serves_the_whole_is_taken),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(parts_come_in_the_order_in_which_they_play),
        cmocka_unit_test(names_differ_with_whatever_decides_a_byte),
        cmocka_unit_test(endings_name_the_container),
    };
    return cmocka_run_group_tests(tests, set_up, play_tear_down);
}
