// SPDX-License-Identifier: MIT
// media_ts_look.h - looks at MPEG-TS packets one by one, as a strict player.
#pragma once

#include "reeld/base/buf.h"

enum { TS_LOOK_PES_MAX = 4096, TS_LOOK_PIDS = 0x1FFF };

struct ts_look_pes {
    unsigned pid;
    int64_t pts, dts, pcr; // 90 kHz; pcr -1: none
    bool is_entry;
    size_t packet;      // where it begins
    struct buf payload; // behind the header
};

struct ts_look {
    size_t packets, tables, clocks, audio_packets, video_packets;
    int64_t longest_clock_gap, longest_table_gap; // 90 kHz, by the clock
    struct ts_look_pes *pes;
    size_t pes_count;
    unsigned types[2], type_count; // stream types of the PMT, in its order
};

// Walks whole segments, joined; fails the test at the first fault: sync, tables
// in front of each segment and their CRC, counters, clocks, lengths of PES.
void ts_look(const struct buf *segments, size_t count, struct ts_look *ret);
void ts_look_done(struct ts_look *l);
