// SPDX-License-Identifier: MIT
// media_watch.c - a file decoded by libav alone.
#include "media_watch.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "unit.h"

struct film {
    AVFormatContext *format;
    AVCodecContext *decoder;
    int stream;
};

static void film_open(int fd, enum AVMediaType type, int stream,
                      struct film *ret)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *ret = (struct film){0};
    assert_int_equal(avformat_open_input(&ret->format, path, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(ret->format, NULL) >= 0);
    ret->stream = stream >= 0
                      ? stream
                      : av_find_best_stream(ret->format, type, -1, -1, NULL, 0);
    assert_true(ret->stream >= 0);
    const AVStream *s = ret->format->streams[ret->stream];
    ret->decoder =
        avcodec_alloc_context3(avcodec_find_decoder(s->codecpar->codec_id));
    assert_non_null(ret->decoder);
    avcodec_parameters_to_context(ret->decoder, s->codecpar);
    ret->decoder->pkt_timebase = s->time_base;
    assert_true(avcodec_open2(ret->decoder, NULL, NULL) >= 0);
}

static void film_close(struct film *f)
{
    avcodec_free_context(&f->decoder);
    avformat_close_input(&f->format);
}

// The next frame, over packets of other streams and errors; false at the end.
static bool film_next(struct film *f, AVPacket *p, AVFrame *frame, int *errors)
{
    for (;;) {
        int got = avcodec_receive_frame(f->decoder, frame);
        if (got >= 0) {
            *errors += frame->decode_error_flags != 0;
            return true;
        }
        if (got == AVERROR_EOF)
            return false;
        *errors += got != AVERROR(EAGAIN);
        got = av_read_frame(f->format, p);
        if (got >= 0 && p->stream_index != f->stream) {
            av_packet_unref(p);
            continue;
        }
        if (avcodec_send_packet(f->decoder, got >= 0 ? p : NULL) < 0)
            *errors += got >= 0;
        av_packet_unref(p);
    }
}

static struct watched_frame look_at(const AVFrame *f)
{
    struct watched_frame w = {.pts = f->best_effort_timestamp};
    int depth = av_pix_fmt_desc_get(f->format)->comp[0].depth;
    uint64_t sum = 0;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            const uint8_t *line = f->data[0] + y * f->linesize[0];
            uint8_t luma = line[x];
            if (depth > 8)
                luma = (uint8_t)(AV_RL16(line + 2 * x) >> (depth - 8));
            sum += luma;
            w.look = w.look * 31 + luma;
        }
    w.centre = (uint8_t)(sum / (uint64_t)f->width / (uint64_t)f->height);
    return w;
}

void watch(int fd, int stream, struct watched *ret)
{
    struct film f;
    film_open(fd, AVMEDIA_TYPE_VIDEO, stream, &f);
    AVRational timebase = f.format->streams[f.stream]->time_base;
    *ret = (struct watched){.timebase_num = timebase.num,
                            .timebase_den = timebase.den};
    AVPacket *p = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    while (film_next(&f, p, frame, &ret->errors)) {
        ret->width = frame->width;
        ret->height = frame->height;
        PUSH(ret->frame, ret->frames, ret->capacity, look_at(frame));
    }
    av_frame_free(&frame);
    av_packet_free(&p);
    film_close(&f);
}

void watched_done(struct watched *w)
{
    free(w->frame);
}

static void add_sound(struct heard *h, const AVFrame *f)
{
    assert_int_equal(f->format, AV_SAMPLE_FMT_FLTP);
    h->rate = f->sample_rate;
    h->channels = f->ch_layout.nb_channels;
    size_t channels = (size_t)h->channels;
    h->sample = mem_grow(h->sample, &h->capacity,
                         (h->samples + (size_t)f->nb_samples) * channels,
                         sizeof(float));
    for (size_t i = 0; i < (size_t)f->nb_samples; i++)
        for (size_t c = 0; c < channels; c++)
            h->sample[(h->samples + i) * channels + c] =
                ((const float *)f->extended_data[c])[i];
    h->samples += (size_t)f->nb_samples;
}

void hear(int fd, int stream, struct heard *ret)
{
    struct film f;
    film_open(fd, AVMEDIA_TYPE_AUDIO, stream, &f);
    *ret = (struct heard){0};
    AVPacket *p = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int errors = 0;
    bool is_first = true;
    while (film_next(&f, p, frame, &errors)) {
        if (is_first)
            ret->first =
                av_rescale_q(frame->pts, f.format->streams[f.stream]->time_base,
                             (AVRational){1, frame->sample_rate});
        is_first = false;
        add_sound(ret, frame);
    }
    assert_int_equal(errors, 0);
    av_frame_free(&frame);
    av_packet_free(&p);
    film_close(&f);
}

void heard_done(struct heard *h)
{
    free(h->sample);
}

static uint64_t hash_packet(const AVPacket *p)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (int i = 0; i < p->size; i++)
        hash = (hash ^ p->data[i]) * 1099511628211u;
    return hash;
}

void see_packets(int fd, bool is_video, struct packets_seen *ret)
{
    struct film f;
    film_open(fd, is_video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO, -1, &f);
    AVRational timebase = f.format->streams[f.stream]->time_base;
    *ret = (struct packets_seen){.timebase_num = timebase.num,
                                 .timebase_den = timebase.den};
    AVPacket *p = av_packet_alloc();
    while (av_read_frame(f.format, p) >= 0) {
        if (p->stream_index == f.stream) {
            struct packet_seen seen = {p->pts, p->dts, hash_packet(p),
                                       (size_t)p->size,
                                       (p->flags & AV_PKT_FLAG_KEY) != 0};
            PUSH(ret->packet, ret->packets, ret->capacity, seen);
        }
        av_packet_unref(p);
    }
    av_packet_free(&p);
    film_close(&f);
}

void packets_done(struct packets_seen *p)
{
    free(p->packet);
}
