// SPDX-License-Identifier: MIT
// probe_files_test.c - every good file of the test media is known as it is.
//
// Frame counts and sizes are those that ffprobe 5.1 counts by decoding. Lengths
// go from the first picture shown (or the sound's beginning, where it leads by
// more than half a second) to the end of the last one.
#include "media_probed.h"
#include "unit.h"

static int64_t frames_of(const struct plan *p)
{
    int64_t frames = 0;
    for (uint32_t i = 0; i < p->runs; i++)
        frames += p->run[i].count;
    return frames;
}

struct expected {
    const char *file;
    int64_t milliseconds;
    int64_t frames; // 0: sound alone
    int32_t height;
    uint32_t sounds, copied_sounds, copied_videos;
};

static const struct expected good[] = {
    {"film/bbb-1080p25-44s.mp4",                44160,  1104,  1080, 1, 0, 1},
    {"film/bbb-full-270p24-9m56s.mp4",          596458, 14315, 270,  1, 0, 0},
    {"film/sintel-trailer-720p24.mp4",          52208,  1253,  720,  1, 0, 0},
    {"film/tos-1080p2997-qr-cmaf-8s.mp4",       8008,   240,   1080, 0, 0, 1},
    {"speech/jfk-ask-not-11s.mp3",              11019,  0,     0,    1, 0, 0},
    {"speech/nasa-webb-6-streams.mp4",          13013,  390,   270,  2, 0, 0},
    {"speech/wanna-work-together-3min.mp4",     180247, 5402,  352,  1, 1, 0},
    {"people/highway-540p5994-8s.mp4",          8008,   480,   540,  0, 0, 1},
    {"people/marathon-crowd-400p30.mp4",        5005,   150,   400,  0, 0, 1},
    {"people/one-by-one-432p10-139s.mp4",       139400, 1394,  432,  0, 0, 1},
    {"people/reframe-moving-person-720p30.mp4", 8000,   240,   720,  0, 0, 0},
    {"people/signers-six-shots-480p30.mkv",     13164,  392,   480,  0, 0, 1},
    {"phone/dolby-vision-8.4-rot.mov",          133,    4,     720,  1, 1, 0},
    {"phone/hdr10-av1-720x1280.mp4",            4238,   127,   1280, 1, 1, 0},
    {"phone/hdr10-pq-main10-tags.mp4",          3000,   72,    480,  1, 1, 0},
    {"phone/hlg-main10-rot270-editlist.mp4",    2568,   77,    1080, 1, 1, 0},
    {"phone/portrait-4k60-rot90.mp4",           300,    18,    2160, 1, 0, 0},
    {"audio/alac.m4a",                          1022,   0,     0,    1, 0, 0},
    {"audio/bbb-20s.m4a",                       20005,  0,     0,    1, 1, 0},
    {"audio/bear.flac",                         2741,   0,     0,    1, 0, 0},
    {"audio/bear.opus",                         2740,   0,     0,    1, 0, 0},
    {"audio/mp3-cover-art.mp3",                 11019,  0,     0,    1, 0, 0},
    {"audio/music-40s.flac",                    40000,  0,     0,    1, 0, 0},
    {"audio/opus-5.1.mka",                      2754,   0,     0,    1, 0, 0},
    {"audio/pcm-u8-8k-mono.wav",                5000,   0,     0,    1, 0, 0},
    {"audio/sample.ac3",                        288,    0,     0,    1, 0, 0},
    {"audio/sample.adts.aac",                   3320,   0,     0,    1, 1, 0},
    {"formats/alpha-vp9.webm",                  5000,   150,   200,  1, 0, 0},
    {"formats/anamorphic-576i25-mpeg2-ac3.mpg", 4000,   100,   576,  1, 0, 0},
    {"formats/av1-opus-360p.webm",              4999,   120,   360,  1, 0, 0},
    {"formats/av1-opus-720p.mp4",               8000,   192,   720,  1, 0, 0},
    {"formats/captions-cea608-fragmented.mp4",  2035,   60,    234,  0, 0, 1},
    {"formats/chapters.mp4",                    1001,   30,    720,  1, 0, 0},
    {"formats/editlist-iibbibb.mp4",            12000,  12,    576,  0, 0, 0},
    {"formats/editlist-positive-shift.mp4",     10000,  270,   1080, 1, 1, 0},
    {"formats/empty-second-video-track.mp4",    1001,   30,    720,  1, 0, 0},
    {"formats/h263.3gp",                        1000,   15,    144,  0, 0, 0},
    {"formats/h264-aac.flv",                    3999,   96,    360,  1, 1, 1},
    {"formats/h264-high10.mkv",                 2999,   72,    480,  1, 0, 0},
    {"formats/hevc-360p-cmaf-8s.mp4",           8000,   192,   360,  0, 0, 0},
    {"formats/hevc-hev1-inband.mp4",            3000,   72,    360,  1, 1, 0},
    {"formats/hevc-main-hvc1-720p.mp4",         8000,   192,   720,  1, 1, 0},
    {"formats/interlaced-480i2997-mbaff.ts",    4004,   120,   480,  1, 0, 0},
    {"formats/mjpeg-pcm8-webcam.avi",           4533,   68,    120,  1, 0, 0},
    {"formats/mkv-named.mp4",                   1999,   48,    180,  1, 1, 1},
    {"formats/mpeg2-1080p24-mp2.ts",            2500,   58,    1080, 1, 0, 0},
    {"formats/mpeg2-pcm.mxf",                   1000,   24,    360,  1, 0, 0},
    {"formats/mpeg4-asp-xvid-mp3.avi",          6042,   140,   360,  1, 0, 0},
    {"formats/multi-audio-subs-chapters.mkv",   52208,  1253,  360,  3, 0, 0},
    {"formats/mv-hevc-5-frames.mov",            56,     5,     2160, 0, 0, 0},
    {"formats/no-extension",                    2000,   48,    16,   1, 1, 1},
    {"formats/odd-853x481-h264-444.mp4",        2000,   48,    481,  1, 1, 0},
    {"formats/odd-853x481-vp9.webm",            2999,   72,    481,  0, 0, 0},
    {"formats/prores-422-pcm.mov",              583,    14,    360,  1, 0, 0},
    {"formats/rotate-and-reflect.mp4",          1001,   30,    720,  1, 0, 0},
    {"formats/scte35.ts",                       100,    3,     426,  1, 0, 0},
    {"formats/small-2s.mp4",                    2000,   48,    136,  1, 1, 1},
    {"formats/sp ace & ünï 動画.mp4",       1000,   24,    180,  1, 1, 1},
    {"formats/subs-pgs.mkv",                    49,     30,    720,  1, 0, 0},
    {"formats/subs-ssa.mkv",                    1000,   30,    720,  1, 0, 0},
    {"formats/subs-vobsub.mkv",                 49,     30,    720,  1, 0, 0},
    {"formats/tall-36x1280.mp4",                1000,   24,    1280, 0, 0, 1},
    {"formats/theora-vorbis.ogv",               4000,   96,    360,  1, 0, 0},
    {"formats/tiny-16x16.mp4",                  2000,   48,    16,   1, 1, 1},
    {"formats/two-programs.ts",                 5000,   120,   270,  1, 1, 1},
    {"formats/vp8-vorbis-720p24-12s.webm",      11963,  192,   720,  1, 0, 0},
    {"formats/vp9-opus-720p.webm",              7999,   192,   720,  1, 0, 0},
    {"formats/wmv2-wmav2.wmv",                  3999,   96,    360,  1, 0, 0},
    {"timing/audio-2s-late.mp4",                6000,   144,   360,  1, 0, 1},
    {"timing/audio-longer-than-video.mp4",      2167,   50,    360,  1, 0, 1},
    {"timing/black-silent-6min-1080p30.mp4",    362767, 10883, 1080, 1, 0, 0},
    {"timing/edit-list-trim-copy.mp4",          2083,   50,    720,  1, 0, 0},
    {"timing/fps-119.88.mp4",                   2002,   240,   360,  0, 0, 1},
    {"timing/fragmented-moof.mp4",              6000,   144,   360,  1, 1, 1},
    {"timing/hevc-open-gop-cra.mp4",            8040,   201,   360,  1, 1, 0},
    {"timing/intra-refresh-no-idr.mp4",         8040,   201,   360,  1, 1, 1},
    {"timing/moov-at-end.mp4",                  6000,   144,   360,  1, 1, 1},
    {"timing/negative-cts.mp4",                 6000,   144,   360,  1, 1, 1},
    {"timing/negative-start.mp4",               5000,   120,   360,  1, 1, 0},
    {"timing/one-frame-with-audio.mkv",         41,     1,     360,  1, 1, 1},
    {"timing/one-frame.mp4",                    42,     1,     360,  0, 0, 1},
    {"timing/one-gop-44s-1fps.mp4",             44000,  44,    360,  1, 1, 0},
    {"timing/open-gop-bpyramid.mp4",            8040,   201,   360,  1, 1, 0},
    {"timing/plain.ts",                         4000,   96,    270,  1, 1, 1},
    {"timing/pts-jump-back.ts",                 8000,   192,   270,  1, 0, 0},
    {"timing/pts-jump-forward.ts",              8000,   192,   270,  1, 0, 0},
    {"timing/pts-wrap.ts",                      4000,   96,    270,  1, 1, 1},
    {"timing/resolution-change.ts",             5952,   216,   270,  1, 0, 0},
    {"timing/start-offset-10s.mp4",             6000,   144,   360,  1, 1, 1},
    {"timing/start-offset-1h.mkv",              5999,   144,   360,  1, 1, 1},
    {"timing/starts-mid-gop.ts",                2125,   51,    270,  1, 1, 1},
    {"timing/vfr-dropped-frames.mp4",           7880,   98,    360,  1, 1, 1},
    {"timing/video-longer-than-audio.mp4",      6000,   144,   360,  1, 0, 1},
    {"images/people-walking.gif",               1910,   23,    270,  0, 0, 0},
};

