// SPDX-License-Identifier: MIT
// timelines.h - what clients say should play, laid out as one of reeld's
// timelines: shots of many videos, the old timeline, the editor's.
//
// Threads: those of the materials.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/str.h"
#include "reeld/model/asset.h"
#include "reeld/model/timeline.h"

// What timelines are made of: assets of the catalog, or a test's own.
struct materials {
    // A video that is READY, to be released with asset_unref(). ERR_NOT_FOUND,
    // ERR_CONFLICT: it is not READY.
    enum err (*find)(void *self, struct str id, const struct asset **ret);
    // The same of the whole of a video, cropped about the centre to a width and
    // height that passed reframe_check_shape(). ERR_UNSUPPORTED.
    enum err (*shape)(void *self, const struct asset *whole, int32_t width,
                      int32_t height, const struct asset **ret);
    // Appends a gap of a length that is possible.
    enum err (*add_gap)(void *self, struct timeline *t, int64_t duration_us);
    void *self;
};

// All of them: ERR_BAD_INPUT, ERR_NOT_FOUND, ERR_CONFLICT; ERR_UNSUPPORTED
// names what is not built; ERR_TOO_LARGE. What is in `t` then is half of it.

// The ranges of one video, [[start, end], ...].
must_check enum err timelines_read_ranges(const json_t *ranges,
                                          const struct asset *asset,
                                          struct timeline *t);
// The bodies of /compile and /timeline.
must_check enum err timelines_read_shots(const struct materials *m,
                                         const json_t *body,
                                         struct timeline *t);
must_check enum err timelines_read_inline(const struct materials *m,
                                          const json_t *body,
                                          struct timeline *t);
// "timeline" of the body of /editor: the clips of all tracks, by time.
must_check enum err timelines_read_editor(const struct materials *m,
                                          const json_t *timeline,
                                          struct timeline *t);
