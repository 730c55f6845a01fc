// SPDX-License-Identifier: MIT
// mux_file.h - the ways of ending a download that media_make_file() chooses
// from.
//
// Threads: one at a time.
#pragma once

#include "reeld/base/buf.h"
#include "tables.h"

// The head of an MP4 or M4A of exactly ask->head_bytes, of a file of
// `file_bytes`; a track is NULL where there is none. ERR_TOO_LARGE when it does
// not fit.
must_check enum err mux_write_head(const struct wire_file *ask,
                                   int64_t file_bytes,
                                   const struct table *video,
                                   const struct table *sound, struct buf *out);

// Decodes the packets of the track, which lie in `parts_fd`, and writes an MP3
// of ask->sound_ticks to `output_fd`.
must_check enum err mux_write_mp3(const struct wire_file *ask,
                                  const struct table *sound, int parts_fd,
                                  int output_fd, int64_t *ret_bytes);
