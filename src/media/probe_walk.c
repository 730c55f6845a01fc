// SPDX-License-Identifier: MIT
// probe_walk.c - every packet of the file, for times, sizes and key frames.
#include "probe.h"

#include "av.h"
#include "boxes.h"
#include "probe_field.h"
#include "probe_jump.h"
#include "probe_key.h"
#include "reeld/base/mem.h"

enum {
    VP8_SHOW_FRAME = 0x10, // RFC 6386 section 9.1
    JITTER_SAMPLES = 64,
    PRIMING_PACKETS_MAX = 3,
};

struct walk {
    struct probe *p;
    bool has_data; // packets carry their bytes
    struct jump_watch jumps;
    struct field_watch *fields[PROBE_STREAMS_MAX];
    size_t packets; // of all video streams
};

// MP4 with all of its index in moov: sound need not be read even so.
static bool is_indexed(const struct input *in)
{
    return input_may_skip_data(in) && !input_boxes(in)->has_moof;
}

// Reads again from the beginning, with a fresh demuxer where going back is not
// exact.
static enum err start_over(struct probe *p)
{
    int chosen[PROBE_STREAMS_MAX], count = 0;
    bool is_light = is_indexed(p->in);
    for (uint32_t i = 0; i < p->streams; i++)
        if (p->stream[i].first && (p->stream[i].is_video || !is_light))
            chosen[count++] = p->stream[i].index;
    if (!is_light) {
        struct input *fresh = NULL;
        TRY(input_open(p->fd, &p->ask->limits, &fresh));
        input_close(p->in);
        p->in = fresh;
    }
    input_choose(p->in, chosen, count);
    if (input_may_skip_data(p->in))
        input_skip_data(p->in, true);
    return is_light && count > 0 ? input_rewind(p->in) : OK;
}

static bool changes_codec(const AVPacket *packet)
{
    return av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, NULL) ||
           av_packet_get_side_data(packet, AV_PKT_DATA_PARAM_CHANGE, NULL);
}

static bool is_second_field(struct walk *w, const AVStream *s,
                            const AVPacket *packet)
{
    if (!w->has_data || s->codecpar->codec_id != AV_CODEC_ID_H264)
        return false;
    if (!w->fields[s->index])
        w->fields[s->index] = field_watch_new(s->codecpar);
    return w->fields[s->index] &&
           field_watch_is_second(w->fields[s->index], packet);
}

static enum err note_picture(struct walk *w, struct probe_stream *s,
                             const AVStream *stream, const AVPacket *packet)
{
    if (s->packets > 0 && is_second_field(w, stream, packet)) {
        s->packet[s->packets - 1].size_bytes += packet->size;
        return OK;
    }
    if (w->packets++ >= PROBE_PACKETS_MAX)
        return fail(ERR_TOO_LARGE, "more than %d pictures", PROBE_PACKETS_MAX);
    struct probe_packet one = {
        .pts = packet->pts,
        .duration = packet->duration,
        .entry = input_entry_of(w->p->in, packet),
        .size_bytes = packet->size,
        .is_hidden = packet->flags & AV_PKT_FLAG_DISCARD || packet->size == 0,
    };
    if (w->has_data && stream->codecpar->codec_id == AV_CODEC_ID_VP8 &&
        packet->size > 0 && !(packet->data[0] & VP8_SHOW_FRAME))
        one.is_hidden = true;
    if (packet->flags & AV_PKT_FLAG_KEY) {
        struct key_bytes bytes = {.memory = w->has_data ? packet->data : NULL,
                                  .fd = w->p->fd,
                                  .position = packet->pos,
                                  .size_bytes = packet->size};
        probe_classify(s, stream->codecpar, &bytes, &one);
        // Without an IDR there is nothing to count pictures from.
        if (input_counts_from_idr(w->p->in, s->index) && !one.is_idr)
            one.key = KEY_NONE;
    }
    PUSH(s->packet, s->packets, s->capacity, one);
    return OK;
}

