// SPDX-License-Identifier: MIT
// hls_test.c - playlists, byte for byte and clause by clause.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "package_films.h"
#include "package_golden.h"
#include "reeld/package/hls.h"

enum { TEXT_MAX = 1 << 20 };

static void a_film_has_variants_sound_and_iframes(void **state)
{
    (void)state;
    struct presentation p = film();
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    assert_golden("film.m3u8", &out);
}

static void a_muxed_film_has_no_groups(void **state)
{
    (void)state;
    struct presentation p = film();
    p.is_muxed = true;
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    assert_golden("film-ts.m3u8", &out);
    assert_null(strstr((char *)out.bytes, "EXT-X-MEDIA:"));
    assert_null(strstr((char *)out.bytes, "AUDIO="));
}

static void a_silent_film_has_no_sound(void **state)
{
    (void)state;
    struct presentation p = film();
    p.audios = 0;
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    assert_null(strstr((char *)out.bytes, "mp4a"));
    assert_null(strstr((char *)out.bytes, "AUDIO"));
    assert_non_null(strstr((char *)out.bytes,
                           "BANDWIDTH=1601234,AVERAGE-BANDWIDTH=1203456"
                           ",CODECS=\"avc1.64001F\""));
}

static void sound_alone_lists_its_rates(void **state)
{
    (void)state;
    struct presentation p = song();
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    assert_golden("song.m3u8", &out);
}

static void sound_alone_in_ts_keeps_its_rates(void **state)
{
    (void)state;
    struct presentation p = song();
    p.is_muxed = true;
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    assert_non_null(strstr((char *)out.bytes, "audio-128k/ts.m3u8\n"));
    assert_non_null(strstr((char *)out.bytes, "audio-64k/ts.m3u8\n"));
}

static void sound_alone_in_two_tracks_is_a_group(void **state)
{
    (void)state;
    struct presentation p = film();
    p.videos = 0;
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    // The group's costliest member decides what the variant costs.
    assert_non_null(strstr(
        (char *)out.bytes,
        "#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=130000,CODECS="
        "\"mp4a.40.2\",AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\n"
        "audio-128k/index.m3u8\n"));
    assert_non_null(strstr(
        (char *)out.bytes,
        "#EXT-X-STREAM-INF:BANDWIDTH=67000,AVERAGE-BANDWIDTH=65000,CODECS="
        "\"mp4a.40.2\",CLOSED-CAPTIONS=NONE\naudio-64k/index.m3u8\n"));
}

static void names_of_tracks_are_unique_without_quotes(void **state)
{
    (void)state;
    struct presentation p = film();
    p.audio[0].title = "L''équipe'' (2)";
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
    const char *text = (char *)out.bytes;
    assert_non_null(strstr(text, "NAME=\"L''équipe'' (2)\",LANGUAGE=\"en\""));
    assert_non_null(strstr(text, "NAME=\"L''équipe'\",LANGUAGE=\"fr\""));
    assert_non_null(strstr(text, "NAME=\"L''équipe' (2)\",LANGUAGE=\"fr\""));
}

static void languages_become_bcp_47(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"ger",         "de"         },
        {"deu",         "de"         },
        {"zul",         "zu"         },
        {"aar",         "aa"         },
        {"EN",          "en"         },
        {"pt-BR",       "pt-br"      },
        {"",            "und"        },
        {"und",         "und"        },
        {"haw",         "haw"        },
        {"e",           "und"        },
        {"en_US",       "und"        },
        {"en-",         "und"        },
        {"english",     "und"        },
        {"en-\"x\"",    "und"        },
        {"zh-hant-tw",  "zh-hant-tw" },
        {"en-12345678", "en-12345678"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct presentation p = film();
        p.audios = 1;
        p.audio[0].language = pairs[i][0];
        scoped(buf) struct buf out;
        buf_init(&out, TEXT_MAX);
        assert_int_equal(hls_write_multivariant(&p, "", &out), OK);
        char wanted[64];
        snprintf(wanted, sizeof wanted, ",LANGUAGE=\"%s\",", pairs[i][1]);
        assert_non_null(strstr((char *)out.bytes, wanted));
    }
}

static void a_media_playlist_names_every_segment(void **state)
{
    (void)state;
    struct hls_part part = {.stretch = film_video()};
    memcpy(part.init, "init.mp4", sizeof "init.mp4");
    int64_t longest = stretch_longest(&part.stretch);
    struct hls_media m = {
        .part = &part,
        .parts = 1,
        .prefix = "",
        .suffix = ".m4s",
        .target_seconds = hls_target_seconds(longest, part.stretch.timescale),
    };
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &out), OK);
    assert_golden("film-720p.m3u8", &out);
}

static void a_ts_playlist_has_no_map(void **state)
{
    (void)state;
    struct hls_part part = {.stretch = film_video()};
    struct hls_media m = {.part = &part,
                          .parts = 1,
                          .prefix = "",
                          .suffix = ".ts",
                          .target_seconds = 4};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &out), OK);
    assert_golden("film-720p-ts.m3u8", &out);
}

static void iframes_may_have_holes_in_their_numbers(void **state)
{
    (void)state;
    static const uint32_t number[] = {0, 1, 2, 4, 6, 8};
    struct hls_part part = {.stretch = film_video()};
    part.stretch.number = number;
    memcpy(part.init, "init.mp4", sizeof "init.mp4");
    struct hls_media m = {.part = &part,
                          .parts = 1,
                          .prefix = "i",
                          .suffix = ".m4s",
                          .target_seconds = 4,
                          .is_iframes_only = true};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &out), OK);
    assert_golden("film-source-iframes.m3u8", &out);
}

