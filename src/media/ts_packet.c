// SPDX-License-Identifier: MIT
// ts_packet.c - writes MPEG-TS packets (ISO/IEC 13818-1 section 2.4.3).
#include "ts_packet.h"

#include <assert.h>
#include <string.h>

enum {
    HEADER_BYTES = 4,
    ROOM = TS_PACKET_BYTES - HEADER_BYTES,
    CLOCK_BYTES = 6,
    FIELD_BYTES = 2,      // adaptation field: its length and its flags
    PES_BYTES = 9,        // header without time stamps
    TIME_BYTES = 5,       // of one time stamp
    PES_LENGTH_BYTES = 6, // what PES_packet_length does not count
    CRC_BYTES = 4,
    PROGRAM = 1,
    STREAM_H264 = 0x1B, // TS-10
    STREAM_ADTS = 0x0F,
};

// Several runs of bytes read as one.
enum { GATHERED = 3 };
struct gather {
    const uint8_t *at[GATHERED];
    size_t left[GATHERED];
};

static uint8_t *copy(struct gather *g, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < GATHERED && len > 0; i++) {
        size_t part = g->left[i] < len ? g->left[i] : len;
        if (part == 0)
            continue;
        memcpy(to, g->at[i], part);
        g->at[i] += part;
        g->left[i] -= part;
        to += part;
        len -= part;
    }
    return to;
}

static uint8_t *put_header(uint8_t *to, const struct ts_stream *s,
                           bool is_start, bool has_field, bool has_payload)
{
    to[0] = 0x47;
    to[1] = (uint8_t)((is_start ? 0x40 : 0) | s->pid >> 8);
    to[2] = (uint8_t)s->pid;
    to[3] = (uint8_t)((has_field ? 0x20 : 0) | (has_payload ? 0x10 : 0) |
                      s->counter);
    return to + HEADER_BYTES;
}

static void count(struct ts_stream *s)
{
    s->counter = (uint8_t)((s->counter + 1) % TS_COUNTERS);
}

// section 2.4.3.5: 33 bits of base, 6 reserved, 9 of extension (0).
static uint8_t *put_clock(uint8_t *to, int64_t pcr)
{
    uint64_t base = (uint64_t)pcr & 0x1FFFFFFFF;
    to[0] = (uint8_t)(base >> 25);
    to[1] = (uint8_t)(base >> 17);
    to[2] = (uint8_t)(base >> 9);
    to[3] = (uint8_t)(base >> 1);
    to[4] = (uint8_t)((base & 1) << 7 | 0x7E);
    to[5] = 0;
    return to + CLOCK_BYTES;
}

// An adaptation field of exactly `bytes`, its length byte included.
static uint8_t *put_field(uint8_t *to, size_t bytes, int64_t pcr, bool is_entry)
{
    *to++ = (uint8_t)(bytes - 1);
    if (bytes == 1)
        return to;
    uint8_t *end = to + bytes - 1;
    *to++ = (uint8_t)((is_entry ? 0x40 : 0) | (pcr >= 0 ? 0x10 : 0));
    if (pcr >= 0)
        to = put_clock(to, pcr);
    memset(to, 0xFF, (size_t)(end - to));
    return end;
}

// section 2.4.3.7: four bits of mark, 33 of time, a marker bit behind each
// part.
static uint8_t *put_time(uint8_t *to, unsigned mark, int64_t ticks)
{
    uint64_t t = (uint64_t)ticks & 0x1FFFFFFFF;
    to[0] = (uint8_t)(mark << 4 | (t >> 30) << 1 | 1);
    to[1] = (uint8_t)(t >> 22);
    to[2] = (uint8_t)((t >> 15) << 1 | 1);
    to[3] = (uint8_t)(t >> 7);
    to[4] = (uint8_t)(t << 1 | 1);
    return to + TIME_BYTES;
}

static size_t times_bytes(const struct ts_pes *p)
{
    return p->dts == p->pts ? TIME_BYTES : 2 * TIME_BYTES;
}

static size_t put_pes_header(uint8_t *to, const struct ts_pes *p)
{
    bool has_dts = p->dts != p->pts;
    size_t length = ts_pes_bytes(p) - PES_LENGTH_BYTES;
    if (length > UINT16_MAX)
        length = 0; // video only may be unbounded (TS-08)
    memcpy(to, (uint8_t[]){0, 0, 1, p->stream_id}, 4);
    to[4] = (uint8_t)(length >> 8);
    to[5] = (uint8_t)length;
    to[6] = 0x84; // data_alignment_indicator
    to[7] = has_dts ? 0xC0 : 0x80;
    to[8] = (uint8_t)times_bytes(p);
    uint8_t *at = put_time(to + PES_BYTES, has_dts ? 3 : 2, p->pts);
    if (has_dts)
        at = put_time(at, 1, p->dts);
    return (size_t)(at - to);
}

size_t ts_pes_bytes(const struct ts_pes *p)
{
    return PES_BYTES + times_bytes(p) + p->head_bytes + p->body_bytes;
}

// What the first packet needs besides payload.
static size_t first_field_bytes(const struct ts_pes *p)
{
    if (p->pcr >= 0)
        return FIELD_BYTES + CLOCK_BYTES;
    return p->is_entry ? FIELD_BYTES : 0;
}

