// SPDX-License-Identifier: MIT
// probe_test.c - what a probe says of odd, broken and hostile files.
#include "media_probed.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

enum { PATH_BYTES = 1024 };

static void assert_refused(const char *code, const char *file,
                           const char *detail)
{
    scoped(probed) struct probed *p = probe(file);
    assert_int_not_equal(p->answer.result, OK);
    assert_string_equal(p->answer.code, code);
    assert_string_equal(p->answer.detail, detail);
    assert_null(p->plan);
}

static void unsupported(const char *file, const char *detail)
{
    assert_refused("unsupported_media", file, detail);
}

static void exceeded(const char *file, const char *detail)
{
    assert_refused("limits_exceeded", file, detail);
}

static void a_refusal_says_what_was_found(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    unsupported("formats/vvc-unsupported.mp4",
                "no video or audio stream could be decoded: found vvc1");
    unsupported("bad/stsd-unknown-codec.mp4",
                "no picture of its video (zzzz) could be decoded");
    unsupported("bad/public/mozilla-1655846.avif",
                "a still image of a kind that is not read (avif)");
    unsupported("bad/empty.mp4", "an empty file");
    unsupported("bad/text.mp4", "not a media file that is known here");
    unsupported("bad/truncated-inside-moov.mp4",
                "the file ends in the middle of its index");
    unsupported("bad/truncated-moov-missing.mp4",
                "the file has no index (moov): perhaps it is cut off, or only "
                "a fragment");
    unsupported("bad/ssrf-hls-loopback.mp4",
                "not an accepted container: found Apple HTTP Live Streaming");
    unsupported(
        "bad/ssrf-ffconcat.mp4",
        "not an accepted container: found Virtual concatenation script");
    exceeded("bad/gif-65535x65535.gif",
             "pictures of 65535x65535 are too large");
    exceeded("bad/stts-delta-7fffffff.mp4",
             "it lasts 174762 s, more than the 43200 s that are allowed");
    exceeded("bad/tracks-302.mp4",
             "more than 32 streams, or an index past all limits");
}

static void a_picture_is_an_image(void **state)
{
    (void)state;
    static const struct {
        const char *file, *codec;
        int32_t width, height, rotation;
    } files[] = {
        {"images/frame-1080p.jpg",        "mjpeg", 1920, 1080, 0 },
        {"images/exif-orientation-6.jpg", "mjpeg", 1920, 1080, 90},
        {"images/frame-240p.png",         "png",   426,  240,  0 },
        {"images/logo-alpha.png",         "png",   200,  80,   0 },
        {"images/frame.webp",             "webp",  854,  480,  0 },
    };
    if (!has_media())
        skip();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        scoped(probed) struct probed *p = probe(files[i].file);
        assert_int_equal(p->answer.result, OK);
        assert_true(p->answer.is_image);
        assert_int_equal(p->answer.tracks, 1);
        const struct track *t = &p->answer.track[0];
        assert_string_equal(t->codec, files[i].codec);
        assert_int_equal(t->coded_width, files[i].width);
        assert_int_equal(t->coded_height, files[i].height);
        assert_int_equal(t->rotation, files[i].rotation);
        assert_int_equal(p->plan->runs, 1);
        assert_int_equal(p->plan->run[0].count, 1);
    }
    scoped(probed) struct probed *film = probe("timing/one-frame.mp4");
    assert_false(film->answer.is_image);
    scoped(probed) struct probed *gif = probe("images/people-walking.gif");
    assert_false(gif->answer.is_image);
}

static void probe_folder(const char *folder)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", media_folder(), folder);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_type != DT_REG)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        probed_free(probe(path));
    }
    closedir(d);
}

static void every_bad_file_ends_in_an_answer(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    probe_folder("bad");
    probe_folder("bad/public");
}

