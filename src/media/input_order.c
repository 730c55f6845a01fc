// SPDX-License-Identifier: MIT
// input_order.c - picture order counts of H.264 as times.
//
// Counts rise by two a frame (ITU-T H.264 clause 8.2.1: one a field), and a
// frame of AVI lasts one tick of its time base.
#include "input_order.h"

#include "nal.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

enum { COUNTS_A_FRAME = 2 };

struct input_order {
    AVCodecParserContext *parser;
    AVCodecContext *codec;
    int length_size;
    int64_t idr_dts;
};

struct input_order *input_order_new(const AVCodecParameters *codec)
{
    struct input_order *o = NEW(struct input_order);
    o->idr_dts = AV_NOPTS_VALUE;
    o->length_size = nal_length_size(codec->extradata,
                                     (size_t)max_i64(codec->extradata_size, 0));
    o->parser = av_parser_init(codec->codec_id);
    o->codec = avcodec_alloc_context3(NULL);
    if (!o->parser || !o->codec ||
        avcodec_parameters_to_context(o->codec, codec) < 0) {
        input_order_free(o);
        return NULL;
    }
    o->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    return o;
}

void input_order_free(struct input_order *o)
{
    if (!o)
        return;
    if (o->parser)
        av_parser_close(o->parser);
    avcodec_free_context(&o->codec);
    free(o);
}

static bool is_idr(const struct input_order *o, const AVPacket *packet)
{
    struct nal_walk walk =
        nal_walk_over(packet->data, (size_t)packet->size, o->length_size);
    struct nal n;
    while (nal_next(&walk, &n))
        if (nal_type_of(n) == NAL_IDR || nal_type_of(n) == NAL_SLICE)
            return nal_type_of(n) == NAL_IDR;
    return false;
}

int64_t input_order_pts(struct input_order *o, const AVPacket *packet)
{
    uint8_t *bytes = NULL;
    int len = 0;
    av_parser_parse2(o->parser, o->codec, &bytes, &len, packet->data,
                     packet->size, packet->pts, packet->dts, packet->pos);
    if (is_idr(o, packet))
        o->idr_dts = packet->dts;
    if (o->idr_dts == AV_NOPTS_VALUE)
        return AV_NOPTS_VALUE;
    return o->idr_dts + o->parser->output_picture_number / COUNTS_A_FRAME;
}
