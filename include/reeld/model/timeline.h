// SPDX-License-Identifier: MIT
// timeline.h - exact ranges of assets, laid over their segment plans.
//
//   plan      |----0----|----1----|----2----|----3----|
//   clip            [from ............... to)
//   segments        |edge|----1----|--edge--|
//
// A clip is [from, to) of one asset, both the time of a picture that exists (or
// the end). Inside it the asset's own segments serve as they are; where a range
// boundary cuts one, an *edge* is left: the same kind of piece with other
// borders. An asset by itself is a timeline of one clip without edges.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/model/asset.h"

enum {
    TIMELINE_CLIPS_MAX = 1000,
    // A head or tail shorter than this is joined with its neighbour.
    TIMELINE_SHORTEST_US = 1000000,
};

enum timeline_snap {
    SNAP_FRAME,    // exactly the pictures whose time is in the range
    SNAP_KEYFRAME, // widened to whole segments: nothing is encoded
};

struct clip {
    const struct asset *asset; // READY; a reference of the timeline's
    int64_t from, to;          // ticks of the asset's plan
    uint32_t first_segment;    // number of its first segment in the timeline
    uint32_t segments;         // > 0
    int64_t *border;           // segments + 1 of them
};

struct timeline {
    uint32_t clips; // > 0
    struct clip *clip;
    uint32_t segments; // of all clips
    int64_t duration_us;
};

struct timeline *timeline_new(void);
struct timeline *timeline_of_asset(const struct asset *a); // whole, one clip
void timeline_free(struct timeline *t);
DEFINE_SCOPED(timeline, struct timeline *, timeline_free)

// Appends [start, end) of media time in microseconds, rounded outwards never:
// the pictures with start <= time < end. `end_us` past the end is cut to it.
// ERR_BAD_INPUT: reversed, negative, past the end, no picture lies in it, or
// the asset is an image.
// ERR_TOO_LARGE past TIMELINE_CLIPS_MAX.
must_check enum err timeline_add(struct timeline *t, const struct asset *a,
                                 int64_t start_us, int64_t end_us,
                                 enum timeline_snap snap);

// The same by ticks of the asset's plan, which both are the time of a picture
// (or the end): as manifests name ranges. ERR_BAD_INPUT for any other.
must_check enum err timeline_add_ticks(struct timeline *t,
                                       const struct asset *a, int64_t from,
                                       int64_t to);

// The clip that holds segment `number` of the timeline, and which of its
// segments that is. ERR_NOT_FOUND.
must_check enum err timeline_find(const struct timeline *t, uint32_t number,
                                  const struct clip **ret,
                                  uint32_t *ret_segment);

// Segment `s` of the clip is one of the plan's own: *ret_number is which.
bool clip_segment_is_whole(const struct clip *c, uint32_t s,
                           uint32_t *ret_number);

// Borders of the piece of rendition `r` that shows segment `s` of the clip:
// for whole segments those of asset_piece_borders(). Room for
// ASSET_BORDERS_MAX. ERR_UNSUPPORTED for an edge of a copied rendition.
must_check enum err clip_piece_borders(const struct clip *c, uint32_t r,
                                       uint32_t s, int64_t *border,
                                       uint32_t *ret_count);
// The same for a rendition that the asset does not have (stand_in.h).
must_check enum err clip_other_borders(const struct clip *c,
                                       const struct rendition *other,
                                       uint32_t s, int64_t *border,
                                       uint32_t *ret_count);
// Every segment of the clip is whole, so that copied renditions take part.
bool clip_is_whole(const struct clip *c);
