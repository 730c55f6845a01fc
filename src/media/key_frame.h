// SPDX-License-Identifier: MIT
// key_frame.h - single key frames of a video stream, each decoded by itself.
//
// Threads: one at a time a struct key_frames; it starts none.
#pragma once

#include "av.h"
#include "source.h"

struct key_frames;

must_check enum err key_frames_open(const struct media_source *s,
                                    const struct wire_make *ask, int stream,
                                    struct key_frames **ret);
void key_frames_free(struct key_frames *k);
DEFINE_SCOPED(key_frames, struct key_frames *, key_frames_free)

// The key frame at an entry of the plan; where the decoder shows nothing for it
// alone (pictures that are refreshed bit by bit), the first picture that it
// shows behind the entry. The frame is the caller's. ERR_NOT_FOUND: none.
must_check enum err key_frames_get(struct key_frames *k,
                                   const struct plan_entry *entry,
                                   AVFrame **ret);
