// SPDX-License-Identifier: MIT
// ts_lane.c - CMAF samples as PES packets: Annex B and ADTS.
#include "ts_lane.h"

#include <stdlib.h>
#include <string.h>

#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/wire.h"

enum {
    INIT_BYTES_MAX = 1 << 20,
    NAL_LENGTH_BYTES = 4,
    NAL_IDR = 5,
    NAL_SPS = 7,
    NAL_AUD = 9,
    ADTS_BYTES = 7,
    ADTS_FRAME_MAX = (1 << 13) - 1,
    // Frames of a PES packet: few enough for a clock every 100 ms (TS-04).
    PES_FRAMES_MAX = 4,
    PES_MS_MAX = 95,
    AAC_FRAME = 1024, // samples
    STREAM_VIDEO = 0xE0,
    STREAM_AUDIO = 0xC0,
};

// An access unit delimiter that allows every slice type (TS-07).
static const uint8_t delimiter[] = {0, 0, 0, 1, NAL_AUD, 0xF0};

int64_t ts_lane_ticks(const struct ts_lane *l, int64_t ticks)
{
    return TS_START + scale_round(ticks, TS_CLOCK_HZ, l->track.timescale);
}

// What a sample of H.264 has.
struct picture {
    size_t skip; // bytes of a delimiter of its own, at the beginning
    bool is_idr, has_sets;
};

// Puts start codes where NAL lengths were (same size) and looks at each NAL.
static enum err to_annex_b(uint8_t *sample, size_t len, struct picture *ret)
{
    struct picture found = {0};
    for (size_t at = 0; at < len;) {
        if (len - at < NAL_LENGTH_BYTES)
            return fail(ERR_BAD_INPUT, "ts: a NAL length is cut");
        uint8_t *nal = sample + at;
        size_t size = (size_t)nal[0] << 24 | (size_t)nal[1] << 16 |
                      (size_t)nal[2] << 8 | nal[3];
        if (size > len - at - NAL_LENGTH_BYTES)
            return fail(ERR_BAD_INPUT, "ts: a NAL lies outside its sample");
        memcpy(nal, delimiter, NAL_LENGTH_BYTES); // the start code
        at += NAL_LENGTH_BYTES + size;
        unsigned type = size > 0 ? nal[NAL_LENGTH_BYTES] & 31 : 0;
        if (type == NAL_AUD && nal == sample)
            found.skip = at;
        found.is_idr |= type == NAL_IDR;
        found.has_sets |= type == NAL_SPS;
    }
    *ret = found;
    return OK;
}

static enum err lay_picture(struct ts_lane *l, size_t i)
{
    const struct read_sample *sample = &l->piece.sample[i];
    uint8_t *bytes = l->bytes + sample->offset;
    struct picture picture = {0};
    TRY(to_annex_b(bytes, sample->bytes, &picture));
    if (picture.skip == sample->bytes)
        return fail(ERR_BAD_INPUT, "ts: a picture without a slice");
    bool needs_sets = picture.is_idr && !picture.has_sets;
    l->unit[i].pes = (struct ts_pes){
        .stream_id = STREAM_VIDEO,
        .pts = ts_lane_ticks(l, sample->pts),
        .pcr = -1,
        .is_entry = picture.is_idr,
        .head = l->made, // the delimiter, and the sets behind it
        .head_bytes = sizeof delimiter + (needs_sets ? l->track.sets_bytes : 0),
        .body = bytes + picture.skip,
        .body_bytes = sample->bytes - picture.skip,
    };
    return OK;
}

