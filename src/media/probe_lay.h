// SPDX-License-Identifier: MIT
// probe_lay.h - the parts of probe_lay().
#pragma once

#include "probe.h"

// The video's frames in order of display, for plan_lay_video().
struct probe_frames {
    struct plan_frame *frame;
    size_t count;
    size_t shown;
    int64_t end_ticks;
    bool is_plain; // nothing had to be left out or hidden in between
};
void probe_frames_done(struct probe_frames *f);
static inline void scoped_release_probe_frames(struct probe_frames *held)
{
    probe_frames_done(held);
}

// pts of the first frame that is shown. ERR_UNSUPPORTED: there is none.
must_check enum err probe_first_pts(const struct probe_stream *video,
                                    int64_t *ret);
// Needs the plan's timescale, time base, origin_pts and first_pts.
must_check enum err probe_order(const struct probe *p,
                                const struct probe_stream *video,
                                struct probe_frames *ret);
// May H.264 packets of this stream be played as they are? Where they may be
// cut is in plan_frame.is_idr.
bool probe_may_copy(const struct probe *p, const struct probe_stream *video);
// Of one that may: may encoded pictures stand beside its own (plan.h)?
bool probe_takes_edges(const struct probe *p, const struct probe_stream *video);
// The largest rate of any one segment of the plan.
int64_t probe_peak_bps(const struct plan *plan,
                       const struct probe_stream *video);

// The main sound's first sample in the time base of `to`; false: no sound.
bool probe_sound_start(const struct probe *p, AVRational to, int64_t *ret);
// Fills plan->audio for sound that lasts to the plan's end.
void probe_lay_sound(struct probe *p, int64_t end_ticks);
// The whole plan of an asset without a picture.
must_check enum err probe_lay_sound_alone(struct probe *p);
