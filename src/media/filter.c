// SPDX-License-Identifier: MIT
// filter.c - one libavfilter graph, described by text, one picture in and out.
#include "filter.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include "reeld/base/mem.h"

enum {
    TEXT_BYTES = 1024,
    // BT.2408: diffuse white of HDR is at 203 cd/m2; it becomes SDR's white.
    // Light is mapped from as far up as 1000 cd/m2, the brightest that is
    // mastered for, whatever the file claims.
    WHITE_NITS = 203,
};
#define PEAK_OVER_WHITE "4.926"
// What libavfilter puts in by itself for formats that zscale does not read.
#define SCALE_OPTIONS "flags=lanczos+accurate_rnd+bitexact"

struct filter {
    AVFilterGraph *graph;
    AVFilterContext *source, *sink;
    AVRational timebase;
    // What it was made for.
    int width, height, format;
    struct colour colour;
    const struct recipe *recipe; // NULL: a step
};

void filter_free(struct filter *f)
{
    if (!f)
        return;
    avfilter_graph_free(&f->graph);
    free(f);
}

static enum err open_source(struct filter *f)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text,
             "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=1/1",
             f->width, f->height, f->format, f->timebase.num, f->timebase.den);
    int got = avfilter_graph_create_filter(
        &f->source, avfilter_get_by_name("buffer"), "in", text, NULL, f->graph);
    return got < 0 ? av_fail(got, "filter source") : OK;
}

// Puts the filters of `text` between a source and a sink.
static enum err open_graph(struct filter *f, const char *text)
{
    f->graph = avfilter_graph_alloc();
    if (!f->graph)
        return fail(ERR_IO, "no memory for filters");
    f->graph->nb_threads = 1;
    f->graph->scale_sws_opts = av_strdup(SCALE_OPTIONS);
    TRY(open_source(f));
    int got = avfilter_graph_create_filter(&f->sink,
                                           avfilter_get_by_name("buffersink"),
                                           "out", NULL, NULL, f->graph);
    if (got < 0)
        return av_fail(got, "filter sink");
    AVFilterInOut *outputs = avfilter_inout_alloc();
    AVFilterInOut *inputs = avfilter_inout_alloc();
    if (!outputs || !inputs)
        abort();
    *outputs = (AVFilterInOut){av_strdup("in"), f->source, 0, NULL};
    *inputs = (AVFilterInOut){av_strdup("out"), f->sink, 0, NULL};
    got = avfilter_graph_parse_ptr(f->graph, text, &inputs, &outputs, NULL);
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    if (got >= 0)
        got = avfilter_graph_config(f->graph, NULL);
    return got < 0 ? av_fail(got, "filters") : OK;
}

// Chroma of less than full size has no half samples at the right and lower
// edge: what sticks out is left out.
static int cut(int side, int shift)
{
    int whole = side >> shift << shift;
    return whole > 0 ? whole : side;
}

static bool is_sideways(const struct recipe *r)
{
    return r->rotation == 90 || r->rotation == 270;
}

static void write_scale(struct buf *out, int width, int height,
                        const struct colour *c)
{
    buf_printf(out, "zscale=w=%d:h=%d:f=lanczos:d=none", width, height);
    buf_printf(out, ":min=%d:pin=%d:tin=%d:rin=%s:cin=%s", c->matrix,
               c->primaries, c->transfer, c->is_full_range ? "full" : "limited",
               av_chroma_location_name(c->chroma));
    if (colour_is_hdr(c)) {
        buf_printf(out, ":p=709:t=linear:m=gbr:r=full:npl=%d", WHITE_NITS);
        buf_text(out, ",format=gbrpf32le,tonemap=mobius:param=0.3:desat=2"
                      ":peak=" PEAK_OVER_WHITE
                      ",zscale=min=gbr:pin=709:tin=linear:rin=full:d=none");
    }
    buf_text(out, ":m=709:p=709:t=709:r=limited:c=left,format=yuv420p");
}

static void write_turn(struct buf *out, const struct recipe *r)
{
    if (r->is_mirrored)
        buf_text(out, ",hflip");
    if (r->rotation == 90)
        buf_text(out, ",transpose=clock");
    if (r->rotation == 180)
        buf_text(out, ",hflip,vflip");
    if (r->rotation == 270)
        buf_text(out, ",transpose=cclock");
}

// One side of what is kept: in proportion, on whole chroma samples.
static int kept_side(int side, int32_t kept, int32_t of, int shift)
{
    int step = (int)max_i64(2, INT64_C(1) << shift);
    if (kept == of || side < step)
        return side;
    int64_t own = scale_round(side, kept, (int64_t)of * step) * step;
    return (int)clamp_i64(own, step, side);
}

// About the centre, to the left and up by less than a step where it must be.
static void write_crop(struct buf *out, const struct recipe_crop *c,
                       const AVPixFmtDescriptor *d, int *width, int *height)
{
    if (c->of.width == 0)
        return;
    int w = kept_side(*width, c->kept.width, c->of.width, d->log2_chroma_w);
    int h = kept_side(*height, c->kept.height, c->of.height, d->log2_chroma_h);
    int step_x = (int)max_i64(2, INT64_C(1) << d->log2_chroma_w);
    int step_y = (int)max_i64(2, INT64_C(1) << d->log2_chroma_h);
    buf_printf(out, "crop=w=%d:h=%d:x=%d:y=%d,", w, h,
               (*width - w) / 2 / step_x * step_x,
               (*height - h) / 2 / step_y * step_y);
    *width = w;
    *height = h;
}

