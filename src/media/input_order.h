// SPDX-License-Identifier: MIT
// input_order.h - when H.264 pictures are shown whose container does not say.
//
// AVI knows the order of decoding alone. H.264 numbers its pictures in order of
// display from each IDR on: so the time of the IDR, and the number, give it.
//
// Threads: one at a time a struct input_order.
#pragma once

#include <libavcodec/avcodec.h>

struct input_order; // of one stream
struct input_order *input_order_new(const AVCodecParameters *codec);
void input_order_free(struct input_order *o);

// The pts of a packet with a dts; AV_NOPTS_VALUE before the first IDR.
int64_t input_order_pts(struct input_order *o, const AVPacket *packet);
