// SPDX-License-Identifier: MIT
// input_vop.h - MPEG-4 Part 2 out of AVI: one picture a packet, with its time.
//
// AVI has one chunk a display slot and no pts. So that players without a delay
// could play B-frames, writers packed a P-frame and the B-frame shown before it
// into one chunk and put an empty picture into the next. Both forms are turned
// into one picture a packet; B-frames are shown in the slot before their own,
// and a P-frame in the slot of the last B-frame that follows it:
//
//   chunk     0     1      2     3      4     5
//   picture   I     P      B     P      B     B
//   shown at  0     2      1     5      3     4
//
// Threads: one at a time a struct input_vops.
#pragma once

#include <stdbool.h>

#include <libavcodec/avcodec.h>

struct input_vops; // of one stream
struct input_vops *input_vops_new(const AVCodecParameters *codec);
void input_vops_free(struct input_vops *v);

// Takes the packet's bytes over; NULL: no more are coming.
void input_vops_put(struct input_vops *v, AVPacket *packet);
// The next packet in decoding order whose time is known; false: put more.
// Pictures that are not coded have AV_PKT_FLAG_DISCARD.
bool input_vops_take(struct input_vops *v, AVPacket *ret);

// The first picture of a packet is coded, and without looking back.
bool input_vop_is_intra(const uint8_t *bytes, size_t len);