// Is the next packet where 1024 samples each put it? The time base may be
// coarser than samples, and writers jitter: moving a packet by a millisecond is
// not heard, as long as it does not add up.
static bool is_on_grid(const struct probe_stream *s, const AVStream *stream,
                       int64_t pts)
{
    AVRational tb = stream->time_base;
    int32_t rate = s->aac_rate;
    int64_t slack = scale_ceil(tb.num, rate, tb.den) + JITTER_SAMPLES;
    int64_t at = scale_round(pts - s->grid_pts, (int64_t)tb.num * rate, tb.den);
    int64_t due = s->grid_packets * AAC_FRAME_SAMPLES;
    return at >= due - slack && at <= due + slack;
}

static void note_grid(struct probe_stream *s, const AVStream *stream,
                      int64_t pts)
{
    if (!s->is_regular)
        return;
    bool is_first = s->grid_pts == AV_NOPTS_VALUE;
    if (is_first || !is_on_grid(s, stream, pts)) {
        // Priming packets of some writers stand apart from the rest.
        s->is_regular = is_first || s->grid_packets <= PRIMING_PACKETS_MAX;
        s->grid_pts = pts;
        s->grid_packets = 0;
    }
    s->grid_packets++;
}

static void note_sound(struct probe_stream *s, const AVStream *stream,
                       int64_t pts, int64_t duration)
{
    if (s->audio_pts == AV_NOPTS_VALUE)
        s->audio_pts = s->audio_last = s->audio_end = pts;
    if (duration <= 0)
        duration = max_i64(pts - s->audio_last, 0);
    note_grid(s, stream, pts);
    s->audio_last = pts;
    s->audio_end = max_i64(s->audio_end, pts + duration);
}

static enum err note(struct walk *w, AVPacket *packet)
{
    struct probe_stream *s = &w->p->stream[packet->stream_index];
    const AVStream *stream = input_stream(w->p->in, s->index);
    if (input_may_jump(w->p->in))
        TRY(jump_watch_note(&w->jumps, stream, packet));
    s->count++;
    s->bytes += packet->size;
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) || changes_codec(packet))
        s->is_damaged = true;
    if (s->is_video)
        return note_picture(w, s, stream, packet);
    if (!(packet->flags & AV_PKT_FLAG_DISCARD))
        note_sound(s, stream, packet->pts, packet->duration);
    return OK;
}

// The sound of an indexed MP4: libavformat's table, nothing is read.
static void walk_table(struct walk *w, struct probe_stream *s)
{
    AVStream *stream = input_stream(w->p->in, s->index);
    int count = avformat_index_get_entries_count(stream);
    int64_t duration = 0;
    for (int i = 0; i < count; i++) {
        const AVIndexEntry *e = avformat_index_get_entry(stream, i);
        if (e->pos + e->size > input_size_bytes(w->p->in))
            break; // the file is cut
        const AVIndexEntry *next = avformat_index_get_entry(stream, i + 1);
        if (next && next->timestamp > e->timestamp)
            duration = next->timestamp - e->timestamp;
        s->count++;
        s->bytes += e->size;
        if (!(e->flags & AVINDEX_DISCARD_FRAME))
            note_sound(s, stream, e->timestamp, duration);
    }
}

static enum err walk_packets(struct walk *w)
{
    scoped(av_packet) AVPacket *packet = av_packet_new();
    for (;;) {
        enum err e = input_read(w->p->in, packet);
        if (e == ERR_NOT_FOUND)
            return OK;
        TRY(e);
        TRY(note(w, packet));
    }
}

enum err probe_walk(struct probe *p)
{
    TRY(start_over(p));
    struct walk w = {
        .p = p, .has_data = !input_may_skip_data(p->in), .jumps.plan = p->plan};
    bool has_packets = false;
    for (uint32_t i = 0; i < p->streams; i++) {
        struct probe_stream *s = &p->stream[i];
        if (!s->first)
            continue;
        s->aac_rate = s->is_audio ? probe_plain_aac_rate(p->in, s) : 0;
        s->is_regular = s->aac_rate > 0;
        if (s->is_audio && is_indexed(p->in))
            walk_table(&w, s);
        else
            has_packets = true;
    }
    enum err e = has_packets ? walk_packets(&w) : OK;
    for (uint32_t i = 0; i < p->streams; i++)
        field_watch_free(w.fields[i]);
    return e;
}
