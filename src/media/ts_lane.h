// SPDX-License-Identifier: MIT
// ts_lane.h - one track of a segment as PES packets, in order of decoding.
//
// Times are those of the CMAF piece at 90 kHz plus ten seconds, so that nothing
// is ever negative (TS-05) and every variant agrees (TS-09).
//
//   PCR  <-- CLOCK_LEAD -->  DTS  <-- DECODE_LEAD -->  decode time in CMAF
//
// CMAF lets a picture be decoded after it is shown (signed composition
// offsets), MPEG-TS does not: there, pictures are decoded earlier by a
// constant. It is a constant so that segments made apart meet.
//
// Threads: one at a time a lane.
#pragma once

#include "cmaf_read.h"
#include "ts_packet.h"

enum {
    TS_START = 10 * TS_CLOCK_HZ,
    // Two frames at 23.976 a second, which is what libx264's pyramid needs. As
    // little as will do: hls.js counts its timeline from the first decode time,
    // so what it plays begins that much late (it steps over up to 0.1 s), and
    // ffmpeg takes more than 0.1 s for a jump.
    TS_DECODE_LEAD = TS_CLOCK_HZ * 9 / 100,
    TS_CLOCK_LEAD = TS_CLOCK_HZ * 3 / 10,
};

struct ts_unit {
    int64_t at; // its place in the order of all units
    struct ts_pes pes;
};

struct ts_lane {
    struct read_track track;
    struct read_piece piece;
    uint8_t *bytes; // of the piece; start codes replace NAL lengths in it
    size_t len;
    uint8_t *made; // what else is written: ADTS frames, or AUD and sets
    struct ts_unit *unit;
    size_t units, next;
    struct ts_stream stream;
    size_t wide_unit, extra; // see ts_packet.h
};

// Reads both files and lays the units. `carries_clock`: each has a PCR.
// ERR_BAD_INPUT, ERR_UNSUPPORTED, ERR_TOO_LARGE, ERR_IO.
must_check enum err ts_lane_read(struct ts_lane *l, int init_fd, int piece_fd,
                                 bool carries_clock);
void ts_lane_done(struct ts_lane *l);

// CMAF time of the lane's track as it is in MPEG-TS.
int64_t ts_lane_ticks(const struct ts_lane *l, int64_t ticks);