size_t ts_pes_packets(const struct ts_pes *p)
{
    size_t first = ROOM - first_field_bytes(p);
    size_t bytes = ts_pes_bytes(p);
    return bytes <= first ? 1 : 1 + (bytes - first + ROOM - 1) / ROOM;
}

// The first of `packets` is filled as far as the others keep a byte each; the
// rest is shared evenly among these.
static size_t share(const struct ts_pes *p, size_t left, size_t packets,
                    bool is_first)
{
    if (!is_first)
        return (left + packets - 1) / packets;
    size_t room = ROOM - first_field_bytes(p);
    size_t most = left - (packets - 1);
    return most < room ? most : room;
}

// Without `extra` packets, as many as possible are full.
static size_t fill(const struct ts_pes *p, size_t left, bool is_first)
{
    size_t room = ROOM - (is_first ? first_field_bytes(p) : 0);
    return left < room ? left : room;
}

void ts_write_pes(struct buf *out, struct ts_stream *s, const struct ts_pes *p,
                  size_t extra)
{
    uint8_t header[PES_BYTES + 2 * TIME_BYTES];
    size_t header_bytes = put_pes_header(header, p);
    struct gather g = {
        {header,       p->head,       p->body      },
        {header_bytes, p->head_bytes, p->body_bytes}
    };
    size_t packets = ts_pes_packets(p) + extra;
    size_t left = ts_pes_bytes(p);
    assert(left >= packets);
    for (bool is_first = true; left > 0; is_first = false) {
        size_t bytes = extra > 0 ? share(p, left, packets, is_first)
                                 : fill(p, left, is_first);
        uint8_t packet[TS_PACKET_BYTES];
        size_t field = ROOM - bytes;
        uint8_t *at = put_header(packet, s, is_first, field > 0, true);
        if (field > 0)
            at = put_field(at, field, is_first ? p->pcr : -1,
                           is_first && p->is_entry);
        copy(&g, at, bytes);
        buf_add(out, packet, sizeof packet);
        count(s);
        left -= bytes;
        packets--;
    }
}

void ts_write_clock(struct buf *out, const struct ts_stream *s, int64_t pcr)
{
    // Carries the counter of the packet with payload before it.
    struct ts_stream before = *s;
    before.counter = (uint8_t)((s->counter + TS_COUNTERS - 1) % TS_COUNTERS);
    uint8_t packet[TS_PACKET_BYTES];
    uint8_t *at = put_header(packet, &before, false, true, false);
    put_field(at, ROOM, pcr, false);
    buf_add(out, packet, sizeof packet);
}

// ISO/IEC 13818-1 annex A: most significant bit first, no inversion.
static uint32_t crc_of(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)bytes[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc >> 31 ? 0x04C11DB7 : 0);
    }
    return crc;
}

// Completes a section (length and CRC) and writes it as one packet.
static void write_section(struct buf *out, struct ts_stream *s,
                          uint8_t *section, size_t len)
{
    uint8_t packet[TS_PACKET_BYTES];
    memset(packet, 0xFF, sizeof packet);
    uint8_t *at = put_header(packet, s, true, false, true);
    *at++ = 0; // pointer_field: the section begins at once
    size_t length = len - 3 + CRC_BYTES;
    section[1] = (uint8_t)(0xB0 | length >> 8);
    section[2] = (uint8_t)length;
    memcpy(at, section, len);
    uint32_t crc = crc_of(section, len);
    at += len;
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(crc >> shift);
    buf_add(out, packet, sizeof packet);
    count(s);
}

void ts_write_pat(struct buf *out, struct ts_stream *s)
{
    uint8_t section[] = {0,
                         0,
                         0, // table
                         0,
                         1,
                         0xC1, // stream 1
                         0,
                         0,
                         0,
                         PROGRAM, // section 0 of 0
                         0xE0 | TS_PID_PMT >> 8,
                         TS_PID_PMT & 0xFF};
    write_section(out, s, section, sizeof section);
}

void ts_write_pmt(struct buf *out, struct ts_stream *s, bool has_video,
                  bool has_audio)
{
    unsigned clock = has_video ? TS_PID_VIDEO : TS_PID_AUDIO;
    uint8_t section[12 + 2 * 5] = {2,
                                   0,
                                   0,
                                   0,
                                   PROGRAM,
                                   0xC1,
                                   0,
                                   0,
                                   (uint8_t)(0xE0 | clock >> 8),
                                   (uint8_t)clock,
                                   0xF0,
                                   0};
    size_t len = 12;
    const struct {
        bool is_there;
        uint8_t type;
        uint16_t pid;
    } streams[] = {
        {has_video, STREAM_H264, TS_PID_VIDEO},
        {has_audio, STREAM_ADTS, TS_PID_AUDIO},
    };
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        if (!streams[i].is_there)
            continue;
        section[len++] = streams[i].type;
        section[len++] = (uint8_t)(0xE0 | streams[i].pid >> 8);
        section[len++] = (uint8_t)streams[i].pid;
        section[len++] = 0xF0; // no descriptors
        section[len++] = 0;
    }
    write_section(out, s, section, len);
}
