// SPDX-License-Identifier: MIT
// make_frames_test.c - every picture of the source is there once, in time.
#include <string.h>
#include <unistd.h>

#include "media_upload.h"
#include "media_watch.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "unit.h"

enum { PIECE_BYTES_MAX = 64 << 20 };

// A film as a player sees it.
static void watch_film(const struct upload *u, const struct rendition *r,
                       uint32_t from, uint32_t to, struct watched *ret)
{
    scoped(buf) struct buf film;
    make_film(u, r, from, to, &film);
    int fd = file_of(film.bytes, film.len);
    watch(fd, -1, ret);
    fd_close(fd);
    assert_int_equal(ret->errors, 0);
    assert_int_equal(ret->timebase_den, u->plan->timescale);
}

// The media time of a source frame; negative: not shown.
static int64_t expected_ticks(const struct upload *u, int64_t pts)
{
    if (pts < u->plan->first_pts)
        return -1;
    if (pts == u->plan->first_pts)
        return 0;
    return plan_ticks(u->plan, pts);
}

static int distance(int a, int b)
{
    return a < b ? b - a : a - b;
}

static void assert_each_once(const char *name, const char *rung)
{
    struct upload u;
    upload_open(name, &u);
    const struct rendition *r =
        rung ? upload_rendition(&u, rung) : upload_smallest(&u);
    struct watched source, film;
    watch(u.fd, r->recipe.stream, &source);
    watch_film(&u, r, 0, u.plan->segments, &film);
    size_t at = 0;
    for (size_t i = 0; i < source.frames; i++) {
        int64_t ticks = expected_ticks(&u, source.frame[i].pts);
        if (ticks < 0)
            continue;
        assert_true(at < film.frames);
        // libav moves all times so that none is decoded after it is shown.
        int64_t shift = film.frame[0].pts;
        assert_int_equal(film.frame[at].pts - shift, ticks);
        // The same picture: about as bright, BT.601 or BT.709.
        assert_true(distance(film.frame[at].centre, source.frame[i].centre) <=
                    8);
        at++;
    }
    assert_int_equal(at, film.frames);
    watched_done(&source);
    watched_done(&film);
    upload_close(&u);
}

#define EACH_ONCE(test, name, rung)                                            \
    static void test(void **state)                                             \
    {                                                                          \
        (void)state;                                                           \
        assert_each_once(name, rung);                                          \
    }

EACH_ONCE(each_picture_of_h264_is_there_once, "timing/moov-at-end.mp4", NULL)
EACH_ONCE(each_picture_of_fragments_is_there_once, "timing/fragmented-moof.mp4",
          NULL)
EACH_ONCE(each_picture_of_open_gops_is_there_once,
          "timing/open-gop-bpyramid.mp4", NULL)
EACH_ONCE(each_picture_of_hevc_is_there_once, "timing/hevc-open-gop-cra.mp4",
          NULL)
EACH_ONCE(each_picture_of_intra_refresh_is_there_once,
          "timing/intra-refresh-no-idr.mp4", NULL)
EACH_ONCE(each_picture_at_a_variable_rate_is_there_once,
          "timing/vfr-dropped-frames.mp4", NULL)
EACH_ONCE(each_slide_of_one_gop_is_there_once, "timing/one-gop-44s-1fps.mp4",
          NULL)
EACH_ONCE(each_picture_behind_an_edit_list_is_there_once,
          "timing/edit-list-trim-copy.mp4", "240p")
EACH_ONCE(each_picture_after_a_negative_start_is_there_once,
          "timing/negative-start.mp4", NULL)
EACH_ONCE(each_picture_of_interlaced_ts_is_there_once,
          "formats/interlaced-480i2997-mbaff.ts", NULL)
EACH_ONCE(each_picture_of_interlaced_mpeg2_is_there_once,
          "formats/anamorphic-576i25-mpeg2-ac3.mpg", NULL)
EACH_ONCE(each_picture_of_mpeg2_in_ts_is_there_once,
          "formats/mpeg2-1080p24-mp2.ts", NULL)
