// SPDX-License-Identifier: MIT
// pcm.c - the decoded sound of any range of a track, sample by sample.
//
// Decoding begins PREROLL before the range, at a packet that only the range
// decides, so every codec has settled when the range begins. Decoded frames
// follow each other without a gap as long as their times say nothing else:
// such a *run* is placed as a whole where the times of its frames lie on
// average, so that times rounded to milliseconds do no harm. A jump begins
// another run; between runs is silence, and what overlaps is left out.
//
// A run is resampled from a point on a grid that source and wanted rate share
// (147 samples at 44.1 kHz are 160 at 48 kHz), counted from media zero: the
// resampler's phases are then the same whatever the range.
#include "pcm.h"

#include <libavutil/channel_layout.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

#include "av.h"
#include "reeld/base/mem.h"

enum {
    PREROLL_MS = 500,    // MP3 looks back the farthest
    TAIL_MS = 100,       // resampler and a frame whose time is a little early
    JITTER_LEAST_MS = 3, // times that differ less do not begin a run
    JITTER_MOST_MS = 40,
    CHANNELS_MAX = 8,
    SOURCE_CHANNELS_MAX = 64,
};

struct run {
    int32_t rate;
    int64_t least, most; // start by each frame's time, 1/PCM_FINE samples
    float *plane[CHANNELS_MAX];
    size_t samples, capacity[CHANNELS_MAX];
};

struct reading {
    const struct wire_make *ask;
    const struct pcm_wish *wish;
    float *const *planes;
    int64_t filled; // samples before it are decided, at the wanted rate
    struct run run;
    SwrContext *mixer; // format and layout, not rate
    AVFrame *like;     // what the mixer was made for
};

int64_t pcm_position(const struct wire_make *ask, AVRational timebase,
                     int64_t pts, int64_t rate)
{
    int64_t fine = rate * PCM_FINE;
    return scale_round(pts, timebase.num * fine, timebase.den) -
           scale_round(ask->origin_pts, ask->source_timebase.num * fine,
                       ask->source_timebase.den);
}

int64_t pcm_pts(const struct wire_make *ask, AVRational timebase,
                int64_t position, int64_t rate)
{
    int64_t fine = rate * PCM_FINE;
    int64_t origin =
        scale_round(ask->origin_pts, ask->source_timebase.num * fine,
                    ask->source_timebase.den);
    return scale_floor(position * PCM_FINE + origin, timebase.den,
                       timebase.num * fine);
}

static bool same_shape(const AVFrame *a, const AVFrame *b)
{
    return a->format == b->format && a->sample_rate == b->sample_rate &&
           av_channel_layout_compare(&a->ch_layout, &b->ch_layout) == 0;
}

static enum err open_swr(AVChannelLayout *to, enum AVSampleFormat format,
                         int rate, AVChannelLayout *from,
                         enum AVSampleFormat from_format, int from_rate,
                         SwrContext **ret)
{
    scoped(av_swr) SwrContext *s = NULL;
    int got = swr_alloc_set_opts2(&s, to, format, rate, from, from_format,
                                  from_rate, 0, NULL);
    if (got >= 0)
        got = swr_init(s);
    if (got < 0)
        return av_fail(got, "resampler");
    *ret = take(s);
    return OK;
}

static enum err open_mixer(struct reading *r, const AVFrame *f)
{
    swr_free(&r->mixer);
    av_frame_unref(r->like);
    AVChannelLayout to = {0}, from = {0};
    av_channel_layout_default(&to, r->wish->channels);
    // A layout of which only the number is known.
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&from, f->ch_layout.nb_channels);
    else if (av_channel_layout_copy(&from, &f->ch_layout) < 0)
        abort();
    enum err result =
        open_swr(&to, AV_SAMPLE_FMT_FLTP, f->sample_rate, &from,
                 (enum AVSampleFormat)f->format, f->sample_rate, &r->mixer);
    av_channel_layout_uninit(&from);
    r->like->format = f->format;
    r->like->sample_rate = f->sample_rate;
    if (av_channel_layout_copy(&r->like->ch_layout, &f->ch_layout) < 0)
        abort();
    return result;
}

