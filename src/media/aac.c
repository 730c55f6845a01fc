// SPDX-License-Identifier: MIT
// aac.c - AAC-LC: the encoder, ADTS headers, AudioSpecificConfig.
#include "aac.h"

#include <assert.h>
#include <libavutil/channel_layout.h>
#include <string.h>

#include "reeld/model/plan.h"

enum {
    ADTS_BYTES = 7,
    ADTS_CRC_BYTES = 2,
    SILENCE_BPS = 64000,
};

enum err aac_open_encoder(int32_t rate, int32_t channels, int64_t bitrate,
                          AVCodecContext **ret)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    scoped(av_codec) AVCodecContext *c =
        codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return fail(ERR_UNSUPPORTED, "libavcodec has no AAC encoder");
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->sample_rate = rate;
    av_channel_layout_default(&c->ch_layout, channels);
    c->bit_rate = bitrate;
    c->profile = FF_PROFILE_AAC_LOW;
    c->time_base = (AVRational){1, rate};
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    int got = avcodec_open2(c, codec, NULL);
    if (got < 0)
        return av_fail(got, "AAC encoder");
    if (c->frame_size != AAC_FRAME_SAMPLES)
        return fail(ERR_IO, "AAC encoder with frames of %d", c->frame_size);
    *ret = take(c);
    return OK;
}

size_t aac_adts_header(const uint8_t *bytes, size_t len)
{
    // Sync word of 12 bits, layer 0, 1.A.2.2.
    if (len < ADTS_BYTES || bytes[0] != 0xFF || (bytes[1] & 0xF6) != 0xF0)
        return 0;
    bool has_crc = !(bytes[1] & 1);
    size_t header = ADTS_BYTES + (has_crc ? ADTS_CRC_BYTES : 0);
    return header < len ? header : 0;
}

void aac_config_of_adts(const uint8_t *header,
                        uint8_t ret[static AAC_CONFIG_BYTES])
{
    unsigned object = (header[2] >> 6) + 1u;
    unsigned rate = header[2] >> 2 & 15u;
    unsigned channels = (header[2] & 1u) << 2 | header[3] >> 6;
    unsigned config = object << 11 | rate << 7 | channels << 3;
    ret[0] = (uint8_t)(config >> 8);
    ret[1] = (uint8_t)config;
}

static enum err encode_silence(AVCodecContext *c, struct buf *out)
{
    enum { WARM_UP = 4 }; // packets until nothing of the start is left
    scoped(av_frame) AVFrame *f = av_frame_new();
    scoped(av_packet) AVPacket *p = av_packet_new();
    f->nb_samples = AAC_FRAME_SAMPLES;
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = c->sample_rate;
    int got = av_channel_layout_copy(&f->ch_layout, &c->ch_layout);
    if (got >= 0)
        got = av_frame_get_buffer(f, 0);
    if (got < 0)
        return av_fail(got, "silence");
    for (int i = 0; i < f->ch_layout.nb_channels; i++)
        memset(f->extended_data[i], 0, AAC_FRAME_SAMPLES * sizeof(float));
    for (int packets = 0; packets < WARM_UP;) {
        got = avcodec_send_frame(c, f);
        if (got < 0)
            return av_fail(got, "silence");
        while (avcodec_receive_packet(c, p) >= 0)
            if (++packets == WARM_UP)
                buf_add(out, p->data, (size_t)p->size);
    }
    return buf_end(out);
}

enum err aac_silence(int32_t rate, int32_t channels, struct buf *out)
{
    scoped(av_codec) AVCodecContext *c = NULL;
    TRY(aac_open_encoder(rate, channels, SILENCE_BPS, &c));
    assert(c);
    return encode_silence(c, out);
}
