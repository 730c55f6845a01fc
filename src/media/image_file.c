// SPDX-License-Identifier: MIT
// image_file.c - pictures in, a JPEG or WebP file out.
#include "image_file.h"

#include <libavutil/opt.h>

#include "filter.h"
#include "reeld/base/mem.h"

struct image_file {
    const struct recipe_image *image;
    AVCodecContext *encoder;
    AVPacket *packet;
    struct filter *filter;
};

void image_file_free(struct image_file *f)
{
    if (!f)
        return;
    avcodec_free_context(&f->encoder);
    av_packet_free(&f->packet);
    filter_free(f->filter);
    free(f);
}

static const char *encoder_of(const struct recipe_image *image)
{
    if (image->format == IMAGE_JPEG)
        return "mjpeg";
    return image->form == IMAGE_MOVING ? "libwebp_anim" : "libwebp";
}

static enum err set_quality(AVCodecContext *c, const struct recipe_image *image)
{
    if (image->format == IMAGE_JPEG) {
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = image->quality * FF_QP2LAMBDA;
        return OK;
    }
    int got = av_opt_set_double(c->priv_data, "quality", image->quality, 0);
    return got < 0 ? av_fail(got, "quality") : OK;
}

static enum err open_encoder(struct image_file *f, struct recipe_size size,
                             uint32_t timescale)
{
    const char *name = encoder_of(f->image);
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return fail(ERR_UNSUPPORTED, "libavcodec has no %s", name);
    f->encoder = c;
    bool is_jpeg = f->image->format == IMAGE_JPEG;
    c->width = size.width;
    c->height = size.height;
    c->pix_fmt = is_jpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    c->color_range = is_jpeg ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    c->time_base = (AVRational){1, (int)timescale};
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT; // no name of a library in the file
    TRY(set_quality(c, f->image));
    int got = avcodec_open2(c, codec, NULL);
    return got < 0 ? av_fail(got, name) : OK;
}

enum err image_file_open(const struct recipe_image *image,
                         struct recipe_size size, uint32_t timescale,
                         struct image_file **ret)
{
    scoped(image_file) struct image_file *f = NEW(struct image_file);
    f->image = image;
    f->packet = av_packet_new();
    TRY(filter_open_file(size, image->format, timescale, &f->filter));
    TRY(open_encoder(f, size, timescale));
    *ret = take(f);
    return OK;
}

enum err image_file_push(struct image_file *f, AVFrame *picture)
{
    TRY(filter_push(f->filter, picture));
    scoped(av_frame) AVFrame *own = NULL;
    TRY(filter_pull(f->filter, &own));
    own->format = f->encoder->pix_fmt;
    own->color_range = f->encoder->color_range;
    own->colorspace = AVCOL_SPC_SMPTE170M;
    own->quality = f->encoder->global_quality;
    own->pict_type = AV_PICTURE_TYPE_NONE;
    int got = avcodec_send_frame(f->encoder, own);
    return got < 0 ? av_fail(got, f->encoder->codec->name) : OK;
}

// Whatever the form, the encoder's packets are the file from end to end.
enum err image_file_finish(struct image_file *f, struct buf *out)
{
    int got = avcodec_send_frame(f->encoder, NULL);
    while (got >= 0) {
        got = avcodec_receive_packet(f->encoder, f->packet);
        if (got < 0)
            break;
        buf_add(out, f->packet->data, (size_t)f->packet->size);
        av_packet_unref(f->packet);
    }
    if (got != AVERROR_EOF)
        return av_fail(got, f->encoder->codec->name);
    if (out->len == 0)
        return fail(ERR_IO, "%s made nothing", f->encoder->codec->name);
    return buf_end(out);
}
