// SPDX-License-Identifier: MIT
// media.h - uploaded bytes in, tracks, plans and pieces out (libav*).
//
// Runs only in reel-worker, behind the sandbox. Files of this room share
// src/media/*.h among themselves; this is what the worker room may call.
//
// Threads: one at a time a struct media_source; media_make() starts threads of
// its own and joins them.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/wire.h"

// One-time set-up: logging, allow lists. Call after sandbox_enter().
void media_init(void);
// "libavcodec 59.37.100 libavfilter ... x264 164": part of every recipe.
void media_build(char text[static RECIPE_BUILD_BYTES]);

// An upload, kept open from request to request with its decoder, so that the
// next range in a row costs no seek. Takes `fd` over.
struct media_source;
struct media_source *media_source_new(int fd);
void media_source_free(struct media_source *s);
DEFINE_SCOPED(media_source, struct media_source *, media_source_free)

// Fills *ret and writes the packed plan to `plan_fd`. A refusal of the file is
// in ret->result, code and detail.
void media_probe(struct media_source *s, const struct wire_probe *ask,
                 int plan_fd, struct wire_probed *ret);

// Makes ask->output[i] into output_fds[i]. `s` may be NULL where no recipe has
// a stream of it. Same ask, same bytes: whatever was
// made before, whatever `threads`.
void media_make(struct media_source *s, const struct wire_make *ask,
                const int *output_fds, struct wire_made *ret);

// Writes the MPEG-TS view of CMAF pieces (our own fragments only): both tracks
// muxed, or the one that ask->has_video and has_audio leave; the descriptors of
// the other are not looked at. The bytes depend on the pieces alone, and end so
// that those of any other segment of the asset may follow.
void media_make_ts(const struct wire_ts *ask, int video_init_fd,
                   int video_piece_fd, int audio_init_fd, int audio_piece_fd,
                   int output_fd, struct wire_made *ret);

// Ends a download whose parts (our own pieces, see wire.h) lie in `parts_fd`
// and are listed in `list_fd`: writes the head of an MP4 or M4A, or the whole
// MP3. The bytes depend on the parts and the ask alone.
void media_make_file(const struct wire_file *ask, int parts_fd, int list_fd,
                     int output_fd, struct wire_made *ret);
