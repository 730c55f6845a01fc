// SPDX-License-Identifier: MIT
// input.h - opens an upload with libavformat and gives out its packets.
//
// The only place that sets allow lists, protocol and size limits (threat-model
// section 3, "libav rules"), and the only one that repairs timestamps: a packet
// from input_read() of a chosen stream always has pts and dts, jumps of broken
// transport streams applied.
//
// Threads: one at a time a struct input.
#pragma once

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/model/plan.h"
#include "reeld/wire.h"

struct input;
struct boxes;

// `fd` is borrowed and read with pread(), so that several inputs may share it.
// ERR_UNSUPPORTED: not media, or not on the allow list. ERR_TOO_LARGE: a limit.
// ERR_TIMEOUT: its headers take too long. The sentence is for the uploader.
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
// The next packet of a chosen stream. ERR_NOT_FOUND at the end (a damaged file
// ends where its damage begins), ERR_IO, ERR_TIMEOUT.
// AV_PKT_FLAG_DISCARD marks what an edit list hides: decode, do not show.
must_check enum err input_read(struct input *in, AVPacket *packet);
// Goes to an entry of the plan: by byte position or by dts of `stream`. The
// next packet of that stream is the entry's (or an earlier one).
must_check enum err input_seek(struct input *in, int stream,
                               const struct plan_entry *entry, bool by_byte);
// Of two entries of one stream.
bool entry_is_before(const struct plan_entry *a, const struct plan_entry *b,
                     bool by_byte);
// Behind input_seek(): has it landed before the entry, so that this packet is
// to be left out?
bool input_is_before(struct input *in, const AVPacket *packet,
                     const struct plan_entry *entry, bool by_byte);
// Goes to where the next packet of the audio `stream` begins at or before `pts`
// (its own time base). `near`: with by_byte, an entry of the plan about there,
// or NULL: from the beginning.
must_check enum err input_seek_audio(struct input *in, int stream, int64_t pts,
                                     const struct plan_entry *near,
                                     bool by_byte);
// A decoder for the stream, opened with `threads` and the limits of
// input_open(); skips nothing. ERR_UNSUPPORTED.
must_check enum err input_open_decoder(struct input *in, int stream,
                                       int threads, AVCodecContext **ret);

// ---- for the probe ----------------------------------------------------------

// It holds one picture.
bool input_is_picture(const struct input *in);
// Entries of this container are reached by byte position.
bool input_seeks_by_byte(const struct input *in);
// Its clock may jump: packets have to be looked at for it.
bool input_may_jump(const struct input *in);
// Its pts are counted from IDRs on: no other packet is an entry.
bool input_counts_from_idr(const struct input *in, int stream);
// What plan_entry.dts and .position are of a key packet of this container.
struct plan_entry input_entry_of(struct input *in, const AVPacket *packet);
// True when packets can be walked by the index alone: then, once switched on,
// packets have sizes, times, flags and positions, but no data worth looking at.
// Switching rewinds to nowhere: seek afterwards.
bool input_may_skip_data(const struct input *in);
// All chosen streams from their beginning; ERR_UNSUPPORTED.
must_check enum err input_rewind(struct input *in);
void input_skip_data(struct input *in, bool is_on);
const struct boxes *input_boxes(const struct input *in);
int64_t input_size_bytes(const struct input *in);
