// SPDX-License-Identifier: MIT
// package_films.c - presentations of fixed facts for tests of the writers.
#include "package_films.h"

#include <stdio.h>

#define NTSC                                                                   \
    {                                                                          \
        30000, 1001                                                            \
    }
#define SQUARE                                                                 \
    {                                                                          \
        1, 1                                                                   \
    }

static const struct package_rendition rungs[] = {
    {.name = "source",
     .codecs = "avc1.640028",
     .rates = {5508000, 0},
     .width = 1920,
     .height = 1080,
     .coded_width = 1440,
     .coded_height = 1080,
     .sample_aspect = {4, 3},
     .frame_rate = NTSC,
     .iframes = {5508000, 0}},
    {.name = "720p",
     .codecs = "avc1.64001F",
     .rates = {3442500, 0},
     .width = 1280,
     .height = 720,
     .coded_width = 1280,
     .coded_height = 720,
     .sample_aspect = SQUARE,
     .frame_rate = NTSC,
     .iframes = {742500, 0}},
    {.name = "480p",
     .codecs = "avc1.64001F",
     .rates = {1601234, 1203456},
     .width = 854,
     .height = 480,
     .coded_width = 854,
     .coded_height = 480,
     .sample_aspect = SQUARE,
     .frame_rate = NTSC,
     .iframes = {301234, 203456}},
    {.name = "240p",
     .codecs = "avc1.640015",
     .rates = {510000, 0},
     .width = 426,
     .height = 240,
     .coded_width = 426,
     .coded_height = 240,
     .sample_aspect = SQUARE,
     .frame_rate = {15000, 1001}     },
};

static const struct package_rendition english[] = {
    {.name = "audio-128k",
     .codecs = "mp4a.40.2",
     .rates = {131072, 129000},
     .channels = 2,
     .sample_rate = 48000},
    {.name = "audio-64k",
     .codecs = "mp4a.40.2",
     .rates = {67000, 65000},
     .channels = 2,
     .sample_rate = 48000},
};
static const struct package_rendition french = {
    .name = "audio-2-128k",
    .codecs = "mp4a.40.2",
    .rates = {140000, 130000},
    .channels = 2,
    .sample_rate = 44100
};
static const struct package_rendition mono = {
    .name = "audio-3-source",
    .codecs = "mp4a.40.2",
    .rates = {96000, 90000},
    .channels = 1,
    .sample_rate = 48000
};

struct presentation film(void)
{
    return (struct presentation){
        .video = rungs,
        .videos = 4,
        .first_video = 2,
        .audio = {{"", "eng", english, 2},
                  {"L'\"équipe\"", "fre", &french, 1},
                  {"L'\"équipe\"", "fra", &mono, 1}},
        .audios = 3,
    };
}

// 600 frames of 1001 ticks; key frames at 60, 120, 240, 360 and 481.
struct stretch film_video(void)
{
    static const int64_t border[] = {0,      60060,  120120, 240240,
                                     360360, 481481, 600600};
    return (struct stretch){
        .timescale = 30000, .segments = 6, .border = border};
}

const struct stretch *film_audio(void)
{
    static const int64_t at_48k[] = {0,      96256,  192512, 385024,
                                     577536, 770048, 960512};
    static const int64_t at_44k[] = {0,      88064,  177152, 353280,
                                     530432, 707584, 882688};
    static const int64_t shifted[] = {512,    96768,  193024, 384512,
                                      577024, 770560, 961024};
    static const struct stretch tracks[] = {
        {.timescale = 48000, .segments = 6, .border = at_48k },
        {.timescale = 44100, .segments = 6, .border = at_44k },
        {.timescale = 48000, .segments = 6, .border = shifted},
    };
    return tracks;
}

struct presentation song(void)
{
    return (struct presentation){.audio = {{"", "", english, 2}}, .audios = 1};
}

struct stretch song_audio(void)
{
    static const int64_t border[] = {0, 192512, 384000, 576512};
    return (struct stretch){
        .timescale = 48000, .segments = 3, .border = border};
}

// The film from 1.001 s on, its pictures 1001 ticks apart.
static const int64_t film_pictures[][4] = {
    {30030,  60060,  120120, 240240},
    {240240, 390390, 0,      0     },
    {600600, 720720, 840840, 0     },
};
static const int64_t other_pictures[] = {25600, 76800};
// The first packet that begins in each segment, at 48 kHz.
static const int64_t film_sound[][4] = {
    {48128,  96256,   192512,  385024},
    {385024, 625664,  0,       0     },
    {961536, 1153536, 1345536, 0     },
};
static const int64_t other_sound[] = {96256, 288768};

void clip_parts(struct hls_part to[static 4], bool is_sound)
{
    static const uint32_t segments[] = {3, 1, 2, 1}, first[] = {0, 3, 4, 6};
    static const int film_clip[] = {0, 1, 2, -1}, init[] = {0, 0, 0, 3};
    for (int i = 0; i < 4; i++) {
        int clip = film_clip[i];
        const int64_t *pictures =
            clip < 0 ? other_pictures : film_pictures[clip];
        const int64_t *sound = clip < 0 ? other_sound : film_sound[clip];
        uint32_t timescale = clip < 0 ? 12800 : 30000;
        int64_t ticks = pictures[segments[i]] - pictures[0];
        to[i] = (struct hls_part){.runs_on = i == 1};
        to[i].stretch = (struct stretch){
            .timescale = is_sound ? 48000 : timescale,
            .segments = segments[i],
            .border = is_sound ? sound : pictures,
            .first_number = first[i],
            .zero = scale_round(pictures[0], is_sound ? 48000 : timescale,
                                timescale),
            .duration_us = scale_round(ticks, 1000000, timescale)};
        snprintf(to[i].init, sizeof to[i].init, "init-%d.mp4", init[i]);
    }
}
