// SPDX-License-Identifier: MIT
// lay.h - what is fetched one after the other: the segments of clips.
#pragma once

#include "play_show.h"
#include "reeld/package/presentation.h"

// EXT-X-TARGETDURATION of all playlists of a show (HLS-36).
int64_t lay_target_seconds(const struct play_show *s);
// GOPs in a thousand seconds of the edge that has most of them; edges shorter
// than `least_us` count as if they were as long.
int64_t lay_edge_gops(const struct play_show *s, int64_t least_us);

// The segments of clip `clip` in a rung. Borders of pictures are the clip's
// own; those of sound are written to `border` (its segments + 1).
struct stretch lay_clip(const struct play_show *s, const struct timeline *t,
                        uint32_t clip, uint32_t rung, int64_t *border);
// The I-frames of an asset by itself. They may be the plan's own borders, then
// *ret_border is NULL; else the caller frees it after the stretch was used.
struct stretch lay_iframes(const struct asset *a, const struct rendition *r,
                           int64_t **ret_border);
// Time runs on from the clip before this one, in pictures and sound, and their
// inits are the same.
bool lay_runs_on(const struct play_show *s, const struct timeline *t,
                 uint32_t clip);
