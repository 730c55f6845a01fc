// SPDX-License-Identifier: MIT
// stand_in.h - renditions that an asset plays in a stream of unlike assets.
//
// Neighbours in a stream have one kind of sound and pictures all along: sound
// is 48 kHz stereo, an asset without sound gives silence, one without pictures
// black ones. They are renditions like others, by recipes of their own, laid
// over the borders of the asset's plan; the asset's list does not have them.
//
// Threads: any; pure.
#pragma once

#include "reeld/model/asset.h"

enum {
    STAND_IN_RATE = 48000,
    STAND_IN_CHANNELS = 2,
    STAND_IN_FRAME_RATE = 25, // of black pictures
    // In the place of an index into plan.audio: a grid of its own, from media
    // zero to the end of the plan.
    STAND_IN_AUDIO = TRACKS_MAX,
};

// The asset's main sound at `bitrate`; silence where it has none (`track` is
// -1 then).
struct rendition stand_in_sound(const struct asset *a, int64_t bitrate);
// Black pictures of the size and bounds of `like`, a rung of another asset.
struct rendition stand_in_black(const struct asset *a,
                                const struct rendition *like);

// The grid of packets that sound lies on: of a rendition of the asset or one
// that stands in.
struct plan_audio rendition_grid(const struct asset *a,
                                 const struct rendition *r);
