// SPDX-License-Identifier: MIT
// media_ts_look.c - looks at MPEG-TS packets one by one, as a strict player.
#include "media_ts_look.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { PAT = 0, PMT = 0x1000, VIDEO = 0x100, AUDIO = 0x101, PACKET = 188 };

struct walk {
    struct ts_look *look;
    int last_counter[TS_LOOK_PIDS + 1]; // -1: none yet
    int64_t last_clock, last_table;
    size_t in_segment;
    struct ts_look_pes *open[2]; // of video and audio
};

static uint32_t crc(const uint8_t *bytes, size_t len)
{
    uint32_t value = 0xFFFFFFFF;
    for (size_t i = 0; i < len * 8; i++) {
        unsigned bit = bytes[i / 8] >> (7 - i % 8) & 1;
        unsigned top = value >> 31;
        value = value << 1 ^ (top ^ bit ? 0x04C11DB7u : 0);
    }
    return value;
}

static void look_at_table(struct walk *w, unsigned pid, const uint8_t *at,
                          size_t len)
{
    assert_int_equal(at[0], 0); // pointer_field
    size_t section = 3 + ((size_t)(at[2] & 15) << 8 | at[3]);
    assert_true(section < len);
    assert_int_equal(crc(at + 1, section), 0);
    for (size_t i = 1 + section; i < len; i++)
        assert_int_equal(at[i], 0xFF);
    w->look->tables++;
    if (pid == PAT) {
        if (w->last_table >= 0 &&
            w->last_clock - w->last_table > w->look->longest_table_gap)
            w->look->longest_table_gap = w->last_clock - w->last_table;
        w->last_table = w->last_clock;
        assert_int_equal((at[11] & 31) << 8 | at[12], PMT);
        return;
    }
    w->look->type_count = 0;
    for (size_t i = 13; i + 4 < section; i += 5)
        w->look->types[w->look->type_count++] = at[i];
}

static int64_t read_time(const uint8_t *at)
{
    assert_int_equal(at[0] & 1, 1);
    assert_int_equal(at[2] & 1, 1);
    assert_int_equal(at[4] & 1, 1);
    return (int64_t)(at[0] >> 1 & 7) << 30 | (int64_t)at[1] << 22 |
           (int64_t)(at[2] >> 1) << 15 | (int64_t)at[3] << 7 | at[4] >> 1;
}

// Declared lengths have to be true.
static void close_pes(struct ts_look_pes *p)
{
    if (!p)
        return;
    const uint8_t *at = p->payload.bytes;
    assert_true(p->payload.len > 9u + at[8]);
    assert_memory_equal(at, "\0\0\1", 3);
    size_t length = (size_t)at[4] << 8 | at[5];
    if (length > 0 || p->pid == AUDIO)
        assert_int_equal(p->payload.len, length + 6);
    p->pts = read_time(at + 9);
    p->dts = at[7] & 0x40 ? read_time(at + 14) : p->pts;
    size_t header = 9u + at[8];
    memmove(p->payload.bytes, at + header, p->payload.len - header);
    p->payload.len -= header;
    assert_true(p->dts <= p->pts);
    assert_true(p->pcr < 0 || p->pcr <= p->dts);
}

static void look_at_pes(struct walk *w, unsigned pid, bool is_start,
                        bool is_entry, int64_t pcr, const uint8_t *at,
                        size_t len)
{
    struct ts_look *l = w->look;
    struct ts_look_pes **open = &w->open[pid == AUDIO];
    if (is_start) {
        close_pes(*open);
        assert_true(l->pes_count < TS_LOOK_PES_MAX);
        *open = &l->pes[l->pes_count++];
        **open = (struct ts_look_pes){
            .pid = pid, .pcr = pcr, .is_entry = is_entry, .packet = l->packets};
        buf_init(&(*open)->payload, 1 << 24);
    }
    assert_non_null(*open); // no PES packet goes on from another segment
    buf_add(&(*open)->payload, at, len);
}

static void look_at_clock(struct walk *w, int64_t pcr)
{
    w->look->clocks++;
    if (w->last_clock >= 0) {
        assert_true(pcr > w->last_clock);
        if (pcr - w->last_clock > w->look->longest_clock_gap)
            w->look->longest_clock_gap = pcr - w->last_clock;
    }
    w->last_clock = pcr;
}

static void look_at_packet(struct walk *w, const uint8_t *packet)
{
    assert_int_equal(packet[0], 0x47);
    unsigned pid = (packet[1] & 31u) << 8 | packet[2];
    bool has_field = packet[3] & 0x20;
    bool has_payload = packet[3] & 0x10;
    assert_int_equal(packet[1] & 0xA0, 0); // error, priority
    assert_int_equal(packet[3] & 0xC0, 0); // scrambling
    int counter = packet[3] & 15;
    if (w->last_counter[pid] >= 0)
        assert_int_equal(counter,
                         (w->last_counter[pid] + (has_payload ? 1 : 0)) % 16);
    w->last_counter[pid] = counter;
    if (w->in_segment < 2)
        assert_int_equal(pid, w->in_segment == 0 ? PAT : PMT);

    const uint8_t *at = packet + 4;
    int64_t pcr = -1;
    bool is_entry = false;
    if (has_field) {
        const uint8_t *field = at;
        at += 1 + field[0];
        assert_true(at <= packet + PACKET);
        if (field[0] > 0) {
            is_entry = field[1] & 0x40;
            assert_int_equal(field[1] & 0x80, 0); // no discontinuity
            if (field[1] & 0x10)
                pcr = (int64_t)field[2] << 25 | (int64_t)field[3] << 17 |
                      (int64_t)field[4] << 9 | (int64_t)field[5] << 1 |
                      field[6] >> 7;
        }
    }
    if (pcr >= 0)
        look_at_clock(w, pcr);
    size_t len = (size_t)(packet + PACKET - at);
    assert_int_equal(has_payload, len > 0);
    if (has_payload && (pid == PAT || pid == PMT))
        look_at_table(w, pid, at, len);
    else if (has_payload)
        look_at_pes(w, pid, packet[1] & 0x40, is_entry, pcr, at, len);
    w->look->video_packets += pid == VIDEO;
    w->look->audio_packets += pid == AUDIO;
    w->look->packets++;
    w->in_segment++;
}

void ts_look(const struct buf *segments, size_t count, struct ts_look *ret)
{
    *ret = (struct ts_look){0};
    ret->pes = calloc(TS_LOOK_PES_MAX, sizeof *ret->pes);
    assert_non_null(ret->pes);
    struct walk w = {.look = ret, .last_clock = -1, .last_table = -1};
    memset(w.last_counter, 0xFF, sizeof w.last_counter);
    for (size_t i = 0; i < count; i++) {
        assert_true(segments[i].len > 0);
        assert_int_equal(segments[i].len % PACKET, 0);
        w.in_segment = 0;
        for (size_t at = 0; at < segments[i].len; at += PACKET)
            look_at_packet(&w, segments[i].bytes + at);
        close_pes(w.open[0]);
        close_pes(w.open[1]);
        w.open[0] = w.open[1] = NULL;
    }
}

void ts_look_done(struct ts_look *l)
{
    for (size_t i = 0; i < l->pes_count; i++)
        buf_done(&l->pes[i].payload);
    free(l->pes);
}
