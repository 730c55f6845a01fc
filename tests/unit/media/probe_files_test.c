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
    int32_t width, height, rotation;
    uint32_t sounds, copied_sounds;
    bool is_video_copied;
};

static const struct expected good[] = {
    {"film/bbb-1080p25-44s.mp4",                   44160,  1104,  1920, 1080, 0,   1, 0, true },
    {"film/bbb-full-270p24-9m56s.mp4",             596458, 14315, 480,  270,  0,   1, 0, false},
    {"film/sintel-trailer-720p24.mp4",             52208,  1253,  1280, 720,  0,   1, 0, false},
    {"film/tos-1080p2997-qr-cmaf-8s.mp4",          8008,   240,   1920, 1080, 0,   0, 0, true },
    {"speech/jfk-ask-not-11s.mp3",                 11019,  0,     0,    0,    0,   1, 0, false},
    {"speech/nasa-webb-6-streams.mp4",             13013,  390,   480,  270,  0,   2, 0, false},
    {"speech/wanna-work-together-3min.mp4",        180247, 5402,  480,  352,  0,   1, 1,
     false                                                                                    },
    {"people/highway-540p5994-8s.mp4",             8008,   480,   960,  540,  0,   0, 0, true },
    {"people/marathon-crowd-400p30.mp4",           5005,   150,   720,  400,  0,   0, 0, true },
    {"people/one-by-one-432p10-139s.mp4",          139400, 1394,  768,  432,  0,   0, 0,
     true                                                                                     },
    {"people/reframe-moving-person-720p30.mp4",    8000,   240,   1280, 720,  0,   0, 0,
     false                                                                                    },
    {"people/signers-six-shots-480p30.mkv",        13164,  392,   640,  480,  0,   0, 0,
     true                                                                                     },
    {"phone/dolby-vision-8.4-rot.mov",             133,    4,     1280, 720,  90,  1, 1, false},
    {"phone/hdr10-av1-720x1280.mp4",               4238,   127,   720,  1280, 0,   1, 1, false},
    {"phone/hdr10-pq-main10-tags.mp4",             3000,   72,    854,  480,  0,   1, 1, false},
    {"phone/hevc-rot270-metadata-track-first.mp4", 100,    3,     1920, 1080, 90,  1, 0,
     false                                                                                    },
    {"phone/hlg-main10-rot270-editlist.mp4",       2568,   77,    1920, 1080, 90,  1, 1,
     false                                                                                    },
    {"phone/portrait-4k60-rot90.mp4",              300,    18,    3840, 2160, 90,  1, 0, false},
    {"audio/alac.m4a",                             1022,   0,     0,    0,    0,   1, 0, false},
    {"audio/bbb-20s.m4a",                          20005,  0,     0,    0,    0,   1, 1, false},
    {"audio/bear.flac",                            2741,   0,     0,    0,    0,   1, 0, false},
    {"audio/bear.opus",                            2740,   0,     0,    0,    0,   1, 0, false},
    {"audio/mp3-cover-art.mp3",                    11019,  0,     0,    0,    0,   1, 0, false},
    {"audio/music-40s.flac",                       40000,  0,     0,    0,    0,   1, 0, false},
    {"audio/opus-5.1.mka",                         2754,   0,     0,    0,    0,   1, 0, false},
    {"audio/pcm-u8-8k-mono.wav",                   5000,   0,     0,    0,    0,   1, 0, false},
    {"audio/sample.ac3",                           288,    0,     0,    0,    0,   1, 0, false},
    {"audio/sample.adts.aac",                      3320,   0,     0,    0,    0,   1, 1, false},
    {"formats/alpha-vp9.webm",                     5000,   150,   200,  200,  0,   1, 0, false},
    {"formats/anamorphic-576i25-mpeg2-ac3.mpg",    4000,   100,   720,  576,  0,   1, 0,
     false                                                                                    },
    {"formats/av1-opus-360p.webm",                 4999,   120,   640,  360,  0,   1, 0, false},
    {"formats/av1-opus-720p.mp4",                  8000,   192,   1280, 720,  0,   1, 0, false},
    {"formats/captions-cea608-fragmented.mp4",     2035,   60,    416,  234,  0,   0, 0,
     true                                                                                     },
    {"formats/chapters.mp4",                       1001,   30,    1080, 720,  0,   1, 0, false},
    {"formats/editlist-iibbibb.mp4",               12000,  12,    704,  576,  0,   0, 0, false},
    {"formats/editlist-positive-shift.mp4",        10000,  270,   1920, 1080, 0,   1, 1,
     false                                                                                    },
    {"formats/empty-second-video-track.mp4",       1001,   30,    1080, 720,  0,   1, 0,
     false                                                                                    },
    {"formats/h263.3gp",                           1000,   15,    176,  144,  0,   0, 0, false},
    {"formats/h264-aac.flv",                       3999,   96,    640,  360,  0,   1, 1, true },
    {"formats/h264-high10.mkv",                    2999,   72,    854,  480,  0,   1, 0, false},
    {"formats/hevc-360p-cmaf-8s.mp4",              8000,   192,   640,  360,  0,   0, 0, false},
    {"formats/hevc-hev1-inband.mp4",               3000,   72,    640,  360,  0,   1, 1, false},
    {"formats/hevc-main-hvc1-720p.mp4",            8000,   192,   1280, 720,  0,   1, 1, false},
    {"formats/interlaced-480i2997-mbaff.ts",       4004,   120,   720,  480,  0,   1, 0,
     false                                                                                    },
    {"formats/mjpeg-pcm8-webcam.avi",              4533,   68,    160,  120,  0,   1, 0, false},
    {"formats/mkv-named.mp4",                      1999,   48,    320,  180,  0,   1, 1, true },
    {"formats/mpeg2-1080p24-mp2.ts",               2500,   58,    1920, 1080, 0,   1, 0, false},
    {"formats/mpeg2-pcm.mxf",                      1000,   24,    640,  360,  0,   1, 0, false},
    {"formats/mpeg4-asp-xvid-mp3.avi",             6042,   140,   640,  360,  0,   1, 0, false},
    {"formats/multi-audio-subs-chapters.mkv",      52208,  1253,  640,  360,  0,   3, 0,
     false                                                                                    },
    {"formats/mv-hevc-5-frames.mov",               56,     5,     1934, 2160, 0,   0, 0, false},
    {"formats/no-extension",                       2000,   48,    16,   16,   0,   1, 1, true },
    {"formats/odd-853x481-h264-444.mp4",           2000,   48,    853,  481,  0,   1, 1, false},
    {"formats/odd-853x481-vp9.webm",               2999,   72,    853,  481,  0,   0, 0, false},
    {"formats/prores-422-pcm.mov",                 583,    14,    640,  360,  0,   1, 0, false},
    {"formats/rotate-and-reflect.mp4",             1001,   30,    1080, 720,  270, 1, 0, false},
    {"formats/scte35.ts",                          100,    3,     640,  426,  0,   1, 0, false},
    {"formats/small-2s.mp4",                       2000,   48,    240,  136,  0,   1, 1, true },
    {"formats/sp ace & ünï 動画.mp4",          1000,   24,    320,  180,  0,   1, 1, true },
    {"formats/subs-pgs.mkv",                       49,     30,    1080, 720,  0,   1, 0, false},
    {"formats/subs-ssa.mkv",                       1000,   30,    1080, 720,  0,   1, 0, false},
    {"formats/subs-vobsub.mkv",                    49,     30,    1080, 720,  0,   1, 0, false},
    {"formats/tall-36x1280.mp4",                   1000,   24,    36,   1280, 0,   0, 0, true },
    {"formats/theora-vorbis.ogv",                  4000,   96,    640,  360,  0,   1, 0, false},
    {"formats/tiny-16x16.mp4",                     2000,   48,    16,   16,   0,   1, 1, true },
    {"formats/two-programs.ts",                    5000,   120,   480,  270,  0,   1, 1, true },
    {"formats/vp8-vorbis-720p24-12s.webm",         11963,  192,   1280, 720,  0,   1, 0,
     false                                                                                    },
    {"formats/vp9-opus-720p.webm",                 7999,   192,   1280, 720,  0,   1, 0, false},
    {"formats/wmv2-wmav2.wmv",                     3999,   96,    640,  360,  0,   1, 0, false},
    {"timing/audio-2s-late.mp4",                   6000,   144,   640,  360,  0,   1, 0, true },
    {"timing/audio-longer-than-video.mp4",         2167,   50,    640,  360,  0,   1, 0, true },
    {"timing/black-silent-6min-1080p30.mp4",       362767, 10883, 1920, 1080, 0,   1, 0,
     false                                                                                    },
    {"timing/edit-list-trim-copy.mp4",             2083,   50,    1280, 720,  0,   1, 0, false},
    {"timing/fps-119.88.mp4",                      2002,   240,   640,  360,  0,   0, 0, true },
    {"timing/fragmented-moof.mp4",                 6000,   144,   640,  360,  0,   1, 1, true },
    {"timing/hevc-open-gop-cra.mp4",               8040,   201,   640,  360,  0,   1, 1, false},
    {"timing/intra-refresh-no-idr.mp4",            8040,   201,   640,  360,  0,   1, 1, true },
    {"timing/moov-at-end.mp4",                     6000,   144,   640,  360,  0,   1, 1, true },
    {"timing/negative-cts.mp4",                    6000,   144,   640,  360,  0,   1, 1, true },
    {"timing/negative-start.mp4",                  5000,   120,   640,  360,  0,   1, 1, false},
    {"timing/one-frame-with-audio.mkv",            41,     1,     640,  360,  0,   1, 1, true },
    {"timing/one-frame.mp4",                       42,     1,     640,  360,  0,   0, 0, true },
    {"timing/one-gop-44s-1fps.mp4",                44000,  44,    640,  360,  0,   1, 1, false},
    {"timing/open-gop-bpyramid.mp4",               8040,   201,   640,  360,  0,   1, 1, false},
    {"timing/plain.ts",                            4000,   96,    480,  270,  0,   1, 1, true },
    {"timing/pts-jump-back.ts",                    8000,   192,   480,  270,  0,   1, 0, false},
    {"timing/pts-jump-forward.ts",                 8000,   192,   480,  270,  0,   1, 0, false},
    {"timing/pts-wrap.ts",                         4000,   96,    480,  270,  0,   1, 1, true },
    {"timing/resolution-change.ts",                5952,   216,   480,  270,  0,   1, 0, false},
    {"timing/start-offset-10s.mp4",                6000,   144,   640,  360,  0,   1, 1, true },
    {"timing/start-offset-1h.mkv",                 5999,   144,   640,  360,  0,   1, 1, true },
    {"timing/starts-mid-gop.ts",                   2125,   51,    480,  270,  0,   1, 1, true },
    {"timing/vfr-dropped-frames.mp4",              7880,   98,    640,  360,  0,   1, 1, true },
    {"timing/video-longer-than-audio.mp4",         6000,   144,   640,  360,  0,   1, 0, true },
    {"images/people-walking.gif",                  1910,   23,    480,  270,  0,   0, 0, false},
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
        assert_int_equal(t->coded_width, e->width);
        assert_int_equal(t->coded_height, e->height);
        assert_int_equal(t->rotation, e->rotation);
        assert_int_equal(t->is_copyable, e->is_video_copied);
    }
    assert_int_equal(p->plan->audios, e->sounds);
    uint32_t copied = 0;
    for (uint32_t i = 0; i < p->plan->audios; i++)
        copied += p->plan->audio[i].is_copied;
    assert_int_equal(copied, e->copied_sounds);
    assert_int_equal(p->plan->is_video_copied, e->is_video_copied);
    assert_int_equal(p->answer.copied_peak_bps > 0, e->is_video_copied);
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
