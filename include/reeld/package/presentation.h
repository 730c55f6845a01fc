// SPDX-License-Identifier: MIT
// presentation.h - what manifests are written from, HLS and DASH alike.
//
// Plain data that whoever calls fills in from facts; nothing here is owned, all
// of it has to live until the writer returns.
//
//   presentation   what may be chosen from: renditions of pictures and sound
//   stretch        what is fetched one after the other, once chosen
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/math.h"
#include "reeld/model/track.h"

// How much a rendition costs to fetch, bits a second.
struct package_rates {
    int64_t peak_bps;    // of any one segment: measured, or an upper bound
    int64_t average_bps; // 0: not all of it is measured, so nothing is claimed
};

struct package_rendition {
    const char *name;   // a part of URIs: lower case letters, digits, dashes
    const char *codecs; // RFC 6381, exact
    struct package_rates rates;

    // Pictures.
    int32_t width, height;             // as shown, square pixels
    int32_t coded_width, coded_height; // as decoded
    struct rational sample_aspect;     // of the decoded pixels
    struct rational frame_rate;
    struct package_rates iframes; // peak_bps 0: there is no I-frame playlist

    // Sound.
    int32_t channels, sample_rate;
};

// One track of sound: its renditions differ in rate alone.
struct package_audio {
    const char *title;    // printable UTF-8, may be ""
    const char *language; // as the container has it, "" unknown
    const struct package_rendition *rendition; // the main one first
    uint32_t renditions;                       // > 0
};

struct presentation {
    const struct package_rendition *video;  // best first
    uint32_t videos;                        // 0: sound alone
    uint32_t first_video;                   // that players begin with
    struct package_audio audio[TRACKS_MAX]; // the main track first
    uint32_t audios;
    bool is_muxed; // MPEG-TS: each video carries the main sound as well, and
                   // its rates count both
};

// The longest run of segments that share one init and unbroken time: an HLS
// discontinuity sequence, one set of a DASH Period. An asset is one stretch, so
// is each clip of a list.
//
//   border        |---- segment 0 ----|---- segment 1 ----| ... |
//   clip             |-- duration_us ------------------------|
//                    zero
struct stretch {
    uint32_t timescale;    // ticks a second
    uint32_t segments;     // > 0
    const int64_t *border; // segments + 1 of them, rising ticks of media time
    // The number in each segment's URI; NULL: from first_number on, no holes.
    const uint32_t *number;
    uint32_t first_number;
    // Of a clip: the media time that is its start, and how long it lasts.
    // Sound keeps to its own grid and so begins and ends a little off; lists
    // of it last as long as those of pictures all the same, or the joints of a
    // long list would drift apart. duration_us 0: as the borders say.
    int64_t zero;
    int64_t duration_us;
};

// Of the longest segment, in ticks of its timescale.
int64_t stretch_longest(const struct stretch *s);
