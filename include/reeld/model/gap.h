// SPDX-License-Identifier: MIT
// gap.h - time between the clips of a stream in which nothing is shown.
//
// A gap is a clip like others, of an asset that is made of nothing: it has a
// plan and no source. Among films its pictures are black ones and its sound is
// silence, as with any asset that lacks one of them (stand_in.h); so all that
// plays, names and makes clips needs to know nothing of gaps. The asset is in
// no catalog: what is made of it is the same for all gaps of one length.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/model/asset.h"
#include "reeld/model/timeline.h"

enum {
    GAP_TIMESCALE = 48000,
    // The number that facts about it have for source and recipe: rows of the
    // catalog, see sql/migrations/008_gaps.sql.
    GAP_ROW = -1,
};
#define GAP_US_LEAST INT64_C(40000) // a picture
#define GAP_US_MOST  (INT64_C(3600) * 1000000)

// Appends one, to the nearest tick. `build` names the libraries of the worker,
// as in recipes. ERR_BAD_INPUT when it is too short or too long, ERR_TOO_LARGE
// past TIMELINE_CLIPS_MAX.
must_check enum err timeline_add_gap(struct timeline *t, int64_t duration_us,
                                     const char *build);
bool asset_is_gap(const struct asset *a);
