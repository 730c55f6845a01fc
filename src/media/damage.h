// SPDX-License-Identifier: MIT
// damage.h - hears what decoders report as errors, and of which packet.
//
// Decoders conceal damage and go on; how they do it may depend on what they
// decoded before and on their threads. So that a piece never depends on
// either, whoever decodes has to know that there was damage, and libav's log
// is the only place where all decoders tell.
//
// Threads: any; decoders report from threads of their own.
#pragma once

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>

// Hangs on AVCodecContext.opaque. Packets are told apart by what the caller
// puts into AVCodecContext.reordered_opaque before it sends one.
struct damage {
    atomic_int_fast64_t from;  // reports of packets below it do not count
    atomic_int_fast64_t count; // reports that do
};

// AVCodecContext.get_buffer2: what a decoder leaves untouched of a damaged
// picture is whatever was in the buffer before: always the same, then.
int damage_get_blank_buffer(AVCodecContext *c, AVFrame *f, int flags);

// For av_log_set_callback().
void damage_log(void *context, int level, const char *format, va_list list);
