// SPDX-License-Identifier: MIT
// input_seek.c - going to an entry of the plan, and making sure of it.
//
// Containers seek with varying care. So the first packet behind a seek is read
// and looked at; when it lies behind the entry, the seek is repeated with an
// earlier target, and in the end the file is read from its beginning.
#include "input_private.h"

#include "reeld/base/mem.h"

enum {
    BACK_FIRST_BYTES = 256 << 10, // where the sound of a picture may lie
    BACK_STEPS_MAX = 24,
    SKIPPED_MAX = 600, // packets of PES packets before an entry
};

static void forget(struct input *in)
{
    input_forget(in);
    input_io_allow(&in->io, INPUT_STEP_US);
}

// Reads on to the first packet of `stream`; packets before it are dropped.
static enum err look(struct input *in, int stream)
{
    do {
        TRY(input_read_next(in, in->ahead));
    } while (in->ahead->stream_index != stream);
    in->has_ahead = true;
    return OK;
}

bool input_may_skip_data(const struct input *in)
{
    if (!(in->rule->traits & FORMAT_BOXES) || !in->io.boxes.has_index)
        return false;
    // DV's sound is cut out of its picture by the demuxer itself.
    for (unsigned i = 0; i < in->format->nb_streams; i++)
        if (in->format->streams[i]->codecpar->codec_id == AV_CODEC_ID_DVVIDEO)
            return false;
    return true;
}

void input_skip_data(struct input *in, bool is_on)
{
    int flags = AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN;
    if (is_on)
        in->format->flags |= flags;
    // Direct, a seek empties the buffer, which must neither hide bytes that
    // are to be left out nor give out bytes that never were read.
    in->io.context->direct = 1;
    avio_seek(in->io.context, avio_tell(in->io.context), SEEK_SET);
    in->io.is_skipping = is_on;
    if (!is_on) {
        in->io.context->direct = 0;
        in->format->flags &= ~flags;
    }
}

static int64_t seek_time(const struct input *in, const AVPacket *packet)
{
    return in->rule->traits & FORMAT_BY_PTS ? packet->pts : packet->dts;
}

struct plan_entry input_entry_of(struct input *in, const AVPacket *packet)
{
    struct plan_entry e = {seek_time(in, packet), packet->pos};
    const struct input_track *t = &in->track[packet->stream_index];
    // A picture may begin in the middle of a PES packet. What is found there
    // first after a seek is the rest of another one, and takes its time away:
    // so an entry is reached from the PES packet before.
    if (in->rule->traits & FORMAT_BY_BYTE)
        e.position = t->before >= 0 ? t->before : t->position;
    if (in->rule->traits & FORMAT_AT_CLUSTER) {
        AVStream *s = in->format->streams[packet->stream_index];
        const AVIndexEntry *found = avformat_index_get_entry_from_timestamp(
            s, packet->pts, AVSEEK_FLAG_BACKWARD);
        e.position = found && found->timestamp == packet->pts ? found->pos : -1;
    }
    return e;
}

bool entry_is_before(const struct plan_entry *a, const struct plan_entry *b,
                     bool by_byte)
{
    return by_byte ? a->position < b->position : a->dts < b->dts;
}

bool input_is_before(struct input *in, const AVPacket *packet,
                     const struct plan_entry *entry, bool by_byte)
{
    struct plan_entry here = input_entry_of(in, packet);
    bool is_unknown = by_byte && (entry->position < 0 || here.position < 0);
    return !is_unknown && entry_is_before(&here, entry, by_byte);
}

// A fragmented file knows only the fragments it has read: walk their headers
// up to the one that holds `dts`.
static void learn_fragments(struct input *in, int stream, int64_t dts)
{
    if (!input_may_skip_data(in) || !in->io.boxes.has_moof)
        return;
    AVStream *s = in->format->streams[stream];
    int last = avformat_index_get_entries_count(s) - 1;
    const AVIndexEntry *e = avformat_index_get_entry(s, last);
    if (e && e->timestamp > dts)
        return;
    input_skip_data(in, true);
    while (look(in, stream) == OK && in->ahead->dts <= dts)
        continue;
    input_skip_data(in, false);
}

// One attempt; what it leads to is looked at by the caller.
static bool jump_to_time(struct input *in, int stream, int64_t time)
{
    forget(in);
    return av_seek_frame(in->format, stream, time, AVSEEK_FLAG_BACKWARD) >= 0;
}

static bool jump_to_byte(struct input *in, int stream, int64_t position)
{
    forget(in);
    return av_seek_frame(in->format, stream, position, AVSEEK_FLAG_BYTE) >= 0;
}

