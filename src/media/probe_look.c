// SPDX-License-Identifier: MIT
// probe_look.c - decodes the first picture and the first sound of each stream.
//
// Bombs and broken files end here. What comes out also says what headers leave
// open: pixel format, interlacing, true sample rate, and the time of what is
// shown first.
#include "probe.h"

#include "av.h"
#include "reeld/base/clock.h"

enum {
    LOOK_US = 15 * 1000 * 1000,
    LOOK_BYTES_MAX = 256 << 20,
    LOOK_PACKETS_MAX = 20000,
    REFUSED_MAX = 300, // packets without a picture: a stream that is broken
    KEYLESS_MAX = 600, // packets to wait for a key
};

static const int hidden_pictures = AV_DISPOSITION_ATTACHED_PIC |
                                   AV_DISPOSITION_TIMED_THUMBNAILS |
                                   AV_DISPOSITION_STILL_IMAGE;

// Taken down now: tables change in the middle of a file.
static uint64_t programs_of(const AVFormatContext *f, unsigned stream)
{
    uint64_t programs = 0;
    for (unsigned i = 0; i < f->nb_programs && i < 64; i++)
        for (unsigned j = 0; j < f->programs[i]->nb_stream_indexes; j++)
            if (f->programs[i]->stream_index[j] == stream)
                programs |= UINT64_C(1) << i;
    return programs;
}

static void take_up(struct probe *p)
{
    AVFormatContext *f = input_format(p->in);
    p->streams = (uint32_t)min_i64(f->nb_streams, PROBE_STREAMS_MAX);
    for (uint32_t i = 0; i < p->streams; i++) {
        AVStream *s = f->streams[i];
        const struct codec_rule *rule = codec_rule_of(s->codecpar->codec_id);
        enum AVMediaType type = s->codecpar->codec_type;
        bool is_hidden = s->disposition & hidden_pictures;
        p->stream[i] = (struct probe_stream){
            .index = (int)i,
            .rule = rule,
            .programs = programs_of(f, i),
            .is_video = rule && type == AVMEDIA_TYPE_VIDEO && !is_hidden,
            .is_audio = rule && type == AVMEDIA_TYPE_AUDIO,
            .first_pts = AV_NOPTS_VALUE,
            .audio_pts = AV_NOPTS_VALUE,
            .grid_pts = AV_NOPTS_VALUE,
        };
    }
}

static bool wants_more(const struct probe_stream *s)
{
    return s->decoder && !s->first;
}

static void close_decoder(struct probe_stream *s)
{
    avcodec_free_context(&s->decoder);
}

// Takes the first frame out; `is_end`: the decoder has had its last packet.
static void take_first(struct probe_stream *s, bool is_end)
{
    scoped(av_frame) AVFrame *f = av_frame_new();
    int got;
    do {
        got = avcodec_receive_frame(s->decoder, f);
    } while (is_end && got < 0 && got != AVERROR_EOF &&
             got != AVERROR(EAGAIN) && s->refused++ < REFUSED_MAX);
    if (got < 0)
        return;
    s->first_pts = f->pts != AV_NOPTS_VALUE ? f->pts : f->best_effort_timestamp;
    s->first = take(f);
}

static void decode(struct probe_stream *s, AVPacket *packet)
{
    bool is_key = packet->flags & AV_PKT_FLAG_KEY;
    if (s->is_video && !s->has_key && !is_key && s->refused++ < KEYLESS_MAX)
        return;
    if (!s->has_key)
        s->refused = 0;
    s->has_key = true;
    s->refused++;
    // What the decoder says of a single packet does not matter: what counts is
    // whether a frame comes out of any.
    avcodec_send_packet(s->decoder, packet);
    take_first(s, false);
    if (!s->first && s->refused > REFUSED_MAX)
        close_decoder(s);
}

static bool has_all(const struct probe *p)
{
    for (uint32_t i = 0; i < p->streams; i++)
        if (wants_more(&p->stream[i]))
            return false;
    return true;
}

static enum err read_first(struct probe *p)
{
    scoped(av_packet) AVPacket *packet = av_packet_new();
    int64_t deadline = clock_now_us() + LOOK_US, bytes = 0;
    for (int i = 0; i < LOOK_PACKETS_MAX && !has_all(p); i++) {
        enum err e = input_read(p->in, packet);
        if (e == ERR_NOT_FOUND)
            return OK;
        TRY(e);
        bytes += packet->size;
        if (clock_now_us() > deadline || bytes > LOOK_BYTES_MAX)
            return OK;
        struct probe_stream *s = &p->stream[packet->stream_index];
        if (wants_more(s))
            decode(s, packet);
    }
    return OK;
}

static bool is_too_large(const struct probe *p, const AVStream *s)
{
    int64_t width = s->codecpar->width, height = s->codecpar->height;
    return s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && height > 0 &&
           width > p->ask->limits.max_pixels / height;
}

static enum err open_decoders(struct probe *p)
{
    int chosen[PROBE_STREAMS_MAX], count = 0;
    for (uint32_t i = 0; i < p->streams; i++) {
        struct probe_stream *s = &p->stream[i];
        AVStream *stream = input_stream(p->in, s->index);
        if (!s->is_video && !s->is_audio)
            continue;
        if (s->is_video && is_too_large(p, stream))
            return fail(ERR_TOO_LARGE, "pictures of %dx%d are too large",
                        stream->codecpar->width, stream->codecpar->height);
        if (input_open_decoder(p->in, s->index, 1, &s->decoder) == OK)
            chosen[count++] = s->index;
    }
    input_choose(p->in, chosen, count);
    return OK;
}

// A video track that is more than a picture, and has frames as far as can be
// told without reading it.
static bool is_missed(const struct probe *p, const struct probe_stream *s)
{
    AVStream *stream = input_stream(p->in, s->index);
    if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || s->first ||
        (stream->disposition & hidden_pictures))
        return false;
    if (s->rule && !input_may_skip_data(p->in))
        return s->refused > 0;
    return !input_may_skip_data(p->in) ||
           avformat_index_get_entries_count(stream) > 1;
}

enum err probe_look(struct probe *p)
{
    take_up(p);
    TRY(open_decoders(p));
    TRY(read_first(p));
    for (uint32_t i = 0; i < p->streams; i++) {
        struct probe_stream *s = &p->stream[i];
        if (wants_more(s)) {
            avcodec_send_packet(s->decoder, NULL);
            take_first(s, true);
        }
        if (!s->first)
            close_decoder(s);
        s->is_missed = is_missed(p, s);
    }
    return OK;
}
