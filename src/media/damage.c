// SPDX-License-Identifier: MIT
// damage.c - hears what decoders report as errors, and of which packet.
#include "damage.h"

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>

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
