// SPDX-License-Identifier: MIT
// media_pieces.h - CMAF pieces for tests of what reads them.
//
// Written here and not by mux_cmaf, so that a mistake shared by writer and
// reader does not stay unseen.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"

// A moving picture, encoded with B-frames as libx264 likes, one encoder a
// piece. Frame i of the film is shown at time[i].
struct test_film {
    uint32_t timescale;
    const int64_t *time; // frames + 1 of them; the last is the end
};
void test_video_init(const struct test_film *film, struct buf *out);
void test_video_piece(const struct test_film *film, int from, int to,
                      struct buf *out);

// A tone; packet i of the track is always the same bytes.
void test_audio_init(int rate, struct buf *out);
void test_audio_piece(int rate, int from, int to, struct buf *out);

// A file in memory that holds the bytes.
int test_file(const struct buf *bytes);
