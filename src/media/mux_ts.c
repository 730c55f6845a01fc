// SPDX-License-Identifier: MIT
// mux_ts.c - the MPEG-TS view of one segment, from CMAF pieces, no decoding.
//
// A pure function of the pieces: neither the segments around it nor its own
// number decide a byte.
#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/media.h"
#include "ts_lane.h"

enum {
    CLOCK_GAP = TS_CLOCK_HZ * 98 / 1000, // longest without a PCR (TS-04)
    CLOCK_STEP = TS_CLOCK_HZ * 80 / 1000,
    TABLE_GAP = TS_CLOCK_HZ / 10, // between PATs, about (TS-02)
};

struct mux {
    struct buf *out;
    struct ts_lane *video, *audio; // NULL: there is none
    struct ts_lane *clock;         // the one of the two that carries the PCR
    struct ts_stream pat, pmt;
    int64_t from, to;     // of the segment
    int64_t tables, next; // how many PATs in all, and are written
    int64_t last_clock;   // when the last PCR came
};

static int64_t next_table(const struct mux *m)
{
    if (m->next == m->tables)
        return INT64_MAX;
    return m->from + scale_floor(m->to - m->from, m->next, m->tables);
}

// Tables, and clocks where units lie far apart, that are due up to `at`.
static void advance(struct mux *m, int64_t at)
{
    for (;;) {
        int64_t table = next_table(m);
        int64_t clock = at - m->last_clock > CLOCK_GAP
                            ? m->last_clock + CLOCK_STEP
                            : INT64_MAX;
        if (min_i64(table, clock) > at)
            return;
        if (table <= clock) {
            ts_write_pat(m->out, &m->pat);
            ts_write_pmt(m->out, &m->pmt, m->video != NULL, m->audio != NULL);
            m->next++;
        } else {
            ts_write_clock(m->out, &m->clock->stream,
                           clock - TS_DECODE_LEAD - TS_CLOCK_LEAD);
            m->last_clock = clock;
        }
    }
}

static const struct ts_unit *next_unit(const struct ts_lane *l)
{
    return l && l->next < l->units ? &l->unit[l->next] : NULL;
}

static void write_units(struct mux *m)
{
    for (;;) {
        const struct ts_unit *video = next_unit(m->video);
        const struct ts_unit *audio = next_unit(m->audio);
        if (!video && !audio)
            return;
        bool is_video = video && (!audio || video->at <= audio->at);
        struct ts_lane *lane = is_video ? m->video : m->audio;
        const struct ts_unit *unit = is_video ? video : audio;
        advance(m, unit->at);
        ts_write_pes(m->out, &lane->stream, &unit->pes,
                     lane->next == lane->wide_unit ? lane->extra : 0);
        if (lane == m->clock)
            m->last_clock = unit->at;
        lane->next++;
    }
}

// A PID's tables come in multiples of 16 for their counters.
static void plan_tables(struct mux *m)
{
    int64_t wished = (m->to - m->from) / TABLE_GAP;
    m->tables = max_i64(TS_COUNTERS, (wished + TS_COUNTERS / 2 - 1) /
                                         TS_COUNTERS * TS_COUNTERS);
}

static void span(struct mux *m, const struct ts_lane *l)
{
    if (!l || l->units == 0)
        return;
    m->from = min_i64(m->from, l->unit[0].at);
    m->to = max_i64(m->to, ts_lane_ticks(l, l->piece.end));
}

static enum err mux(struct ts_lane *video, struct ts_lane *audio,
                    struct buf *out)
{
    struct mux m = {
        .out = out,
        .video = video,
        .audio = audio,
        .clock = video ? video : audio,
        .pat = {TS_PID_PAT, 0},
        .pmt = {TS_PID_PMT, 0},
        .from = INT64_MAX,
        .to = INT64_MIN
    };
    if (!m.clock || m.clock->units == 0)
        return fail(ERR_BAD_INPUT, "ts: a segment without samples");
    span(&m, video);
    span(&m, audio);
    m.last_clock = m.clock->unit[0].at;
    plan_tables(&m);
    write_units(&m);
    advance(&m, m.to);
    return buf_end(out);
}

static void scoped_release_lane(struct ts_lane *held)
{
    ts_lane_done(held);
}

static enum err make(const struct wire_ts *ask, int video_init_fd,
                     int video_piece_fd, int audio_init_fd, int audio_piece_fd,
                     struct buf *out)
{
    scoped(lane) struct ts_lane video = {0};
    scoped(lane) struct ts_lane audio = {0};
    if (ask->has_video)
        TRY(ts_lane_read(&video, video_init_fd, video_piece_fd, true));
    if (ask->has_audio)
        TRY(ts_lane_read(&audio, audio_init_fd, audio_piece_fd,
                         !ask->has_video));
    if (ask->has_video != video.track.is_video || audio.track.is_video)
        return fail(ERR_BAD_INPUT, "ts: pictures and sound mixed up");
    return mux(ask->has_video ? &video : NULL, ask->has_audio ? &audio : NULL,
               out);
}

void media_make_ts(const struct wire_ts *ask, int video_init_fd,
                   int video_piece_fd, int audio_init_fd, int audio_piece_fd,
                   int output_fd, struct wire_made *ret)
{
    int64_t before_us = clock_thread_cpu_us();
    scoped(buf) struct buf out;
    buf_init(&out, WIRE_PIECE_BYTES_MAX);
    *ret = (struct wire_made){.request = ask->request, .outputs = 1};
    ret->result = make(ask, video_init_fd, video_piece_fd, audio_init_fd,
                       audio_piece_fd, &out);
    if (ret->result == OK)
        ret->result = fd_write_all(output_fd, out.bytes, out.len);
    if (ret->result != OK)
        snprintf(ret->detail, sizeof ret->detail, "%s", fail_text());
    ret->size_bytes[0] = ret->result == OK ? (int64_t)out.len : 0;
    ret->cpu_us = clock_thread_cpu_us() - before_us;
}
