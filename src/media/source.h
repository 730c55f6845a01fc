// SPDX-License-Identifier: MIT
// source.h - an upload and what is kept open of it from request to request.
//
// Whatever is kept only saves time: what is made never depends on it.
//
// Threads: one at a time a struct media_source.
#pragma once

#include "input.h"
#include "reeld/media.h"

struct reader;

// Inputs that are kept: a video stream for copying, the audio tracks.
enum { SOURCE_INPUTS = 3 };

struct source_input {
    struct input *in; // NULL: free
    int stream;       // the only one it reads
    uint64_t used;    // larger: more recently
};

struct media_source {
    int fd;
    struct source_input kept[SOURCE_INPUTS];
    uint64_t uses;
    struct reader *reader; // decodes video; NULL before its first use
};

// An input that gives out `stream` alone, wherever it happens to stand: seek
// before reading. It stays the source's.
must_check enum err source_input(struct media_source *s,
                                 const struct wire_make *ask, int stream,
                                 struct input **ret);
// A fresh one, which becomes the caller's.
must_check enum err source_open_input(const struct media_source *s,
                                      const struct wire_make *ask, int stream,
                                      struct input **ret);

// How pts of the video stream become media time: what an ask carries of the
// plan.
struct source_clock {
    uint32_t timescale;
    struct rational timebase;
    int64_t origin_pts, first_pts;
};
struct source_clock source_clock_of(const struct wire_make *ask);
// plan_ticks(), and what plan.h says of first_pts: the first shown frame is
// shown from zero on, frames before it have negative times.
int64_t source_ticks(const struct source_clock *c, int64_t pts);
