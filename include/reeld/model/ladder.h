// SPDX-License-Identifier: MIT
// ladder.h - which renditions an asset gets.
//
// Rungs come from the configuration and never exceed the source: a rung is kept
// when its short side is at most the source's; a source smaller than every rung
// gets one rung of its own size. The copied rung "source" is added where the
// plan allows. Each audio track gets 128k (or its own packets, copied) and the
// first also 64k.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/str.h"
#include "reeld/model/plan.h"
#include "reeld/model/recipe.h"
#include "reeld/model/track.h"

enum {
    RUNGS_MAX = 10,
    RENDITIONS_MAX = 48,
    RENDITION_NAME_BYTES = 24,
};

struct rung {
    int32_t short_side; // pixels, even, 16 to 4320
    int64_t cap_bps;
    int32_t crf;
    struct rational frame_rate_cap; // 0/1 none
};

struct ladder_wish {
    uint32_t rungs; // falling short_side
    struct rung rung[RUNGS_MAX];
    char preset[RECIPE_PRESET_BYTES];
    bool copy_source;     // may there be a "source" rung
    int64_t audio_bps[4]; // 128000, 64000; the first is the main one
    uint32_t audios;

    // Of a part of the source (reframe.h); all 0: of the whole.
    struct recipe_crop crop;
    struct recipe_cut cut;
    struct recipe_size full; // what is kept of the picture, as shown; 0x0: as
                             // the track has it
    bool has_full;           // there is a rung of that size in any case
};

// "1080p:4800k:60 720p:2700k:60 480p:1300k:30" -> rungs. ERR_BAD_INPUT says
// which word is wrong and why.
must_check enum err ladder_parse_rungs(struct str text,
                                       struct ladder_wish *ret);

struct rendition {
    char name[RENDITION_NAME_BYTES]; // "source", "720p", "audio-128k",
                                     // "audio-2-128k": a part of URLs
    char codecs[TRACK_CODECS_BYTES]; // RFC 6381, exact
    int32_t track;                   // index into the asset's tracks
    int32_t audio;                   // index into plan.audio, -1 for video
    uint32_t timescale;              // of its media: the plan's, or the rate
    int32_t width, height;           // as shown; 0 for audio
    struct rational frame_rate;      // 0/1 for audio
    int64_t declared_bps;            // BANDWIDTH until measured: the true upper
                                     // bound of an encoded rung (1.5 x cap for
                                     // the shortest segments), the measured
                                     // peak of the index for a copied one
    bool is_standby; // the rung whose place "source" takes: an asset by itself
                     // neither lists, counts nor makes it ahead. It makes what
                     // a clip's border cuts out of "source", and plays in its
                     // place where the two do not go together
    struct recipe recipe;
};

// Fills `ret` (room for RENDITIONS_MAX), best video first, then audio, then
// standbys.
// `copied_peak_bps` is what the probe measured of the source's packets.
must_check enum err ladder_build(const struct ladder_wish *wish,
                                 const struct track *tracks, uint32_t count,
                                 const struct plan *plan,
                                 int64_t copied_peak_bps, struct rendition *ret,
                                 uint32_t *ret_count);

// The lowest H.264 level (31 for 3.1) that carries this size, rate and bit rate
// (ITU-T H.264 table A-1, High profile: 1.25 x the bit rate).
int32_t ladder_level(int32_t width, int32_t height, struct rational rate,
                     int64_t cap_bps);
