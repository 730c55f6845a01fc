// SPDX-License-Identifier: MIT
// probe_jump.h - finds where the clock of a transport stream jumps.
#pragma once

#include "probe.h"

struct jump_watch {
    struct plan *plan; // its jumps are filled
    struct {
        bool is_known;
        int64_t position;
        int64_t next; // where its next packet is due, corrected
    } stream[PROBE_STREAMS_MAX];
};

// Looks at the next packet of the file and corrects its times. ERR_TOO_LARGE:
// more jumps than a plan has room for.
must_check enum err jump_watch_note(struct jump_watch *w, const AVStream *s,
                                    AVPacket *packet);