EACH_ONCE(each_picture_of_vp9_is_there_once, "formats/odd-853x481-vp9.webm",
          NULL)
EACH_ONCE(each_picture_of_ten_bits_is_there_once, "formats/h264-high10.mkv",
          NULL)
EACH_ONCE(each_picture_of_prores_is_there_once, "formats/prores-422-pcm.mov",
          NULL)
EACH_ONCE(the_only_picture_is_there, "timing/one-frame.mp4", NULL)

static void frames_above_the_cap_are_dropped_evenly(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/fps-119.88.mp4", &u);
    struct watched film;
    // 30 a second out of 119.88: every fourth, in each GOP from its first on.
    watch_film(&u, upload_rendition(&u, "240p"), 0, u.plan->segments, &film);
    size_t seconds = (size_t)(plan_duration_us(u.plan) / 1000000);
    assert_in_range(film.frames, seconds * 30 - 1, (seconds + 1) * 30);
    int64_t step = film.frame[1].pts - film.frame[0].pts;
    for (size_t i = 1; i < film.frames; i++)
        assert_true(film.frame[i].pts - film.frame[i - 1].pts <= step);
    watched_done(&film);
    upload_close(&u);
}

static void a_range_in_the_middle_holds_its_own_pictures(void **state)
{
    (void)state;
    struct upload u;
    upload_open("film/tos-1080p2997-qr-cmaf-8s.mp4", &u);
    const struct rendition *r = upload_rendition(&u, "360p");
    struct watched source, film;
    watch(u.fd, r->recipe.stream, &source);
    watch_film(&u, r, 1, 2, &film);
    size_t first = 0;
    while (expected_ticks(&u, source.frame[first].pts) <
           plan_segment_from(u.plan, 1))
        first++;
    size_t end = first;
    while (end < source.frames && expected_ticks(&u, source.frame[end].pts) <
                                      plan_segment_to(u.plan, 1))
        end++;
    assert_int_equal(film.frames, end - first);
    for (size_t i = 0; i < film.frames; i++)
        assert_true(distance(film.frame[i].centre,
                             source.frame[first + i].centre) <= 1);
    watched_done(&source);
    watched_done(&film);
    upload_close(&u);
}

// Copied: the very pictures.
static void assert_copied(const char *name)
{
    struct upload u;
    upload_open(name, &u);
    const struct rendition *r = upload_rendition(&u, "source");
    struct watched source, film;
    watch(u.fd, r->recipe.stream, &source);
    watch_film(&u, r, 0, u.plan->segments, &film);
    size_t at = 0;
    for (size_t i = 0; i < source.frames; i++) {
        if (expected_ticks(&u, source.frame[i].pts) < 0)
            continue;
        assert_true(at < film.frames);
        assert_true(film.frame[at].look == source.frame[i].look);
        assert_int_equal(film.frame[at].pts - film.frame[0].pts,
                         expected_ticks(&u, source.frame[i].pts));
        at++;
    }
    assert_int_equal(at, film.frames);
    watched_done(&source);
    watched_done(&film);
    upload_close(&u);
}

static void copied_pictures_of_mp4_are_the_sources_own(void **state)
{
    (void)state;
    assert_copied("timing/start-offset-10s.mp4");
}

static void copied_pictures_of_matroska_are_the_sources_own(void **state)
{
    (void)state;
    assert_copied("timing/start-offset-1h.mkv");
}

static void copied_pictures_of_ts_are_the_sources_own(void **state)
{
    (void)state;
    assert_copied("timing/plain.ts");
}

static void copied_pictures_of_flv_are_the_sources_own(void **state)
{
    (void)state;
    assert_copied("formats/h264-aac.flv");
}

static void copied_packets_are_the_sources_own_bit_by_bit(void **state)
{
    (void)state;
    struct upload u;
    upload_open("timing/moov-at-end.mp4", &u);
    scoped(buf) struct buf film;
    make_film(&u, upload_rendition(&u, "source"), 0, u.plan->segments, &film);
    int fd = file_of(film.bytes, film.len);
    struct packets_seen source, copied;
    see_packets(u.fd, true, &source);
    see_packets(fd, true, &copied);
    assert_int_equal(source.packets, copied.packets);
    for (size_t i = 0; i < source.packets; i++) {
        assert_int_equal(source.packet[i].size, copied.packet[i].size);
        assert_true(source.packet[i].hash == copied.packet[i].hash);
    }
    packets_done(&source);
    packets_done(&copied);
    fd_close(fd);
    upload_close(&u);
}

