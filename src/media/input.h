// SPDX-License-Identifier: MIT
// input.h - opens an upload with libavformat and gives out its packets.
//
// The only place that sets allow lists, protocol and size limits (threat-model
// section 3, "libav rules"), and the only one that repairs timestamps: a packet
// from input_read() of a chosen stream always has pts and dts, jumps of broken
// transport streams applied.
#pragma once

#include <libavformat/avformat.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/model/plan.h"
#include "reeld/wire.h"

struct input;

// `fd` is borrowed and read with pread(), so that several inputs may share it.
// ERR_UNSUPPORTED: not media, or not on the allow list. ERR_TOO_LARGE: a limit.
must_check enum err input_open(int fd, const struct wire_limits *limits,
                               struct input **ret);
void input_close(struct input *in);
DEFINE_SCOPED(input, struct input *, input_close)

AVFormatContext *input_format(struct input *in);
AVStream *input_stream(struct input *in, int stream); // NULL: no such stream

// Only these streams are read from now on; others are discarded unread.
void input_choose(struct input *in, const int *streams, int count);
// Corrections found by the probe (plan.jump); before the first read.
void input_set_jumps(struct input *in, const struct plan_jump *jump,
                     uint32_t count);
// The next packet of a chosen stream. ERR_NOT_FOUND at the end, ERR_IO.
// AV_PKT_FLAG_DISCARD marks what an edit list hides: decode, do not show.
must_check enum err input_read(struct input *in, AVPacket *packet);
// Goes to an entry of the plan: by byte position or by dts of `stream`. The
// next packet of that stream is the entry's (or an earlier one).
must_check enum err input_seek(struct input *in, int stream,
                               const struct plan_entry *entry,
                               bool by_byte);
// A decoder for the stream, opened with `threads` and the limits of
// input_open(); skips nothing. ERR_UNSUPPORTED.
must_check enum err input_open_decoder(struct input *in, int stream,
                                       int threads, AVCodecContext **ret);
