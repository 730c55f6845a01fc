// SPDX-License-Identifier: MIT
// pcm.h - the decoded sound of any range of a track, sample by sample.
//
// A pure function of the file and the range, and more: where two ranges
// overlap, they have the same samples. So pieces made apart can be joined.
//
// Threads: one at a time.
#pragma once

#include "make.h"

struct pcm_wish {
    int32_t stream;
    int32_t rate, channels; // as wanted
    int64_t from, to;       // samples at `rate`, from media zero; may lie
                            // before and behind the track: silence
};

// planes: wish->channels pointers to to - from floats, filled with the sound.
must_check enum err pcm_read(struct make *m, const struct pcm_wish *wish,
                             float *const *planes);

// Media time of `pts` in 1/256 samples of `rate`.
enum { PCM_FINE = 256 };
int64_t pcm_position(const struct wire_make *ask, AVRational timebase,
                     int64_t pts, int64_t rate);
// The last pts whose position is not behind that of sample `position`.
int64_t pcm_pts(const struct wire_make *ask, AVRational timebase,
                int64_t position, int64_t rate);
