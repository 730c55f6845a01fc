// SPDX-License-Identifier: MIT
// av.c - libav objects and error numbers; how libav is set up; its versions.
#include "av.h"

#include <lame/lame.h>
#include <libavfilter/version.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libswresample/version.h>
#include <libswscale/swscale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <x264.h>

#include "damage.h"
#include "reeld/media.h"

AVFrame *av_frame_new(void)
{
    AVFrame *f = av_frame_alloc();
    if (!f)
        abort();
    return f;
}

AVFrame *av_frame_share(const AVFrame *f)
{
    AVFrame *share = av_frame_clone(f);
    if (!share)
        abort();
    return share;
}

AVPacket *av_packet_new(void)
{
    AVPacket *p = av_packet_alloc();
    if (!p)
        abort();
    return p;
}

enum err av_fail(int number, const char *what)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(number, text, sizeof text);
    enum err code = number == AVERROR_INVALIDDATA        ? ERR_BAD_INPUT
                    : number == AVERROR_PATCHWELCOME     ? ERR_UNSUPPORTED
                    : number == AVERROR(ENOSYS)          ? ERR_UNSUPPORTED
                    : number == AVERROR_FILTER_NOT_FOUND ? ERR_UNSUPPORTED
                                                         : ERR_IO;
    return fail(code, "%s: %s", what, text);
}

// x264 164 reads memory that nobody wrote where AVX-512 code spreads the costs
// of macroblocks (widths whose number of macroblocks is not a multiple of 8):
// its output then differs from run to run. Without it every other processor
// gives the same bytes, too.
unsigned av_x264_cpu(void)
{
    x264_param_t defaults;
    x264_param_default(&defaults);
    return defaults.cpu & ~(unsigned)X264_CPU_AVX512;
}

// Every GOP takes and returns tens of megabytes. Kept in one heap they are not
// mapped and zeroed anew each time: a tenth of all CPU where it was measured.
static void keep_memory(void)
{
    enum { MMAP_FROM_BYTES = 32 << 20, KEEP_BYTES = 512 << 20 };
    mallopt(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
    mallopt(M_ARENA_MAX, 1);
}

void media_init(void)
{
    keep_memory();
    // libav writes whatever it finds in a file into its log; nothing of it
    // belongs there. What a decoder reports as an error counts as damage.
    av_log_set_callback(damage_log);
}

void media_build(char text[static RECIPE_BUILD_BYTES])
{
    unsigned codec = avcodec_version();
    unsigned filter = avfilter_version();
    unsigned format = avformat_version();
    unsigned scale = swscale_version();
    unsigned resample = swresample_version();
    snprintf(text, RECIPE_BUILD_BYTES,
             "libavcodec %u.%u.%u libavfilter %u.%u.%u libavformat %u.%u.%u "
             "libswscale %u.%u.%u libswresample %u.%u.%u x264 %d lame %s",
             AV_VERSION_MAJOR(codec), AV_VERSION_MINOR(codec),
             AV_VERSION_MICRO(codec), AV_VERSION_MAJOR(filter),
             AV_VERSION_MINOR(filter), AV_VERSION_MICRO(filter),
             AV_VERSION_MAJOR(format), AV_VERSION_MINOR(format),
             AV_VERSION_MICRO(format), AV_VERSION_MAJOR(scale),
             AV_VERSION_MINOR(scale), AV_VERSION_MICRO(scale),
             AV_VERSION_MAJOR(resample), AV_VERSION_MINOR(resample),
             AV_VERSION_MICRO(resample), X264_BUILD, get_lame_version());
}
