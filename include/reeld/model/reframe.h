// SPDX-License-Identifier: MIT
// reframe.h - a new asset out of a part of another one, and of its picture.
//
//   asset      |=============================|      1920x1080
//   reframed        |===============|               606x1080, about the centre
//
// No file is made: the new asset has the source of the old one, a cut of its
// plan and recipes that crop. Its pieces are made when they are asked for, as
// those of any other asset; it can be clipped, streamed and reframed again.
//
// Threads: any; pure.
#pragma once

#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/model/asset.h"

enum {
    // Numbers up to it are a ratio, larger ones a size in pixels.
    REFRAME_RATIO_MAX = 64,
    REFRAME_SIDE_LEAST = 16, // pixels; of what is left, too
    REFRAME_SIDE_MOST = 8192,
    REFRAME_RATIO_STEEPEST = 10, // 10:1 and 1:10
};

// OK, or ERR_BAD_INPUT with what is wrong with this width and height: both a
// ratio or both a size, not steeper than 10:1.
must_check enum err reframe_check_shape(int64_t width, int64_t height);

// Fills in what belongs to the media of the new asset: kind, source, tracks,
// plan, renditions, state READY, and `reframe` with the range that came of the
// wish. Recipes get no hashes: these are of a build.
//
//   wish->asset, start_us, end_us   of the parent; INT64_MAX: to its end
//   wish->width, height             passed reframe_check_shape()
//
// ERR_CONFLICT: the parent is not READY. ERR_UNSUPPORTED: it has no pictures,
// or none so large. ERR_BAD_INPUT: the range, as plan_range() says.
must_check enum err reframe_lay(const struct asset *parent,
                                const struct asset_reframe *wish,
                                const struct ladder_wish *ladder,
                                struct asset *ret);
