// SPDX-License-Identifier: MIT
// cmaf.h - the boxes of CMAF headers and fragments.
//
// Our own writer because separately made fragments have to meet exactly and
// libavformat's shifts times and writes edit lists (media-design section 3).
// Box clauses are of ISO/IEC 14496-12.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/math.h"

enum { PIECE_BYTES_MAX = 512 << 20 };

struct cmaf_video {
    uint32_t timescale;
    int32_t width, height;         // of the samples, cropped, before the aspect
    struct rational sample_aspect; // num 0: the SPS knows
    struct str avcc;
    bool has_colour; // nclx code points, ISO/IEC 23091-2
    int32_t primaries, transfer, matrix;
    bool is_full_range;
};

struct cmaf_audio {
    uint32_t rate; // timescale as well
    int32_t channels;
    int64_t bitrate;
    struct str config; // AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1
};

// `language` is ISO 639-2/T, "" for undetermined.
must_check enum err cmaf_write_video_init(const struct cmaf_video *v,
                                          const char *language,
                                          struct buf *out);
must_check enum err cmaf_write_audio_init(const struct cmaf_audio *a,
                                          const char *language,
                                          struct buf *out);

struct cmaf_sample {
    size_t size;
    int64_t pts; // ticks; audio: not looked at
    bool is_sync;
};

// One moof and its mdat: samples in decoding order, shown for [from, to).
struct cmaf_fragment {
    uint32_t timescale;
    int64_t from, to;           // 0 <= from < to
    struct cmaf_sample *sample; // times are changed
    size_t samples;             // > 0
    struct str bytes;           // of all samples
};

// Times are made to fit: the first picture is shown at `from`, no two at once,
// none at or after `to`. The i-th sample is decoded at the i-th smallest time,
// so that offsets are signed (CMAF-08) and decoding times of fragments meet
// (SEG-03). ERR_TOO_LARGE: more samples than ticks.
must_check enum err cmaf_write_video(const struct cmaf_fragment *f,
                                     struct buf *out);
// Every sample lasts equally long.
must_check enum err cmaf_write_audio(const struct cmaf_fragment *f,
                                     struct buf *out);