static void a_limit_is_passed_one_step_beyond_it(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    for (int step = 0; step < 2; step++) {
        struct wire_probe how = probed_ask;
        how.limits.max_duration_us = 6000000 - step;
        scoped(probed) struct probed *p =
            probe_how("timing/moov-at-end.mp4", &how);
        assert_int_equal(p->answer.result, step ? ERR_TOO_LARGE : OK);
        how = probed_ask;
        how.limits.max_pixels = 640 * 360 - step;
        scoped(probed) struct probed *q =
            probe_how("timing/moov-at-end.mp4", &how);
        assert_int_equal(q->answer.result, step ? ERR_TOO_LARGE : OK);
        how = probed_ask;
        how.limits.max_frame_rate = 120 - step;
        scoped(probed) struct probed *r =
            probe_how("timing/fps-119.88.mp4", &how);
        assert_int_equal(r->answer.result, step ? ERR_TOO_LARGE : OK);
        how = probed_ask;
        how.limits.max_streams = 6 - step;
        scoped(probed) struct probed *s =
            probe_how("speech/nasa-webb-6-streams.mp4", &how);
        assert_int_equal(s->answer.result, step ? ERR_TOO_LARGE : OK);
    }
}

static void without_the_wish_nothing_is_copied(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    struct wire_probe how = probed_ask;
    how.copy_source = false;
    scoped(probed) struct probed *p = probe_how("timing/moov-at-end.mp4", &how);
    assert_int_equal(p->answer.result, OK);
    assert_false(p->plan->is_video_copied);
    assert_false(p->plan->audio[0].is_copied);
    assert_int_equal(p->answer.copied_peak_bps, 0);
}

static void a_picture_is_held_when_sound_leads(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    scoped(probed) struct probed *p =
        probe("formats/editlist-positive-shift.mp4");
    assert_int_equal(p->plan->origin_pts, 0);
    assert_int_equal(p->plan->first_pts, 15360); // a second
    // 21 ms of lead are dropped instead.
    scoped(probed) struct probed *q = probe("film/bbb-1080p25-44s.mp4");
    assert_int_equal(q->plan->origin_pts, q->plan->first_pts);
    assert_int_equal(q->plan->origin_pts, 1890);
}

static void entries_of_open_gops_lie_one_key_earlier(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    static const char *const files[] = {"timing/open-gop-bpyramid.mp4",
                                        "timing/hevc-open-gop-cra.mp4"};
    for (size_t i = 0; i < 2; i++) {
        scoped(probed) struct probed *p = probe(files[i]);
        const struct plan *plan = p->plan;
        assert_int_equal(plan->gop_entry[0].dts, plan->gop_entry[1].dts);
        for (uint32_t g = 1; g < plan->gops; g++) {
            int64_t ahead = plan->gop_border[g] - plan->gop_entry[g].dts;
            assert_true(ahead >= plan->timescale);
        }
    }
}

static void jumps_of_the_clock_are_made_whole(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    scoped(probed) struct probed *p = probe("timing/pts-jump-forward.ts");
    assert_int_equal(p->plan->jumps, 1);
    assert_true(p->plan->seeks_by_byte);
    // Two files of 163184 bytes, the second one an hour and 4 s later.
    assert_int_equal(p->plan->jump[0].position, 163184);
    assert_int_equal(p->plan->jump[0].shift, INT64_C(-3596) * 90000);
    scoped(probed) struct probed *q = probe("timing/pts-wrap.ts");
    assert_int_equal(q->plan->jumps, 0);
}

static const struct track *video_of(const struct probed *p)
{
    return &p->answer.track[p->plan->video_track];
}