// Of all EXTINF.
static int64_t sum_us(const struct buf *out)
{
    int64_t sum = 0;
    const char *at = (char *)out->bytes;
    while ((at = strstr(at, "#EXTINF:"))) {
        at += strlen("#EXTINF:");
        char *rest;
        int64_t seconds = strtoll(at, &rest, 10);
        assert_int_equal(*rest, '.');
        sum += seconds * 1000000 + strtoll(rest + 1, &rest, 10);
        assert_int_equal(*rest, ',');
    }
    return sum;
}

static int count(const struct buf *out, const char *part)
{
    int found = 0;
    for (const char *at = (char *)out->bytes; (at = strstr(at, part)); at++)
        found++;
    return found;
}

static void a_list_of_clips_marks_what_does_not_run_on(void **state)
{
    (void)state;
    struct hls_part part[4];
    clip_parts(part, false);
    struct hls_media m = {.part = part,
                          .parts = 4,
                          .prefix = "",
                          .suffix = ".m4s",
                          .target_seconds = 5};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &out), OK);
    assert_golden("clips-720p.m3u8", &out);

    for (int i = 0; i < 4; i++)
        part[i].init[0] = '\0';
    m.suffix = ".ts";
    scoped(buf) struct buf ts;
    buf_init(&ts, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &ts), OK);
    assert_golden("clips-720p-ts.m3u8", &ts);

    m.prefix = "i";
    m.is_iframes_only = true;
    scoped(buf) struct buf iframes;
    buf_init(&iframes, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &iframes), OK);
    assert_int_equal(count(&iframes, "#EXT-X-DISCONTINUITY\n"), 2);
}

// HLS-35, HLS-38: sound keeps to its grid, and its list to that of pictures.
static void lists_of_sound_last_as_long_as_those_of_pictures(void **state)
{
    (void)state;
    struct hls_part video[4], audio[4];
    clip_parts(video, false);
    clip_parts(audio, true);
    struct hls_media m = {
        .part = video, .parts = 4, .prefix = "", .suffix = ".m4s"};
    scoped(buf) struct buf pictures, sound;
    buf_init(&pictures, TEXT_MAX);
    buf_init(&sound, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &pictures), OK);
    m.part = audio;
    assert_int_equal(hls_write_media(&m, &sound), OK);
    assert_int_equal(sum_us(&pictures), 12012000 + 4000000 + 8008000);
    assert_int_equal(sum_us(&sound), sum_us(&pictures));
    assert_int_equal(count(&sound, "#EXT-X-DISCONTINUITY\n"), 2);
    assert_int_equal(count(&sound, "#EXT-X-MAP:"), 3);
    // The second segment begins with the first packet behind its border.
    assert_non_null(strstr((char *)sound.bytes, "#EXTINF:1.004333,\n0.m4s"));
}

// HLS-07: whatever the timescale, no run of segments drifts.
static void durations_add_up_to_the_microsecond(void **state)
{
    (void)state;
    enum { SEGMENTS = 5000 };
    static int64_t border[SEGMENTS + 1];
    for (int64_t k = 0; k <= SEGMENTS; k++)
        border[k] = k * 176128; // 172 packets at 44.1 kHz: 3.99383...
    struct hls_part part = {
        .stretch = {
                    .timescale = 44100, .segments = SEGMENTS, .border = border}
    };
    struct hls_media m = {.part = &part,
                          .parts = 1,
                          .prefix = "",
                          .suffix = ".ts",
                          .target_seconds = 4};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(hls_write_media(&m, &out), OK);
    assert_int_equal(sum_us(&out),
                     scale_round(border[SEGMENTS], 1000000, 44100));
}

static void target_durations_are_rounded(void **state)
{
    (void)state;
    assert_int_equal(hls_target_seconds(4499, 1000), 4);
    assert_int_equal(hls_target_seconds(4500, 1000), 5);
    assert_int_equal(hls_target_seconds(1, 1000), 1);
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    struct hls_part part = {.stretch = film_video()};
    struct hls_media m = {.part = &part,
                          .parts = 1,
                          .prefix = "",
                          .suffix = ".ts",
                          .target_seconds = 4};
    scoped(buf) struct buf out;
    buf_init(&out, 100);
    assert_int_equal(hls_write_media(&m, &out), ERR_TOO_LARGE);
    struct presentation p = film();
    scoped(buf) struct buf other;
    buf_init(&other, 100);
    assert_int_equal(hls_write_multivariant(&p, "", &other), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_has_variants_sound_and_iframes),
        cmocka_unit_test(a_muxed_film_has_no_groups),
        cmocka_unit_test(a_silent_film_has_no_sound),
        cmocka_unit_test(sound_alone_lists_its_rates),
        cmocka_unit_test(sound_alone_in_ts_keeps_its_rates),
        cmocka_unit_test(sound_alone_in_two_tracks_is_a_group),
        cmocka_unit_test(names_of_tracks_are_unique_without_quotes),
        cmocka_unit_test(languages_become_bcp_47),
        cmocka_unit_test(a_media_playlist_names_every_segment),
        cmocka_unit_test(a_ts_playlist_has_no_map),
        cmocka_unit_test(iframes_may_have_holes_in_their_numbers),
        cmocka_unit_test(a_list_of_clips_marks_what_does_not_run_on),
        cmocka_unit_test(lists_of_sound_last_as_long_as_those_of_pictures),
        cmocka_unit_test(durations_add_up_to_the_microsecond),
        cmocka_unit_test(target_durations_are_rounded),
        cmocka_unit_test(a_full_buffer_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
