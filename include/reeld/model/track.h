// SPDX-License-Identifier: MIT
// track.h - what a probe found out about one stream of an upload.
//
// Plain values of fixed size: they travel in worker messages as they are, and
// track_check() is what stands between a worker's word and belief in it.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/math.h"

enum {
    TRACKS_MAX = 32,
    TRACK_CODEC_BYTES = 32,
    TRACK_CODECS_BYTES = 40,
    TRACK_LANGUAGE_BYTES = 12,
    TRACK_TITLE_BYTES = 64,
};

enum track_kind { TRACK_VIDEO, TRACK_AUDIO, TRACK_TEXT, TRACK_KINDS };
const char *track_kind_name(enum track_kind kind); // "video" "audio" "text"

enum track_transfer { TRANSFER_SDR, TRANSFER_PQ, TRANSFER_HLG, TRANSFERS };

struct track {
    int32_t stream; // index in the container
    enum track_kind kind;
    char codec[TRACK_CODEC_BYTES];       // FFmpeg's name: "h264"
    char codecs[TRACK_CODECS_BYTES];     // RFC 6381, "" where there is none
    char language[TRACK_LANGUAGE_BYTES]; // BCP 47 or ISO 639-2, "" unknown
    char title[TRACK_TITLE_BYTES];       // printable UTF-8, may be ""
    bool is_default;
    bool is_playable; // this build can decode it
    int64_t bitrate;  // bits a second, 0 unknown

    // Video. Coded size is what the decoder gives out, before rotation.
    int32_t coded_width, coded_height;
    struct rational sample_aspect; // square if unknown, 1/1
    int32_t rotation;              // clockwise degrees to show it: 0 90 180 270
    bool is_mirrored;              // flipped left to right before the rotation
    struct rational frame_rate;    // mean over the track
    int32_t bit_depth;             // of luma
    int32_t chroma;                // 400 420 422 444
    bool is_interlaced;
    bool is_full_range;
    enum track_transfer transfer;

    // Audio.
    int32_t channels;
    int32_t sample_rate;
    bool is_copyable; // see plan.h: the source's packets can be played as is
};

// The size at which it is shown: square pixels, rotated, even numbers, never
// enlarged in height. Both are at least 2.
void track_display_size(const struct track *t, int32_t *ret_width,
                        int32_t *ret_height);

// Every field inside its bounds, text terminated and printable.
// ERR_BAD_INPUT names the field.
must_check enum err track_check(const struct track *t);
