// SPDX-License-Identifier: MIT
// make_init.c - the headers of renditions.
#include <string.h>

#include "aac.h"
#include "av.h"
#include "cmaf.h"
#include "encoder.h"
#include "make.h"
#include "nal.h"

enum { SETS_BYTES_MAX = 1 << 20 };

static enum err init_encoded_video(const struct wire_make *ask,
                                   const struct recipe *r, struct buf *out)
{
    scoped(encoder) struct encoder *e = NULL;
    TRY(encoder_open(r, ask->timescale, 0, &e));
    struct recipe_size size = r->size[r->sizes - 1];
    struct cmaf_video v = {
        .timescale = ask->timescale,
        .width = size.width,
        .height = size.height,
        .sample_aspect = {1, 1},
        .avcc = encoder_avcc(e),
        .has_colour = true,
        .primaries = AVCOL_PRI_BT709,
        .transfer = AVCOL_TRC_BT709,
        .matrix = AVCOL_SPC_BT709
    };
    return cmaf_write_video_init(&v, "", out);
}

// ISO 639-2 as containers have it.
static const char *language_of(const AVStream *s)
{
    const AVDictionaryEntry *e = av_dict_get(s->metadata, "language", NULL, 0);
    return e ? e->value : "";
}

static bool has_sets(const struct buf *sets)
{
    scoped(buf) struct buf trial;
    buf_init(&trial, SETS_BYTES_MAX);
    struct nal_walk w = nal_walk_over(sets->bytes, sets->len, 0);
    return sets->len > 0 && nal_write_avcc(w, &trial) == OK;
}

// Parameter sets in Annex B: from extradata, else from the first packets of the
// file, wherever the request's range lies.
static enum err find_sets(struct make *m, const AVCodecParameters *p,
                          int stream, struct buf *sets)
{
    enum { PACKETS_MAX = 500 };
    nal_unpack_avcc(p->extradata, (size_t)p->extradata_size, sets);
    if (has_sets(sets))
        return OK;
    scoped(av_packet) AVPacket *packet = av_packet_new();
    scoped(input) struct input *in = NULL;
    TRY(source_open_input(m->source, m->ask, stream, &in));
    for (int i = 0; i < PACKETS_MAX; i++) {
        TRY(input_read(in, packet));
        buf_done(sets);
        buf_add(sets, packet->data, (size_t)packet->size);
        if (has_sets(sets))
            return OK;
    }
    return fail(ERR_BAD_INPUT, "no parameter sets in the first packets");
}

// Only what the container says of colours: an init that is silent leaves them
// to the SPS.
static void set_colour(struct cmaf_video *v, const AVCodecParameters *p)
{
    if (p->color_primaries == AVCOL_PRI_UNSPECIFIED ||
        p->color_trc == AVCOL_TRC_UNSPECIFIED ||
        p->color_space == AVCOL_SPC_UNSPECIFIED)
        return;
    v->has_colour = true;
    v->primaries = p->color_primaries;
    v->transfer = p->color_trc;
    v->matrix = p->color_space;
    v->is_full_range = p->color_range == AVCOL_RANGE_JPEG;
}

static enum err add_sets_of_edges(const struct wire_make *ask,
                                  const struct recipe *r, struct buf *sets)
{
    scoped(encoder) struct encoder *e = NULL;
    TRY(encoder_open(r, ask->timescale, 0, &e));
    struct str avcc = encoder_avcc(e);
    nal_unpack_avcc((const uint8_t *)avcc.ptr, avcc.len, sets);
    return buf_end(sets);
}

