// SPDX-License-Identifier: MIT
// reader.c - the decoded frames of a video stream with their media times.
#include "reader.h"

#include <assert.h>

#include "damage.h"
#include "reeld/base/mem.h"

enum {
    DECODER_THREADS_MAX = 4, // each holds some pictures of up to 25 MB
    DRAIN_ERRORS_MAX = 64,   // in a row: as many as any decoder has delayed
};

struct reader {
    int stream;
    enum reader_start start;
    bool is_by_byte;
    struct source_clock clock;
    int64_t from, to;        // the range, ticks
    struct plan_entry entry; // where it was begun ...
    bool is_at_entry;        // ... false: packets before it are coming
    struct plan_entry read;  // the last packet that was decoded
    struct input *in;
    AVCodecContext *decoder;
    struct damage *damage; // apart: the decoder's threads point at it
    AVPacket *packet;
    AVFrame *ahead;     // behind `to`: the next range's first frame
    bool has_first;     // a frame of the range was given out
    bool is_disordered; // times went back, or the first one is missing
    bool is_drained;    // no more packets
    int64_t newest;     // largest time that came out of the decoder
    int64_t frames;
};

void reader_free(struct reader *r)
{
    if (!r)
        return;
    avcodec_free_context(&r->decoder); // ends the threads that see `damage`
    av_packet_free(&r->packet);
    av_frame_free(&r->ahead);
    input_close(r->in);
    free(r->damage);
    free(r);
}

static bool same_clock(const struct source_clock *a,
                       const struct source_clock *b)
{
    return a->timescale == b->timescale && a->origin_pts == b->origin_pts &&
           a->first_pts == b->first_pts && a->timebase.num == b->timebase.num &&
           a->timebase.den == b->timebase.den;
}

bool reader_may_go_on(const struct reader *r, const struct wire_make *ask,
                      int stream)
{
    if (!r || r->start == READER_STRICT || r->stream != stream ||
        r->is_drained || reader_is_damaged(r))
        return false;
    struct source_clock clock = source_clock_of(ask);
    // When the entry lies ahead of what was decoded, seeking is cheaper.
    return same_clock(&r->clock, &clock) && ask->border[0] >= r->to &&
           !entry_is_before(&r->read, &ask->entry[0], r->is_by_byte);
}

// `in` (or NULL: open one) is taken over.
static enum err open_cold(const struct media_source *s,
                          const struct wire_make *ask, int stream,
                          enum reader_start start, struct input *in,
                          struct reader **ret)
{
    struct reader *r = NEW(struct reader);
    *ret = r;
    r->in = in;
    r->stream = stream;
    r->start = start;
    r->is_by_byte = ask->seeks_by_byte;
    r->clock = source_clock_of(ask);
    r->entry = ask->entry[0];
    r->newest = INT64_MIN;
    r->damage = NEW(struct damage);
    atomic_store(&r->damage->from, INT64_MIN);
    r->packet = av_packet_new();
    if (!in)
        TRY(source_open_input(s, ask, stream, &r->in));
    int threads = start == READER_STRICT
                      ? 1
                      : (int)clamp_i64(ask->threads, 1, DECODER_THREADS_MAX);
    TRY(input_open_decoder(r->in, stream, threads, &r->decoder));
    r->decoder->opaque = r->damage;
    if (start == READER_STRICT)
        r->decoder->get_buffer2 = damage_get_blank_buffer;
    return input_seek(r->in, stream, &r->entry, r->is_by_byte);
}

enum err reader_begin(struct reader **keep, const struct media_source *s,
                      const struct wire_make *ask, int stream,
                      enum reader_start start)
{
    if (start != READER_ROW) {
        // Opening a long file again costs more than a seek.
        bool may_keep = start == READER_COLD && *keep &&
                        (*keep)->stream == stream && (*keep)->in;
        struct input *in = may_keep ? take((*keep)->in) : NULL;
        reader_free(take(*keep));
        enum err result = open_cold(s, ask, stream, start, in, keep);
        if (result != OK) {
            reader_free(take(*keep));
            return result;
        }
    }
    struct reader *r = *keep;
    assert(r);
    r->start = start;
    r->from = ask->border[0];
    r->to = ask->border[ask->borders - 1];
    r->has_first = false;
    r->is_disordered = false;
    r->frames = 0;
    return OK;
}

// Packets before the entry are left out, so that decoding begins with the same
// packet wherever the seek has landed.
static bool is_at_entry(struct reader *r)
{
    if (r->is_at_entry)
        return true;
    r->is_at_entry =
        !input_is_before(r->in, r->packet, &r->entry, r->is_by_byte);
    // What leads the entry's picture may look back to where we have not been.
    if (r->is_at_entry)
        atomic_store(&r->damage->from, r->packet->pts);
    return r->is_at_entry;
}