static void check_good(const struct expected *e)
{
    scoped(probed) struct probed *p = probe(e->file);
    print_message("%s %s\n", e->file, p->answer.detail);
    assert_int_equal(p->answer.result, OK);
    assert_int_equal((plan_duration_us(p->plan) + 500) / 1000, e->milliseconds);
    assert_int_equal(frames_of(p->plan), e->frames);
    assert_int_equal(p->plan->video_track >= 0, e->frames > 0);
    if (e->frames > 0) {
        const struct track *t = &p->answer.track[p->plan->video_track];
        assert_int_equal(t->kind, TRACK_VIDEO);
        assert_true(t->is_playable);
        assert_int_equal(t->coded_height, e->height);
        assert_int_equal(t->is_copyable, e->copied_videos);
    }
    assert_int_equal(p->plan->audios, e->sounds);
    uint32_t copied = 0;
    for (uint32_t i = 0; i < p->plan->audios; i++)
        copied += p->plan->audio[i].is_copied;
    assert_int_equal(copied, e->copied_sounds);
    assert_int_equal(p->plan->is_video_copied, e->copied_videos);
    assert_int_equal(p->answer.copied_peak_bps > 0, e->copied_videos);
}

static void every_good_file_is_known_as_it_is(void **state)
{
    (void)state;
    if (!has_media())
        skip();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        check_good(&good[i]);
}

int main(void)
{
    media_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_good_file_is_known_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