static int by_value(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

// Decode times: the n-th to be decoded has the time of the n-th to be shown, by
// which they step as evenly as the pictures do, over borders as well; those of
// CMAF are as uneven as the pictures are reordered (cmaf_fragment.c). Where
// pictures lie far apart, one may be decoded so much later than it is shown
// that the lead does not cover it; then it, and what comes before it, is
// decoded earlier. The first picture is shown before all others and does not
// move, so segments meet all the same.
static void time_decoding(struct ts_lane *l, const int64_t *shown)
{
    int64_t next = INT64_MAX;
    for (size_t i = l->units; i-- > 0;) {
        struct ts_pes *p = &l->unit[i].pes;
        p->dts = min_i64(min_i64(p->pts, shown[i] - TS_DECODE_LEAD), next - 1);
        next = p->dts;
    }
}

// MPEG-TS does not say how long the last picture of all is shown. Players take
// the last two decode times to be that far apart; so they are, where it fits.
static void tell_last(struct ts_lane *l, int64_t last_shown)
{
    if (l->units < 3)
        return;
    struct ts_unit *last = &l->unit[l->units - 1];
    struct ts_pes *before = &last[-1].pes;
    int64_t wish =
        last->pes.dts - (ts_lane_ticks(l, l->piece.end) - last_shown);
    if (wish > last[-2].pes.dts && wish <= before->pts)
        before->dts = wish;
}

static enum err lay_video(struct ts_lane *l)
{
    l->made = NEW_ARRAY(sizeof delimiter + l->track.sets_bytes, uint8_t);
    memcpy(l->made, delimiter, sizeof delimiter);
    memcpy(l->made + sizeof delimiter, l->track.sets, l->track.sets_bytes);
    l->units = l->piece.samples;
    if (l->units == 0)
        return fail(ERR_BAD_INPUT, "ts: a piece without a picture");
    scoped(mem) int64_t *shown = NEW_ARRAY(l->units, int64_t);
    for (size_t i = 0; i < l->units; i++) {
        TRY(lay_picture(l, i));
        shown[i] = l->unit[i].pes.pts;
    }
    qsort(shown, l->units, sizeof *shown, by_value);
    time_decoding(l, shown);
    tell_last(l, shown[l->units - 1]);
    for (size_t i = 0; i < l->units; i++)
        l->unit[i].at = l->unit[i].pes.dts + TS_DECODE_LEAD;
    return OK;
}

// ISO/IEC 13818-7 section 6.2: no CRC, buffer fullness "variable rate".
static void put_adts(const struct read_track *t, size_t frame, uint8_t *to)
{
    to[0] = 0xFF;
    to[1] = 0xF1;
    to[2] = (uint8_t)(t->adts_profile << 6 | t->adts_rate_index << 2 |
                      t->adts_channels >> 2);
    to[3] = (uint8_t)((t->adts_channels & 3) << 6 | frame >> 11);
    to[4] = (uint8_t)(frame >> 3);
    to[5] = (uint8_t)(frame << 5 | 0x1F);
    to[6] = 0xFC;
}

static enum err put_frame(struct ts_lane *l, const struct read_sample *sample,
                          size_t *at)
{
    size_t frame = sample->bytes + ADTS_BYTES;
    if (frame > ADTS_FRAME_MAX)
        return fail(ERR_BAD_INPUT, "ts: %zu bytes of sound in a frame", frame);
    put_adts(&l->track, frame, l->made + *at);
    memcpy(l->made + *at + ADTS_BYTES, l->bytes + sample->offset,
           sample->bytes);
    *at += frame;
    return OK;
}

static enum err lay_audio(struct ts_lane *l)
{
    const struct read_piece *p = &l->piece;
    size_t bytes = p->samples * ADTS_BYTES;
    for (size_t i = 0; i < p->samples; i++)
        bytes += p->sample[i].bytes;
    l->made = NEW_ARRAY(bytes, uint8_t);
    size_t frames = (size_t)clamp_i64((int64_t)l->track.timescale * PES_MS_MAX /
                                          (INT64_C(1000) * AAC_FRAME),
                                      1, PES_FRAMES_MAX);
    size_t at = 0;
    for (size_t i = 0; i < p->samples;) {
        size_t from = at;
        struct ts_unit *u = &l->unit[l->units++];
        u->at = ts_lane_ticks(l, p->sample[i].pts);
        for (size_t n = 0; n < frames && i < p->samples; n++)
            TRY(put_frame(l, &p->sample[i++], &at));
        u->pes = (struct ts_pes){.stream_id = STREAM_AUDIO,
                                 .pts = u->at,
                                 .dts = u->at,
                                 .pcr = -1,
                                 .body = l->made + from,
                                 .body_bytes = at - from};
    }
    return OK;
}

// The number of packets becomes a multiple of 16 by way of the largest unit.
static void pad(struct ts_lane *l)
{
    size_t packets = 0;
    size_t most = 0;
    for (size_t i = 0; i < l->units; i++) {
        const struct ts_pes *p = &l->unit[i].pes;
        packets += ts_pes_packets(p);
        if (ts_pes_bytes(p) > most) {
            most = ts_pes_bytes(p);
            l->wide_unit = i;
        }
    }
    l->extra = (TS_COUNTERS - packets % TS_COUNTERS) % TS_COUNTERS;
}

enum err ts_lane_read(struct ts_lane *l, int init_fd, int piece_fd,
                      bool carries_clock)
{
    scoped(mem) uint8_t *init = NULL;
    size_t init_len;
    TRY(fd_read_file(init_fd, INIT_BYTES_MAX, &init, &init_len));
    TRY(cmaf_read_init(init, init_len, &l->track));
    TRY(fd_read_file(piece_fd, WIRE_PIECE_BYTES_MAX, &l->bytes, &l->len));
    TRY(cmaf_read_piece(&l->track, l->bytes, l->len, &l->piece));
    l->unit = NEW_ARRAY(l->piece.samples, struct ts_unit);
    TRY(l->track.is_video ? lay_video(l) : lay_audio(l));
    for (size_t i = 0; i < l->units && carries_clock; i++)
        l->unit[i].pes.pcr = l->unit[i].at - TS_DECODE_LEAD - TS_CLOCK_LEAD;
    l->stream.pid = l->track.is_video ? TS_PID_VIDEO : TS_PID_AUDIO;
    pad(l);
    return OK;
}

void ts_lane_done(struct ts_lane *l)
{
    read_piece_done(&l->piece);
    free(l->bytes);
    free(l->made);
    free(l->unit);
}
