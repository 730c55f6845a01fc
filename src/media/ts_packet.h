// SPDX-License-Identifier: MIT
// ts_packet.h - writes MPEG-TS packets: tables, PES packets, clocks.
//
// Continuity counters have to run on over segments that are made apart (TS-03).
// So every PID begins each segment at 0 and ends it at 15: the number of its
// packets with payload is a multiple of 16. A PID gets there by spreading one
// of its PES packets over more TS packets than it needs (`extra`), with
// stuffing in their adaptation fields: not a byte of the elementary stream
// changes, and any demuxer has to read it. Packets without payload do not
// count.
//
// Threads: any; one at a time a struct ts_stream.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"

enum {
    TS_PACKET_BYTES = 188,
    TS_COUNTERS = 16,
    TS_CLOCK_HZ = 90000,
    TS_PID_PAT = 0,
    TS_PID_PMT = 0x1000,
    TS_PID_VIDEO = 0x100,
    TS_PID_AUDIO = 0x101,
};

struct ts_stream {
    uint16_t pid;
    uint8_t counter; // of the next packet with payload
};

// One PES packet: a coded picture, or some frames of sound.
struct ts_pes {
    uint8_t stream_id;   // 0xE0 video, 0xC0 audio
    int64_t pts, dts;    // 90 kHz; cut to 33 bits when written (TS-05)
    int64_t pcr;         // 90 kHz, -1 for none
    bool is_entry;       // decoding may begin here
    const uint8_t *head; // AUD and parameter sets, may be NULL
    size_t head_bytes;
    const uint8_t *body;
    size_t body_bytes;
};

// How many TS packets it takes.
size_t ts_pes_packets(const struct ts_pes *p);
// The whole PES packet in bytes; it can be spread over as many TS packets.
size_t ts_pes_bytes(const struct ts_pes *p);
// Writes it in `extra` packets more than it takes.
void ts_write_pes(struct buf *out, struct ts_stream *s, const struct ts_pes *p,
                  size_t extra);
// A packet with nothing but a clock; counts as none.
void ts_write_clock(struct buf *out, const struct ts_stream *s, int64_t pcr);
// One packet each.
void ts_write_pat(struct buf *out, struct ts_stream *s);
void ts_write_pmt(struct buf *out, struct ts_stream *s, bool has_video,
                  bool has_audio);