static void note_damage(struct reader *r)
{
    if (r->decoder->reordered_opaque >= atomic_load(&r->damage->from))
        atomic_fetch_add(&r->damage->count, 1);
}

// Of what is shown before the range, pictures that no other one looks back to
// need not be decoded: a third of the way from an entry to a range of x264's.
// H.264 alone marks them whatever the layers of a stream; HEVC's marks hold
// inside one temporal layer.
static enum AVDiscard what_to_skip(const struct reader *r)
{
    bool is_known = r->decoder->codec_id == AV_CODEC_ID_H264 &&
                    r->packet->pts != AV_NOPTS_VALUE;
    if (r->start == READER_STRICT || !is_known ||
        source_ticks(&r->clock, r->packet->pts) >= r->from)
        return AVDISCARD_DEFAULT;
    return AVDISCARD_NONREF;
}

// Gives the decoder one more packet, or the end. ERR_NOT_FOUND: had the end.
static enum err feed(struct reader *r)
{
    if (r->is_drained)
        return fail(ERR_NOT_FOUND, "no more frames");
    enum err result;
    do {
        result = input_read(r->in, r->packet);
    } while (result == OK && !is_at_entry(r));
    if (result != OK && result != ERR_NOT_FOUND)
        return result;
    if (result == ERR_NOT_FOUND) {
        r->is_drained = true;
        // Refuses nothing but a second end, which this flag prevents.
        avcodec_send_packet(r->decoder, NULL);
        return OK;
    }
    r->read = input_entry_of(r->in, r->packet);
    r->decoder->reordered_opaque = r->packet->pts;
    r->decoder->skip_frame = what_to_skip(r);
    bool is_corrupt = r->packet->flags & AV_PKT_FLAG_CORRUPT;
    if (avcodec_send_packet(r->decoder, r->packet) < 0 || is_corrupt)
        note_damage(r);
    return OK;
}

// The next frame that the decoder shows. Its errors are no reason to stop.
static enum err decode(struct reader *r, AVFrame **ret)
{
    scoped(av_frame) AVFrame *f = av_frame_new();
    for (int errors = 0;;) {
        int got = avcodec_receive_frame(r->decoder, f);
        if (got >= 0)
            break;
        if (got != AVERROR(EAGAIN) && got != AVERROR_EOF) {
            note_damage(r);
            if (r->is_drained && errors++ < DRAIN_ERRORS_MAX)
                continue;
        }
        TRY(feed(r));
    }
    r->frames++;
    *ret = take(f);
    return OK;
}

static int64_t ticks_of(struct reader *r, const AVFrame *f)
{
    int64_t pts = f->pts != AV_NOPTS_VALUE ? f->pts : f->best_effort_timestamp;
    if (pts == AV_NOPTS_VALUE)
        return max_i64(r->newest, 0);
    return source_ticks(&r->clock, pts);
}

enum err reader_next(struct reader *r, AVFrame **ret, int64_t *ret_ticks)
{
    for (;;) {
        scoped(av_frame) AVFrame *f = take(r->ahead);
        bool is_new = f == NULL;
        if (is_new)
            TRY(decode(r, &f));
        int64_t ticks = ticks_of(r, f);
        if (is_new && ticks <= r->newest)
            r->is_disordered = true;
        r->newest = max_i64(r->newest, ticks);
        if (ticks >= r->to) {
            r->ahead = take(f);
            return fail(ERR_NOT_FOUND, "the range ends");
        }
        if (ticks < r->from)
            continue;
        if (!r->has_first && ticks != r->from)
            r->is_disordered = true;
        r->has_first = true;
        if (f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT))
            atomic_fetch_add(&r->damage->count, 1);
        *ret = take(f);
        *ret_ticks = ticks;
        return OK;
    }
}

AVFrame *reader_behind(struct reader *r)
{
    if (!r->ahead)
        return NULL;
    AVFrame *f = av_frame_share(r->ahead);
    f->pts = ticks_of(r, f);
    return f;
}

bool reader_is_damaged(const struct reader *r)
{
    // Begun cold, disorder comes out the same every time.
    bool is_disordered =
        r->start == READER_ROW && (r->is_disordered || !r->has_first);
    return is_disordered || atomic_load(&r->damage->count) > 0;
}

int64_t reader_frames(const struct reader *r)
{
    return r->frames;
}