// Copies a stretch that begins at `at` to where it belongs; the sound that is
// there already stays.
static void place(struct reading *r, int64_t at, float *const *plane,
                  int64_t samples)
{
    int64_t from = max_i64(at, r->filled);
    int64_t to = min_i64(at + samples, r->wish->to);
    if (from >= to)
        return;
    for (int32_t c = 0; c < r->wish->channels; c++)
        memcpy(r->planes[c] + (from - r->wish->from), plane[c] + (from - at),
               (size_t)(to - from) * sizeof(float));
    r->filled = to;
}

struct planes {
    float *of[CHANNELS_MAX];
};

static void planes_new(struct planes *p, int32_t channels, size_t samples)
{
    for (int32_t c = 0; c < channels; c++)
        p->of[c] = NEW_ARRAY(samples, float);
}

static void planes_done(struct planes *p)
{
    for (int c = 0; c < CHANNELS_MAX; c++)
        free(p->of[c]);
}

// Feeds silence up to the run, the run, and the end.
static enum err resample(struct reading *r, SwrContext *swr, int64_t lead,
                         int64_t at)
{
    struct run *run = &r->run;
    int32_t channels = r->wish->channels;
    int64_t in_most = lead + (int64_t)run->samples;
    int room =
        (int)scale_ceil(in_most, r->wish->rate, run->rate) + r->wish->rate;
    struct planes in = {{NULL}}, out = {{NULL}};
    planes_new(&in, channels, (size_t)in_most);
    planes_new(&out, channels, (size_t)room);
    const uint8_t *from[CHANNELS_MAX] = {NULL};
    uint8_t *to[CHANNELS_MAX] = {NULL}, *rest[CHANNELS_MAX] = {NULL};
    for (int32_t c = 0; c < channels; c++) {
        memcpy(in.of[c] + lead, run->plane[c], run->samples * sizeof(float));
        from[c] = (const uint8_t *)in.of[c];
        to[c] = (uint8_t *)out.of[c];
    }
    int done = swr_convert(swr, to, room, from, (int)in_most);
    for (int32_t c = 0; c < channels && done >= 0; c++)
        rest[c] = (uint8_t *)(out.of[c] + done);
    int more = done < 0 ? done : swr_convert(swr, rest, room - done, NULL, 0);
    if (more >= 0)
        place(r, at, out.of, done + more);
    planes_done(&in);
    planes_done(&out);
    return more < 0 ? av_fail(more, "resampling") : OK;
}

static enum err place_run(struct reading *r)
{
    struct run *run = &r->run;
    if (run->samples == 0)
        return OK;
    int64_t start =
        scale_round(run->least + run->most, 1, INT64_C(2) * PCM_FINE);
    int32_t rate = r->wish->rate;
    if (run->rate == rate) {
        place(r, start, run->plane, (int64_t)run->samples);
    } else {
        int64_t step = rational_reduce((struct rational){run->rate, rate}).num;
        int64_t grid = scale_floor(start, 1, step) * step;
        AVChannelLayout layout = {0};
        av_channel_layout_default(&layout, r->wish->channels);
        scoped(av_swr) SwrContext *swr = NULL;
        TRY(open_swr(&layout, AV_SAMPLE_FMT_FLTP, rate, &layout,
                     AV_SAMPLE_FMT_FLTP, run->rate, &swr));
        TRY(resample(r, swr, start - grid, scale_round(grid, rate, run->rate)));
    }
    run->samples = 0;
    return OK;
}

static int planes_of(const AVFrame *f)
{
    bool is_planar = av_sample_fmt_is_planar((enum AVSampleFormat)f->format);
    int planes = is_planar ? f->ch_layout.nb_channels : 1;
    return (int)min_i64(planes, SOURCE_CHANNELS_MAX);
}

// Takes the samples of a frame into the run, or into a new one.
static enum err add_frame(struct reading *r, const AVFrame *f, int64_t position,
                          int samples)
{
    struct run *run = &r->run;
    int64_t start = position - (int64_t)run->samples * PCM_FINE;
    int64_t jitter =
        clamp_i64(samples / 2, (int64_t)run->rate * JITTER_LEAST_MS / 1000,
                  (int64_t)run->rate * JITTER_MOST_MS / 1000) *
        PCM_FINE;
    int64_t off = start - (run->least + run->most) / 2;
    if (run->samples == 0 || run->rate != f->sample_rate || off > jitter ||
        off < -jitter) {
        TRY(place_run(r));
        run->rate = f->sample_rate;
        run->least = run->most = start = position;
    }
    run->least = min_i64(run->least, start);
    run->most = max_i64(run->most, start);
    if (!r->mixer || !same_shape(f, r->like))
        TRY(open_mixer(r, f));
    uint8_t *to[CHANNELS_MAX] = {NULL};
    for (int32_t c = 0; c < r->wish->channels; c++) {
        run->plane[c] =
            mem_grow(run->plane[c], &run->capacity[c],
                     run->samples + (size_t)f->nb_samples, sizeof(float));
        to[c] = (uint8_t *)(run->plane[c] + run->samples);
    }
    const uint8_t *from[SOURCE_CHANNELS_MAX] = {NULL};
    for (int c = 0; c < planes_of(f); c++)
        from[c] = f->extended_data[c];
    int got = swr_convert(r->mixer, to, f->nb_samples, from, f->nb_samples);
    if (got < 0)
        return av_fail(got, "mixing");
    run->samples += (size_t)min_i64(got, samples);
    return OK;
}

