// SPDX-License-Identifier: MIT
// probe_field.c - asks libavcodec's H.264 parser whether a packet is a field.
#include "probe_field.h"

#include "reeld/base/mem.h"

struct field_watch {
    AVCodecParserContext *parser;
    AVCodecContext *codec;
    int waiting; // the field that has no partner yet, 0 none
};

struct field_watch *field_watch_new(const AVCodecParameters *codec)
{
    struct field_watch *w = NEW(struct field_watch);
    w->parser = av_parser_init(codec->codec_id);
    w->codec = avcodec_alloc_context3(NULL);
    if (!w->parser || !w->codec ||
        avcodec_parameters_to_context(w->codec, codec) < 0) {
        field_watch_free(w);
        return NULL;
    }
    w->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    return w;
}

void field_watch_free(struct field_watch *w)
{
    if (!w)
        return;
    if (w->parser)
        av_parser_close(w->parser);
    avcodec_free_context(&w->codec);
    free(w);
}

bool field_watch_is_second(struct field_watch *w, const AVPacket *packet)
{
    uint8_t *bytes = NULL;
    int len = 0;
    av_parser_parse2(w->parser, w->codec, &bytes, &len, packet->data,
                     packet->size, packet->pts, packet->dts, packet->pos);
    int field = w->parser->picture_structure;
    bool is_field = field == AV_PICTURE_STRUCTURE_TOP_FIELD ||
                    field == AV_PICTURE_STRUCTURE_BOTTOM_FIELD;
    bool is_second = is_field && w->waiting != 0 && w->waiting != field;
    w->waiting = is_field && !is_second ? field : 0;
    return is_second;
}