static enum err init_copied_video(struct make *m, const struct recipe *r,
                                  struct buf *out)
{
    enum { AVCC_BYTES_MAX = 1 << 16 };
    struct input *in = NULL;
    TRY(source_input(m->source, m->ask, r->stream, &in));
    const AVStream *s = input_stream(in, r->stream);
    const AVCodecParameters *p = s->codecpar;
    if (p->codec_id != AV_CODEC_ID_H264)
        return fail(ERR_UNSUPPORTED, "only H.264 is copied");
    scoped(buf) struct buf sets, avcc;
    buf_init(&sets, SETS_BYTES_MAX);
    buf_init(&avcc, AVCC_BYTES_MAX);
    TRY(find_sets(m, p, r->stream, &sets));
    if (r->sizes > 0)
        TRY(add_sets_of_edges(m->ask, r, &sets));
    TRY(nal_write_avcc(nal_walk_over(sets.bytes, sets.len, 0), &avcc));
    TRY(buf_end(&avcc));
    AVRational aspect = s->sample_aspect_ratio.num > 0 ? s->sample_aspect_ratio
                                                       : p->sample_aspect_ratio;
    struct cmaf_video v = {.timescale = m->ask->timescale,
                           .width = p->width,
                           .height = p->height,
                           .avcc = buf_view(&avcc)};
    if (aspect.num > 0 && aspect.den > 0)
        v.sample_aspect = (struct rational){aspect.num, aspect.den};
    set_colour(&v, p);
    return cmaf_write_video_init(&v, language_of(s), out);
}

static enum err init_encoded_audio(struct make *m, const struct recipe *r,
                                   struct buf *out)
{
    struct input *in = NULL;
    if (r->stream >= 0)
        TRY(source_input(m->source, m->ask, r->stream, &in));
    scoped(av_codec) AVCodecContext *c = NULL;
    TRY(aac_open_encoder(r->sample_rate, r->channels, r->bitrate, &c));
    struct cmaf_audio a = {
        .rate = (uint32_t)r->sample_rate,
        .channels = r->channels,
        .bitrate = r->bitrate,
        .config = {(const char *)c->extradata, (size_t)c->extradata_size}
    };
    const char *language = in ? language_of(input_stream(in, r->stream)) : "";
    return cmaf_write_audio_init(&a, language, out);
}

// What the first packet's ADTS header says, where the container says nothing.
static enum err config_of_packets(struct make *m, int stream,
                                  uint8_t ret[static AAC_CONFIG_BYTES])
{
    scoped(av_packet) AVPacket *packet = av_packet_new();
    scoped(input) struct input *in = NULL;
    TRY(source_open_input(m->source, m->ask, stream, &in));
    TRY(input_read(in, packet));
    if (aac_adts_header(packet->data, (size_t)packet->size) == 0)
        return fail(ERR_UNSUPPORTED, "AAC without a configuration");
    aac_config_of_adts(packet->data, ret);
    return OK;
}

static enum err init_copied_audio(struct make *m, const struct recipe *r,
                                  struct buf *out)
{
    struct input *in = NULL;
    TRY(source_input(m->source, m->ask, r->stream, &in));
    const AVStream *s = input_stream(in, r->stream);
    const AVCodecParameters *p = s->codecpar;
    struct cmaf_audio a = {
        .rate = (uint32_t)r->sample_rate,
        .channels = r->channels,
        .bitrate = r->bitrate,
        .config = {(const char *)p->extradata, (size_t)p->extradata_size}
    };
    // Lent to `a`, so it lives as long.
    // cppcheck-suppress variableScope
    uint8_t config[AAC_CONFIG_BYTES];
    if (a.config.len < AAC_CONFIG_BYTES) {
        TRY(config_of_packets(m, r->stream, config));
        a.config = (struct str){(const char *)config, sizeof config};
    }
    return cmaf_write_audio_init(&a, language_of(s), out);
}

enum err make_init(struct make *m, uint32_t output)
{
    const struct recipe *r = &m->ask->output[output].recipe;
    struct buf *out = &m->out[output];
    bool is_copied = r->mode == RECIPE_COPY;
    if (r->kind == TRACK_VIDEO)
        return is_copied ? init_copied_video(m, r, out)
                         : init_encoded_video(m->ask, r, out);
    return is_copied ? init_copied_audio(m, r, out)
                     : init_encoded_audio(m, r, out);
}
