// SPDX-License-Identifier: MIT
// probe_sound.c - each sound track's grid of packets, and whether the source's
// own packets lie on one.
#include "probe_lay.h"

enum {
    RATE = 48000,
    RATE_CD = 44100,
    RATE_COPIED_LEAST = 32000,
    AOT_AAC_LC = 2, // ISO/IEC 14496-3 table 1.17
    SYNC_EXTENSION = 0x2b7,
    AOT_SBR = 5,
};

bool probe_is_sound(const struct probe_stream *s)
{
    return s->is_audio && s->first && s->audio_pts != AV_NOPTS_VALUE;
}

struct bits {
    const uint8_t *bytes;
    int64_t at, end;
};

// Past the end there are zeros.
static uint32_t take_bits(struct bits *b, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++, b->at++)
        value =
            value << 1 |
            (b->at < b->end ? b->bytes[b->at / 8] >> (7 - b->at % 8) & 1u : 0u);
    return value;
}

// AudioSpecificConfig, 14496-3 clause 1.6.2.1: plain AAC-LC of one or two
// channels in packets of 1024 samples, no SBR told of. Returns the rate or 0.
static int32_t read_config(const uint8_t *bytes, int len)
{
    static const int32_t rates[] = {96000, 88200, 64000, 48000, 44100,
                                    32000, 24000, 22050, 16000, 12000,
                                    11025, 8000,  7350};
    struct bits b = {bytes, 0, (int64_t)len * 8};
    if (len < 2 || take_bits(&b, 5) != AOT_AAC_LC)
        return 0;
    uint32_t index = take_bits(&b, 4);
    uint32_t channels = take_bits(&b, 4);
    uint32_t short_frames = take_bits(&b, 1);
    uint32_t has_core = take_bits(&b, 1);
    uint32_t has_extension = take_bits(&b, 1);
    if (index >= sizeof rates / sizeof *rates || channels < 1 || channels > 2 ||
        short_frames || has_core || has_extension)
        return 0;
    if (b.end - b.at >= 17 && take_bits(&b, 11) == SYNC_EXTENSION &&
        take_bits(&b, 5) == AOT_SBR && take_bits(&b, 1))
        return 0;
    return rates[index];
}

int32_t probe_plain_aac_rate(struct input *in, const struct probe_stream *s)
{
    const AVCodecParameters *c = input_stream(in, s->index)->codecpar;
    if (c->codec_id != AV_CODEC_ID_AAC || !s->first)
        return 0;
    // ADTS says in its packets what others say in their headers.
    int32_t rate = c->extradata_size > 0
                       ? read_config(c->extradata, c->extradata_size)
                       : s->first->sample_rate;
    // A decoder that gives out another rate, or twice as many samples, has met
    // SBR after all.
    bool is_plain = rate >= RATE_COPIED_LEAST && rate <= RATE &&
                    s->decoder->profile == FF_PROFILE_AAC_LOW &&
                    s->first->sample_rate == rate &&
                    s->first->nb_samples <= AAC_FRAME_SAMPLES &&
                    s->first->ch_layout.nb_channels <= 2;
    return is_plain ? rate : 0;
}

static int64_t first_sample(const struct probe_stream *s)
{
    return s->first_pts != AV_NOPTS_VALUE ? s->first_pts : s->audio_pts;
}

static const struct probe_stream *main_sound(const struct probe *p)
{
    for (uint32_t i = 0; i < p->streams; i++)
        if (probe_is_sound(&p->stream[i]))
            return &p->stream[i];
    return NULL;
}

bool probe_sound_start(const struct probe *p, AVRational to, int64_t *ret)
{
    const struct probe_stream *s = main_sound(p);
    if (!s)
        return false;
    const AVStream *stream = input_stream(p->in, s->index);
    *ret =
        av_rescale_q_rnd(first_sample(s), stream->time_base, to, AV_ROUND_DOWN);
    return true;
}

