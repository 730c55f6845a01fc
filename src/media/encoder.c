// SPDX-License-Identifier: MIT
// encoder.c - one GOP of one rung: pictures in, one CMAF fragment out.
#include "encoder.h"

#include <libavutil/opt.h>
#include <stdio.h>
#include <string.h>

#include "cmaf.h"
#include "nal.h"
#include "reeld/base/mem.h"

enum {
    AVCC_BYTES_MAX = 4096,
    PROFILE_HIGH = 100,
};

// One thread: x264's output depends on how many it has. GOPs are closed and
// have one key frame; the encoder is told that it will never need another.
#define X264_OPTIONS                                                           \
    "lookahead-threads=1:sliced-threads=0:keyint=infinite:min-keyint=1:"       \
    "scenecut=0:open-gop=0:aud=0:repeat-headers=0:stitchable=1:nal-hrd=none"

struct encoder {
    AVCodecContext *context;
    AVPacket *packet;
    uint32_t timescale;
    struct buf avcc;
    struct buf bytes; // of the samples so far
    struct cmaf_sample *sample;
    size_t samples, capacity;
};

void encoder_free(struct encoder *e)
{
    if (!e)
        return;
    avcodec_free_context(&e->context);
    av_packet_free(&e->packet);
    buf_done(&e->avcc);
    buf_done(&e->bytes);
    free(e->sample);
    free(e);
}

static enum err set_option(AVCodecContext *c, const char *name,
                           const char *value)
{
    int got = av_opt_set(c->priv_data, name, value, 0);
    return got < 0 ? av_fail(got, name) : OK;
}

static enum err set_options(AVCodecContext *c, const struct recipe *r,
                            int64_t duration_us)
{
    char number[16];
    TRY(set_option(c, "preset", r->preset));
    TRY(set_option(c, "profile", "high"));
    snprintf(number, sizeof number, "%d.%d", r->level / 10, r->level % 10);
    TRY(set_option(c, "level", number));
    int32_t crf = recipe_crf_milli(r, duration_us);
    snprintf(number, sizeof number, "%d.%03d", crf / 1000, crf % 1000);
    TRY(set_option(c, "crf", number));
    // Captions of the source are not announced for encoded rungs (HLS-31).
    TRY(set_option(c, "a53cc", "0"));
    char options[512];
    snprintf(options, sizeof options, X264_OPTIONS ":sps-id=%d:asm=%u",
             RECIPE_SET_ID, av_x264_cpu());
    return set_option(c, "x264-params", options);
}

static enum err open_context(struct encoder *e, const struct recipe *r,
                             int64_t duration_us)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return fail(ERR_UNSUPPORTED, "libavcodec has no libx264");
    e->context = c;
    struct recipe_size size = r->size[r->sizes - 1];
    c->width = size.width;
    c->height = size.height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, (int)e->timescale};
    c->framerate = (AVRational){(int)r->frame_rate.num, (int)r->frame_rate.den};
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->color_primaries = AVCOL_PRI_BT709;
    c->color_trc = AVCOL_TRC_BT709;
    c->colorspace = AVCOL_SPC_BT709;
    c->color_range = AVCOL_RANGE_MPEG;
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
    c->rc_max_rate = r->cap_bps;
    c->rc_buffer_size = (int)r->cap_bps; // one second of it
    c->rc_initial_buffer_occupancy =
        (int)scale_round(r->cap_bps, recipe_buffer_start(duration_us), 1000);
    TRY(set_options(c, r, duration_us));
    int got = avcodec_open2(c, codec, NULL);
    return got < 0 ? av_fail(got, "libx264") : OK;
}

// What the manifest says of the rung has to be what is made.
static enum err check_avcc(const struct encoder *e, const struct recipe *r)
{
    const uint8_t *b = e->avcc.bytes; // profile, constraints, level behind [0]
    if (b[1] != PROFILE_HIGH || b[2] != 0 || b[3] != r->level)
        return fail(ERR_IO, "x264 made avc1.%02X%02X%02X for level %d", b[1],
                    b[2], b[3], (int)r->level);
    return OK;
}

enum err encoder_open(const struct recipe *r, uint32_t timescale,
                      int64_t duration_us, struct encoder **ret)
{
    scoped(encoder) struct encoder *e = NEW(struct encoder);
    e->timescale = timescale;
    e->packet = av_packet_new();
    buf_init(&e->avcc, AVCC_BYTES_MAX);
    buf_init(&e->bytes, PIECE_BYTES_MAX);
    TRY(open_context(e, r, duration_us));
    TRY(nal_write_avcc(nal_walk_over(e->context->extradata,
                                     (size_t)e->context->extradata_size, 0),
                       &e->avcc));
    TRY(buf_end(&e->avcc));
    TRY(check_avcc(e, r));
    *ret = take(e);
    return OK;
}

struct str encoder_avcc(const struct encoder *e)
{
    return buf_view(&e->avcc);
}

// CMAF-12: parameter sets that are not those of the init must not get lost.
static enum err refuse_parameter_sets(struct nal_walk w)
{
    struct nal n;
    while (nal_next(&w, &n))
        if (nal_type_of(n) == NAL_SPS || nal_type_of(n) == NAL_PPS)
            return fail(ERR_IO, "x264 put parameter sets into a sample");
    return OK;
}

static enum err add_sample(struct encoder *e, const AVPacket *p)
{
    struct nal_walk w = nal_walk_over(p->data, (size_t)p->size, 0);
    TRY(refuse_parameter_sets(w));
    size_t before = e->bytes.len;
    // The only SEI is x264's name and options, 600 bytes in every GOP.
    nal_write_sample(w, true, &e->bytes);
    struct cmaf_sample s = {.size = e->bytes.len - before,
                            .pts = p->pts,
                            .is_sync = e->samples == 0};
    if (s.is_sync != ((p->flags & AV_PKT_FLAG_KEY) != 0))
        return fail(ERR_IO, "x264 put a key frame where none belongs");
    PUSH(e->sample, e->samples, e->capacity, s);
    return OK;
}

enum err encoder_push(struct encoder *e, const AVFrame *picture)
{
    int got = avcodec_send_frame(e->context, picture);
    if (got < 0)
        return av_fail(got, "libx264");
    for (;;) {
        got = avcodec_receive_packet(e->context, e->packet);
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
            return OK;
        if (got < 0)
            return av_fail(got, "libx264");
        enum err result = add_sample(e, e->packet);
        av_packet_unref(e->packet);
        TRY(result);
    }
}

enum err encoder_finish(struct encoder *e, int64_t from, int64_t to,
                        struct buf *out)
{
    TRY(encoder_push(e, NULL));
    TRY(buf_end(&e->bytes));
    if (e->samples == 0)
        return fail(ERR_IO, "x264 made nothing");
    struct cmaf_fragment f = {.timescale = e->timescale,
                              .from = from,
                              .to = to,
                              .sample = e->sample,
                              .samples = e->samples,
                              .bytes = buf_view(&e->bytes)};
    return cmaf_write_video(&f, out);
}