// The first chosen stream to begin, and when, in its time base.
static AVStream *earliest(const struct input *in, int64_t *ret_time)
{
    AVStream *found = NULL;
    for (unsigned i = 0; i < in->format->nb_streams; i++) {
        AVStream *s = in->format->streams[i];
        if (i >= INPUT_STREAMS_MAX || !in->track[i].is_chosen)
            continue;
        int64_t first = s->start_time == AV_NOPTS_VALUE ? 0 : s->start_time;
        const AVIndexEntry *e = avformat_index_get_entry(s, 0);
        if (e && e->timestamp < first)
            first = e->timestamp;
        if (!found || av_compare_ts(first, s->time_base, *ret_time,
                                    found->time_base) < 0) {
            found = s;
            *ret_time = first;
        }
    }
    return found;
}

enum err input_rewind(struct input *in)
{
    int64_t first = 0;
    AVStream *s = earliest(in, &first);
    if (s &&
        (jump_to_time(in, s->index, first) || jump_to_byte(in, s->index, 0)))
        return OK;
    return fail(ERR_UNSUPPORTED, "the file cannot be read from its beginning");
}

// One attempt: OK when it has led to `time` or before it.
static enum err try_time(struct input *in, int stream, int64_t target,
                         int64_t time)
{
    if (!jump_to_time(in, stream, target))
        return fail(ERR_UNSUPPORTED, "no way to that time");
    TRY(look(in, stream));
    if (seek_time(in, in->ahead) <= time)
        return OK;
    return fail(ERR_NOT_FOUND, "the seek has led too far");
}

// The MP4 reader takes a target for a pts, but searches a table of dts: it
// lands a key frame early unless one aims higher, by as much as the frame it
// led to is delayed. Aiming too high is noticed and forgotten.
static enum err try_aimed(struct input *in, int stream, int64_t time)
{
    enum err e = try_time(in, stream, time + in->lead, time);
    if (e == ERR_NOT_FOUND && in->lead > 0) {
        in->lead = 0;
        return try_time(in, stream, time, time);
    }
    bool is_early = e == OK && in->ahead->dts < time;
    if (!is_early || in->lead > 0 || !(in->rule->traits & FORMAT_BOXES))
        return e;
    in->lead = max_i64(in->ahead->pts - in->ahead->dts, 0);
    return in->lead > 0 ? try_aimed(in, stream, time) : OK;
}

static enum err seek_by_time(struct input *in, int stream, int64_t time)
{
    AVStream *s = in->format->streams[stream];
    learn_fragments(in, stream, time);
    int64_t back = 0;
    int64_t step = av_rescale_q(1, (AVRational){1, 1}, s->time_base);
    for (int i = 0; i < BACK_STEPS_MAX; i++) {
        enum err e = i == 0 ? try_aimed(in, stream, time)
                            : try_time(in, stream, time - back, time);
        if (e == OK || e == ERR_IO || e == ERR_TIMEOUT)
            return e;
        if (e == ERR_UNSUPPORTED)
            break;
        back = back ? back * 2 : max_i64(step, 1);
    }
    return input_rewind(in);
}

static enum err seek_by_byte(struct input *in, int stream,
                             const struct plan_entry *entry)
{
    bool is_near =
        entry->position >= 0 && jump_to_byte(in, stream, entry->position);
    if (!is_near)
        TRY(input_rewind(in));
    for (int i = 0; i < SKIPPED_MAX || !is_near; i++) {
        enum err e = look(in, stream);
        if (e != OK)
            return e == ERR_NOT_FOUND ? OK : e; // reading on says so
        if (in->ahead->dts >= entry->dts)
            return OK;
    }
    return OK;
}

enum err input_seek(struct input *in, int stream,
                    const struct plan_entry *entry, bool by_byte)
{
    AVStream *s = input_stream(in, stream);
    if (!s)
        return fail(ERR_BAD_INPUT, "the file has no stream %d", stream);
    if (by_byte)
        return seek_by_byte(in, stream, entry);
    // Tells readers that build their index as they go where the entry lies.
    if (entry->position >= 0 && (in->rule->traits & FORMAT_LEARNS))
        av_add_index_entry(s, entry->position, entry->dts, 0, 0,
                           AVINDEX_KEYFRAME);
    return seek_by_time(in, stream, entry->dts);
}

enum err input_seek_audio(struct input *in, int stream, int64_t pts,
                          const struct plan_entry *near, bool by_byte)
{
    if (!input_stream(in, stream))
        return fail(ERR_BAD_INPUT, "the file has no stream %d", stream);
    if (!by_byte)
        return seek_by_time(in, stream, pts);
    int64_t from = near ? near->position : 0;
    for (int64_t back = BACK_FIRST_BYTES; from > 0; back *= 2) {
        from = max_i64(from - back, 0);
        if (!jump_to_byte(in, stream, from))
            break;
        enum err e = look(in, stream);
        if (e == OK && in->ahead->pts <= pts)
            return OK;
        if (e != OK && e != ERR_NOT_FOUND)
            return e;
    }
    return input_rewind(in);
}