// Samples at `rate` from media zero to `pts` of the stream.
static int64_t samples_at(const struct probe *p, const AVStream *stream,
                          int64_t pts, int64_t rate)
{
    AVRational tb = stream->time_base;
    struct rational zero = p->plan->source_timebase;
    return scale_round(pts, tb.num * rate, tb.den) -
           scale_round(p->plan->origin_pts, zero.num * rate, zero.den);
}

static int64_t packets_in(int64_t samples)
{
    return max_i64(scale_ceil(samples, 1, AAC_FRAME_SAMPLES), 1);
}

// The grid of the source's own packets, when they cover the asset from less
// than a packet behind its beginning to two packets before its end.
static bool own_grid(const struct probe *p, const struct probe_stream *s,
                     int64_t end, int32_t rate, struct plan_audio *a)
{
    const AVStream *stream = input_stream(p->in, s->index);
    int64_t slack =
        scale_ceil(stream->time_base.num, rate, stream->time_base.den);
    int64_t start = samples_at(p, stream, s->grid_pts, rate);
    int64_t left_out =
        max_i64(scale_ceil(-slack - start, 1, AAC_FRAME_SAMPLES), 0);
    int64_t origin = max_i64(start + left_out * AAC_FRAME_SAMPLES, 0);
    int64_t there = s->grid_packets - left_out;
    if (origin >= AAC_FRAME_SAMPLES || there < packets_in(end - origin) - 2 ||
        there < 1)
        return false;
    a->rate = (uint32_t)rate;
    a->grid_origin = (int32_t)origin;
    a->packets = min_i64(there, packets_in(end - origin));
    a->is_copied = true;
    return true;
}

static int32_t copied_rate(const struct probe *p, const struct probe_stream *s)
{
    if (!p->ask->copy_source || s->is_damaged || !s->is_regular)
        return 0;
    return s->aac_rate;
}

static uint32_t encoded_rate(const struct probe_stream *s)
{
    return s->first->sample_rate == RATE_CD ? RATE_CD : RATE;
}

// `track` and the rest of one plan_audio; the end is in ticks of the plan.
static void lay_one(const struct probe *p, const struct probe_stream *s,
                    int64_t end_ticks, struct plan_audio *a)
{
    int32_t rate = copied_rate(p, s);
    int64_t timescale = p->plan->timescale;
    if (rate > 0 &&
        own_grid(p, s, scale_ceil(end_ticks, rate, timescale), rate, a))
        return;
    a->rate = encoded_rate(s);
    a->packets = packets_in(scale_ceil(end_ticks, a->rate, timescale));
}

void probe_lay_sound(struct probe *p, int64_t end_ticks)
{
    struct plan *plan = p->plan;
    plan->audios = 0;
    for (uint32_t i = 0; i < p->streams; i++) {
        const struct probe_stream *s = &p->stream[i];
        if (!probe_is_sound(s) || s->track < 0 || plan->audios == TRACKS_MAX)
            continue;
        struct plan_audio *a = &plan->audio[plan->audios++];
        *a = (struct plan_audio){.track = s->track};
        lay_one(p, s, end_ticks, a);
    }
}

enum err probe_lay_sound_alone(struct probe *p)
{
    const struct probe_stream *s = main_sound(p);
    if (!s)
        return fail(ERR_UNSUPPORTED, "no sound of it could be decoded");
    const AVStream *stream = input_stream(p->in, s->index);
    struct plan *plan = p->plan;
    int32_t rate = copied_rate(p, s);
    plan->timescale = rate > 0 ? (uint32_t)rate : encoded_rate(s);
    plan->source_timebase =
        (struct rational){stream->time_base.num, stream->time_base.den};
    plan->origin_pts = plan->first_pts = first_sample(s);
    int64_t end = samples_at(p, stream, s->audio_end, plan->timescale);
    end = max_i64(end, scale_ceil(s->first->nb_samples, plan->timescale,
                                  s->first->sample_rate));
    probe_lay_sound(p, max_i64(end, 1));
    plan->timescale = plan->audio[0].rate;
    return plan_lay_audio(plan, &p->ask->wish, max_i64(end, 1));
}
