// SPDX-License-Identifier: MIT
// cmaf_read.h - reads CMAF inits and pieces that mux_cmaf wrote.
//
// No demuxer for other people's files: one track, movie fragments whose data
// lies behind their moof, H.264 with four-byte NAL lengths or AAC. All else is
// ERR_UNSUPPORTED. What is inside may still come from an upload (parameter sets
// of a copied rendition do), so each number is checked all the same.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

enum { CMAF_SETS_BYTES_MAX = 4096 };

struct read_track {
    bool is_video;
    uint32_t timescale; // > 0
    // For samples that say nothing themselves (trex).
    uint32_t default_duration, default_bytes, default_flags;
    // Video: SPS and PPS as Annex B, each behind a four-byte start code.
    uint8_t sets[CMAF_SETS_BYTES_MAX];
    uint8_t units[CMAF_SETS_BYTES_MAX]; // the same, each behind its length
    size_t sets_bytes;                  // of either
    // Audio, as ADTS counts them (ISO/IEC 14496-3 section 1.A.3.2).
    uint8_t adts_profile, adts_rate_index, adts_channels;
};

struct read_sample {
    size_t offset;    // in the piece; offset + bytes lies inside
    size_t bytes;     // > 0
    int64_t dts, pts; // ticks of the timescale
    uint32_t duration;
    bool is_sync;
};

struct read_piece {
    struct read_sample *sample; // in decoding order
    size_t samples, capacity;
    int64_t from, end; // decode time of the first, and behind the last
};

must_check enum err cmaf_read_init(const uint8_t *bytes, size_t len,
                                   struct read_track *ret);
// What the head of a longer file takes over from an init.
struct read_look {
    struct str entry;       // the sample entry, a whole box; lies in `bytes`
    uint32_t width, height; // as a tkhd has them, 16.16
    uint16_t language;      // as a mdhd has it
};
must_check enum err cmaf_read_look(const uint8_t *bytes, size_t len,
                                   struct read_look *ret);
// `ret` starts out all zero. A piece without a sample is fine.
must_check enum err cmaf_read_piece(const struct read_track *track,
                                    const uint8_t *bytes, size_t len,
                                    struct read_piece *ret);
void read_piece_done(struct read_piece *p);
static inline void scoped_release_read_piece(struct read_piece *held)
{
    read_piece_done(held);
}
