// SPDX-License-Identifier: MIT
// storyboard.h - which tile of which sheet is shown when, as WebVTT.
//
// What players take for previews on their seek bar: the text of a cue is the
// URI of a sheet and the part of it (Media Fragments URI 1.0 section 4.2.2).
//
// Threads: any; pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"

struct storyboard_cue {
    int64_t from_us, to_us;
    uint32_t sheet;
    int32_t x, y, width, height; // pixels
};

// Sheets are {base}storyboard-{number}.jpg. Cues shorter than a millisecond are
// left out. ERR_TOO_LARGE when `out` is full.
must_check enum err storyboard_write(const struct storyboard_cue *cue,
                                     size_t cues, const char *base,
                                     struct buf *out);