static void pictures_are_described(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    scoped(probed) struct probed *dvd =
        probe("formats/anamorphic-576i25-mpeg2-ac3.mpg");
    assert_true(video_of(dvd)->is_interlaced);
    assert_int_equal(video_of(dvd)->sample_aspect.num, 64);
    assert_int_equal(video_of(dvd)->sample_aspect.den, 45);
    scoped(probed) struct probed *hlg =
        probe("phone/hlg-main10-rot270-editlist.mp4");
    assert_int_equal(video_of(hlg)->transfer, TRANSFER_HLG);
    assert_int_equal(video_of(hlg)->bit_depth, 10);
    assert_int_equal(video_of(hlg)->rotation, 90);
    scoped(probed) struct probed *pq = probe("phone/hdr10-pq-main10-tags.mp4");
    assert_int_equal(video_of(pq)->transfer, TRANSFER_PQ);
    scoped(probed) struct probed *mirrored =
        probe("formats/rotate-and-reflect.mp4");
    assert_true(video_of(mirrored)->is_mirrored);
    assert_int_equal(video_of(mirrored)->rotation, 270);
    scoped(probed) struct probed *phone =
        probe("phone/hevc-rot270-metadata-track-first.mp4");
    assert_int_equal(phone->answer.result, OK);
    assert_int_equal(video_of(phone)->coded_width, 1920);
    assert_int_equal(video_of(phone)->rotation, 90);
    assert_int_equal(plan_duration_us(phone->plan), 100067);
    scoped(probed) struct probed *full =
        probe("people/signers-six-shots-480p30.mkv");
    assert_true(video_of(full)->is_full_range);
    scoped(probed) struct probed *deep = probe("formats/prores-422-pcm.mov");
    assert_int_equal(video_of(deep)->chroma, 422);
    scoped(probed) struct probed *film = probe("film/bbb-1080p25-44s.mp4");
    assert_string_equal(video_of(film)->codecs, "avc1.4D4028");
    assert_int_equal(video_of(film)->frame_rate.num, 25);
    assert_int_equal(video_of(film)->frame_rate.den, 1);
    assert_string_equal(film->answer.container, "mp4");
}

static void tracks_keep_their_languages_and_titles(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    scoped(probed) struct probed *p =
        probe("formats/multi-audio-subs-chapters.mkv");
    assert_int_equal(p->answer.tracks, 7);
    const struct track *t = p->answer.track;
    assert_string_equal(t[1].language, "eng");
    assert_string_equal(t[2].language, "fra");
    assert_string_equal(t[2].title, "5.1 surround");
    assert_int_equal(t[2].channels, 6);
    assert_int_equal(t[4].kind, TRACK_TEXT);
    assert_string_equal(t[4].codec, "subrip");
    assert_true(t[1].is_default);
    assert_false(t[2].is_default);
}

static void a_probe_repeated_says_the_same(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    scoped(probed) struct probed *p = probe("timing/resolution-change.ts");
    scoped(probed) struct probed *q = probe("timing/resolution-change.ts");
    assert_memory_equal(&p->answer, &q->answer, sizeof p->answer);
}

static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("upload", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    return fd;
}

// A second of silence: what a test can make without any media.
static void a_generated_wave_file_is_ready(void **state)
{
    (void)state;
    static uint8_t wave[44 + 8000] = "RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0"
                                     "\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0"
                                     "\1\0\x8\0data\x40\x1f\0";
    memset(wave + 44, 0x80, 8000);
    scoped(probed) struct probed *p =
        probe_fd(file_of(wave, sizeof wave), &probed_ask);
    assert_int_equal(p->answer.result, OK);
    assert_string_equal(p->answer.container, "wav");
    assert_int_equal(plan_duration_us(p->plan), 1000000);
    assert_int_equal(p->plan->video_track, -1);
    assert_int_equal(p->plan->audio[0].packets, 47);
    assert_int_equal(p->answer.track[0].sample_rate, 8000);
}

static void generated_rubbish_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[4096];
    for (size_t len = 0; len <= sizeof bytes; len = len * 3 + 1) {
        scoped(probed) struct probed *p =
            probe_fd(file_of(bytes, len), &probed_ask);
        assert_string_equal(p->answer.code, "unsupported_media");
    }
}

int main(void)
{
    media_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_what_was_found),
        cmocka_unit_test(a_picture_is_an_image),
        cmocka_unit_test(every_bad_file_ends_in_an_answer),
        cmocka_unit_test(a_limit_is_passed_one_step_beyond_it),
        cmocka_unit_test(without_the_wish_nothing_is_copied),
        cmocka_unit_test(a_picture_is_held_when_sound_leads),
        cmocka_unit_test(entries_of_open_gops_lie_one_key_earlier),
        cmocka_unit_test(jumps_of_the_clock_are_made_whole),
        cmocka_unit_test(pictures_are_described),
        cmocka_unit_test(tracks_keep_their_languages_and_titles),
        cmocka_unit_test(a_probe_repeated_says_the_same),
        cmocka_unit_test(a_generated_wave_file_is_ready),
        cmocka_unit_test(generated_rubbish_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
