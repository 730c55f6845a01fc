// SPDX-License-Identifier: MIT
// input_private.h - what input.c and input_seek.c share.
#pragma once

#include "input.h"
#include "input_io.h"
#include "input_order.h"
#include "input_vop.h"
#include "lists.h"

enum {
    INPUT_STREAMS_MAX = 64,
    INPUT_OPEN_US = 20 * 1000 * 1000,
    INPUT_STEP_US = 20 * 1000 * 1000, // one read or seek
};

struct input_track { // what is remembered of a stream between two packets
    bool is_chosen;
    int64_t position; // of its last packet that had one, -1 none
    int64_t before;   // the last one that is not that one, -1 none
    int64_t next_pts; // behind its last packet, AV_NOPTS_VALUE unknown
    // Where the container knows no pts: what knows them instead, or NULL.
    struct input_order *order; // H.264
    struct input_vops *vops;   // MPEG-4 Part 2
};

struct input {
    struct input_io io;
    struct wire_limits limits;
    const struct format_rule *rule;
    AVFormatContext *format;
    AVPacket *ahead; // read by a seek to see where it landed
    bool has_ahead;
    int64_t lead; // what seeks have to aim higher to hit, see input_seek.c
    struct input_track track[INPUT_STREAMS_MAX];
    uint32_t jumps;
    struct plan_jump jump[PLAN_JUMPS_MAX];
};

// What is remembered of packets does not hold behind a seek.
void input_forget(struct input *in);
// input_read() without the packet that a seek has set aside.
must_check enum err input_read_next(struct input *in, AVPacket *packet);