// Samples at the end of a track that only fill up its last packet.
static int shown_samples(const AVFrame *f)
{
    const AVFrameSideData *s =
        av_frame_get_side_data(f, AV_FRAME_DATA_SKIP_SAMPLES);
    if (!s || s->size < 10)
        return f->nb_samples;
    return (int)max_i64(0, f->nb_samples - (int64_t)AV_RL32(s->data + 4));
}

static enum err take_frame(struct reading *r, AVRational timebase,
                           const AVFrame *f)
{
    int64_t next =
        (r->run.least + r->run.most) / 2 + (int64_t)r->run.samples * PCM_FINE;
    int64_t position =
        f->pts == AV_NOPTS_VALUE
            ? next
            : pcm_position(r->ask, timebase, f->pts, f->sample_rate);
    return add_frame(r, f, position, shown_samples(f));
}

// Decodes until the track ends, or a packet begins at `end_pts` or behind it.
// What a decoder cannot use is silence.
static enum err decode(struct reading *r, struct input *in,
                       AVCodecContext *decoder, int64_t from_pts,
                       int64_t end_pts)
{
    scoped(av_packet) AVPacket *p = av_packet_new();
    scoped(av_frame) AVFrame *f = av_frame_new();
    bool is_over = false;
    while (!is_over) {
        enum err result = input_read(in, p);
        if (result != OK && result != ERR_NOT_FOUND)
            return result;
        is_over = result == ERR_NOT_FOUND || p->pts >= end_pts;
        if (!is_over && p->pts < from_pts)
            continue;
        // Its errors show as frames that do not come.
        avcodec_send_packet(decoder, is_over ? NULL : p);
        while (avcodec_receive_frame(decoder, f) >= 0)
            TRY(take_frame(r, decoder->pkt_timebase, f));
    }
    return place_run(r);
}

static enum err read_track(struct make *m, struct reading *r)
{
    const struct pcm_wish *wish = r->wish;
    const struct plan_entry *near = &m->ask->entry[0];
    struct input *in = NULL;
    TRY(source_input(m->source, m->ask, wish->stream, &in));
    AVRational timebase = input_stream(in, wish->stream)->time_base;
    int64_t rate = wish->rate;
    int64_t preroll = rate * PREROLL_MS / 1000, tail = rate * TAIL_MS / 1000;
    int64_t from = pcm_pts(m->ask, timebase, wish->from - preroll, rate);
    int64_t end = pcm_pts(m->ask, timebase, wish->to + tail, rate);
    TRY(input_seek_audio(in, wish->stream, from,
                         near->position >= 0 ? near : NULL,
                         m->ask->seeks_by_byte));
    scoped(av_codec) AVCodecContext *decoder = NULL;
    TRY(input_open_decoder(in, wish->stream, 1, &decoder));
    // What is to be skipped at the beginning has times before media zero.
    decoder->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
    return decode(r, in, decoder, from, end);
}

enum err pcm_read(struct make *m, const struct pcm_wish *wish,
                  float *const *planes)
{
    struct reading r = {.ask = m->ask,
                        .wish = wish,
                        .planes = planes,
                        .filled = wish->from,
                        .like = av_frame_new()};
    for (int32_t c = 0; c < wish->channels; c++)
        memset(planes[c], 0, (size_t)(wish->to - wish->from) * sizeof(float));
    enum err result = read_track(m, &r);
    swr_free(&r.mixer);
    av_frame_free(&r.like);
    for (int c = 0; c < CHANNELS_MAX; c++)
        free(r.run.plane[c]);
    return result;
}
