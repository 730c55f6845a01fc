// SPDX-License-Identifier: MIT
// cmaf_head.h - boxes of a moov that inits and whole files have alike.
//
// Clauses are of ISO/IEC 14496-12. Times of creation are 0 throughout: what is
// made twice is the same.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"

struct head_track {
    uint32_t id;
    bool is_audio;
    uint32_t timescale;
    // 0: a fragmented file does not know how long it will be.
    int64_t duration;       // of its samples, in its timescale
    int64_t shown;          // of what is played, in the movie's
    uint32_t width, height; // 16.16
    uint16_t language;      // head_language()
};

// ISO 639-2/T in 15 bits; anything else is undetermined (8.4.2.3).
uint16_t head_language(const char *text);

void head_write_mvhd(struct buf *out, uint32_t timescale, int64_t duration,
                     uint32_t next_track);
void head_write_tkhd(struct buf *out, const struct head_track *t);
void head_write_mdhd(struct buf *out, const struct head_track *t);
void head_write_hdlr(struct buf *out, bool is_audio);
void head_write_media_header(struct buf *out, bool is_audio); // and dinf