static void write_head(struct buf *out, const struct recipe *r,
                       const struct filter *f)
{
    struct recipe_size to = r->size[0];
    int width = is_sideways(r) ? to.height : to.width;
    int height = is_sideways(r) ? to.width : to.height;
    if (r->deinterlace)
        buf_text(out, "bwdif=mode=send_frame:parity=auto:deint=interlaced,");
    int own_width = f->width, own_height = f->height;
    write_crop(out, &r->crop, av_pix_fmt_desc_get(f->format), &own_width,
               &own_height);
    // zscale refuses subsampled pictures of a single column or line.
    if (own_width < 2 || own_height < 2)
        buf_text(out, "scale=w=2:h=2:" SCALE_OPTIONS ",");
    if (own_width == width && own_height == height &&
        f->format == AV_PIX_FMT_YUV420P && colour_is_ours(&f->colour))
        buf_text(out, "null");
    else
        write_scale(out, width, height, &f->colour);
    write_turn(out, r);
}

enum err filter_open_head(const struct recipe *r, const AVFrame *like,
                          uint32_t timescale, struct filter **ret)
{
    scoped(filter) struct filter *f = NEW(struct filter);
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(like->format);
    if (!d)
        return fail(ERR_BAD_INPUT, "a picture of unknown format");
    f->width = cut(like->width, d->log2_chroma_w);
    f->height = cut(like->height, d->log2_chroma_h);
    f->format = like->format;
    f->colour = colour_of(like, r);
    f->recipe = r;
    f->timebase = (AVRational){1, (int)timescale};
    scoped(buf) struct buf text;
    buf_init(&text, TEXT_BYTES);
    write_head(&text, r, f);
    TRY(buf_end(&text));
    TRY(open_graph(f, (const char *)text.bytes));
    *ret = take(f);
    return OK;
}

// A graph for our own pictures, which are all of one kind.
static enum err open_ours(struct recipe_size size, uint32_t timescale,
                          const char *text, struct filter **ret)
{
    scoped(filter) struct filter *f = NEW(struct filter);
    f->width = size.width;
    f->height = size.height;
    f->format = AV_PIX_FMT_YUV420P;
    f->timebase = (AVRational){1, (int)timescale};
    TRY(open_graph(f, text));
    *ret = take(f);
    return OK;
}

enum err filter_open_step(struct recipe_size from, struct recipe_size to,
                          uint32_t timescale, struct filter **ret)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text,
             "zscale=w=%d:h=%d:f=lanczos:d=none,format=yuv420p", to.width,
             to.height);
    return open_ours(from, timescale, text, ret);
}

enum err filter_open_file(struct recipe_size size, enum image_format format,
                          uint32_t timescale, struct filter **ret)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text,
             "zscale=d=none:min=709:rin=limited:cin=left:m=170m:r=%s:c=center,"
             "format=yuv420p",
             format == IMAGE_JPEG ? "full" : "limited");
    return open_ours(size, timescale, text, ret);
}

static bool same_colour(const struct colour *a, const struct colour *b)
{
    return a->matrix == b->matrix && a->primaries == b->primaries &&
           a->transfer == b->transfer && a->is_full_range == b->is_full_range &&
           a->chroma == b->chroma;
}

bool filter_fits(const struct filter *filter, const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    if (!d || !filter->recipe)
        return d != NULL;
    struct colour colour = colour_of(f, filter->recipe);
    return filter->format == f->format &&
           filter->width == cut(f->width, d->log2_chroma_w) &&
           filter->height == cut(f->height, d->log2_chroma_h) &&
           same_colour(&filter->colour, &colour);
}

enum err filter_push(struct filter *filter, AVFrame *frame)
{
    scoped(av_frame) AVFrame *f = frame;
    if (f && filter->recipe) {
        const struct colour *c = &filter->colour;
        f->width = filter->width;
        f->height = filter->height;
        f->colorspace = c->matrix;
        f->color_primaries = c->primaries;
        f->color_trc = c->transfer;
        f->color_range = c->is_full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
        f->chroma_location = c->chroma;
        f->sample_aspect_ratio = (AVRational){1, 1};
        // zscale would take the picture for a single field of it.
        if (!filter->recipe->deinterlace)
            f->interlaced_frame = 0;
    }
    int got = av_buffersrc_add_frame_flags(filter->source, f, 0);
    return got < 0 ? av_fail(got, "filtering") : OK;
}

enum err filter_pull(struct filter *filter, AVFrame **ret)
{
    scoped(av_frame) AVFrame *f = av_frame_new();
    int got = av_buffersink_get_frame_flags(filter->sink, f, 0);
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
        return fail(ERR_NOT_FOUND, "no picture yet");
    if (got < 0)
        return av_fail(got, "filtering");
    // bwdif counts in half ticks.
    f->pts = av_rescale_q(f->pts, av_buffersink_get_time_base(filter->sink),
                          filter->timebase);
    colour_tag(f);
    *ret = take(f);
    return OK;
}
