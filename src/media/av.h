// SPDX-License-Identifier: MIT
// av.h - libav objects that end with their scope, and libav's error numbers.
#pragma once

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavutil/frame.h>
#include <libswresample/swresample.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"

static inline void av_frame_drop(AVFrame *f)
{
    av_frame_free(&f);
}
DEFINE_SCOPED(av_frame, AVFrame *, av_frame_drop)

static inline void av_packet_drop(AVPacket *p)
{
    av_packet_free(&p);
}
DEFINE_SCOPED(av_packet, AVPacket *, av_packet_drop)

static inline void av_codec_drop(AVCodecContext *c)
{
    avcodec_free_context(&c);
}
DEFINE_SCOPED(av_codec, AVCodecContext *, av_codec_drop)

static inline void av_graph_drop(AVFilterGraph *g)
{
    avfilter_graph_free(&g);
}
DEFINE_SCOPED(av_graph, AVFilterGraph *, av_graph_drop)

static inline void av_swr_drop(SwrContext *s)
{
    swr_free(&s);
}
DEFINE_SCOPED(av_swr, SwrContext *, av_swr_drop)

// Never NULL: like mem_new(), these abort when memory is out.
AVFrame *av_frame_new(void);
AVPacket *av_packet_new(void);
// Another reference to the picture, with times of its own.
AVFrame *av_frame_share(const AVFrame *f);

// fail() with libav's words for `number`. ENOMEM aborts no one here: a worker
// that is out of memory says ERR_IO and is replaced.
must_check enum err av_fail(int number, const char *what);

// What x264 may use of this processor.
unsigned av_x264_cpu(void);
