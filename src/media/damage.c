// SPDX-License-Identifier: MIT
// damage.c - hears what decoders report as errors, and of which packet.
#include "damage.h"

#include <libavutil/log.h>
#include <string.h>

enum { BLANK_BYTE = 0x80 };

int damage_get_blank_buffer(AVCodecContext *c, AVFrame *f, int flags)
{
    int got = avcodec_default_get_buffer2(c, f, flags);
    for (int i = 0; got >= 0 && i < AV_NUM_DATA_POINTERS && f->buf[i]; i++)
        memset(f->buf[i]->data, BLANK_BYTE, f->buf[i]->size);
    return got;
}

void damage_log(void *context, int level, const char *format, va_list list)
{
    (void)format;
    (void)list;
    if (!context || level > AV_LOG_ERROR)
        return;
    const AVClass *class = *(const AVClass *const *)context;
    if (class != avcodec_get_class())
        return;
    const AVCodecContext *decoder = context;
    struct damage *d = decoder->opaque;
    if (d && decoder->reordered_opaque >= atomic_load(&d->from))
        atomic_fetch_add(&d->count, 1);
}