// No picture is shown before it is decoded, so that no offset is negative, each
// key picture is decoded when it is shown, where fragments meet, and none lasts
// past the next of these: a browser would believe it.
static void assert_decoding_times(const char *name)
{
    struct upload u;
    upload_open(name, &u);
    const int64_t *border = u.plan->gop_border;
    scoped(buf) struct buf film;
    make_film(&u, upload_smallest(&u), 0, u.plan->segments, &film);
    int fd = file_of(film.bytes, film.len);
    struct packets_seen made;
    see_packets(fd, true, &made);
    assert_true(made.packets > 50);
    size_t keys = 0;
    for (size_t i = 0; i < made.packets; i++) {
        assert_true(i == 0 || made.packet[i].dts > made.packet[i - 1].dts);
        assert_true(made.packet[i].dts <= made.packet[i].pts);
        if (made.packet[i].is_key) {
            assert_int_equal(made.packet[i].dts, border[keys]);
            assert_int_equal(made.packet[i].pts, border[keys]);
            keys++;
        }
        int64_t next = i + 1 < made.packets ? made.packet[i + 1].dts
                                            : border[u.plan->gops];
        assert_true(made.packet[i].pts + next - made.packet[i].dts <=
                    border[keys]);
    }
    assert_int_equal(keys, u.plan->gops);
    packets_done(&made);
    fd_close(fd);
    upload_close(&u);
}

static void decoding_times_rise_and_lie_before_the_pictures(void **state)
{
    (void)state;
    assert_decoding_times("timing/moov-at-end.mp4");
}

static void decoding_times_fit_pictures_at_a_variable_rate(void **state)
{
    (void)state;
    assert_decoding_times("timing/vfr-dropped-frames.mp4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_picture_of_h264_is_there_once),
        cmocka_unit_test(each_picture_of_fragments_is_there_once),
        cmocka_unit_test(each_picture_of_open_gops_is_there_once),
        cmocka_unit_test(each_picture_of_hevc_is_there_once),
        cmocka_unit_test(each_picture_of_intra_refresh_is_there_once),
        cmocka_unit_test(each_picture_at_a_variable_rate_is_there_once),
        cmocka_unit_test(each_slide_of_one_gop_is_there_once),
        cmocka_unit_test(each_picture_behind_an_edit_list_is_there_once),
        cmocka_unit_test(each_picture_after_a_negative_start_is_there_once),
        cmocka_unit_test(each_picture_of_interlaced_ts_is_there_once),
        cmocka_unit_test(each_picture_of_interlaced_mpeg2_is_there_once),
        cmocka_unit_test(each_picture_of_mpeg2_in_ts_is_there_once),
        cmocka_unit_test(each_picture_of_vp9_is_there_once),
        cmocka_unit_test(each_picture_of_ten_bits_is_there_once),
        cmocka_unit_test(each_picture_of_prores_is_there_once),
        cmocka_unit_test(the_only_picture_is_there),
        cmocka_unit_test(frames_above_the_cap_are_dropped_evenly),
        cmocka_unit_test(a_range_in_the_middle_holds_its_own_pictures),
        cmocka_unit_test(copied_pictures_of_mp4_are_the_sources_own),
        cmocka_unit_test(copied_pictures_of_matroska_are_the_sources_own),
        cmocka_unit_test(copied_pictures_of_ts_are_the_sources_own),
        cmocka_unit_test(copied_pictures_of_flv_are_the_sources_own),
        cmocka_unit_test(copied_packets_are_the_sources_own_bit_by_bit),
        cmocka_unit_test(decoding_times_rise_and_lie_before_the_pictures),
        cmocka_unit_test(decoding_times_fit_pictures_at_a_variable_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
