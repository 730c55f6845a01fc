// SPDX-License-Identifier: MIT
// copy_video.c - segments made of the source's own H.264 packets.
#include <string.h>

#include "av.h"
#include "cmaf.h"
#include "make.h"
#include "nal.h"
#include "reeld/base/mem.h"

struct copy {
    struct input *in;
    struct source_clock clock;
    int length_size; // of NAL units in the packets, 0: Annex B
    int64_t from, to;
    size_t most; // samples wanted
    struct buf bytes;
    struct cmaf_sample *sample;
    size_t samples, capacity;
};

static void copy_done(struct copy *c)
{
    buf_done(&c->bytes);
    free(c->sample);
}

static enum err add_packet(struct copy *c, const AVPacket *p, int64_t ticks)
{
    size_t before = c->bytes.len;
    nal_write_sample(nal_walk_over(p->data, (size_t)p->size, c->length_size),
                     false, &c->bytes);
    struct cmaf_sample s = {.size = c->bytes.len - before,
                            .pts = ticks,
                            .is_sync = c->samples == 0};
    if (s.size > 0)
        PUSH(c->sample, c->samples, c->capacity, s);
    return buf_end(&c->bytes);
}

// A segment begins with an IDR and ends before another one, so its packets are
// those between the two in decoding order: all that come between have times
// between, too.
static enum err collect(struct copy *c)
{
    scoped(av_packet) AVPacket *p = av_packet_new();
    while (c->samples < c->most) {
        enum err result = input_read(c->in, p);
        if (result == ERR_NOT_FOUND)
            return OK;
        TRY(result);
        int64_t ticks = source_ticks(&c->clock, p->pts);
        bool is_key = p->flags & AV_PKT_FLAG_KEY;
        if (is_key && ticks >= c->to)
            return OK;
        bool is_begun = c->samples > 0 || (is_key && ticks >= c->from);
        if (is_begun && ticks >= c->from && ticks < c->to)
            TRY(add_packet(c, p, ticks));
    }
    return OK;
}

static enum err copy_range(struct copy *c, const struct wire_make *ask,
                           int stream, struct buf *out)
{
    TRY(input_seek(c->in, stream, &ask->entry[0], ask->seeks_by_byte));
    TRY(collect(c));
    if (c->samples == 0)
        return fail(ERR_BAD_INPUT, "no packets to copy from %lld on",
                    (long long)c->from);
    struct cmaf_fragment f = {.timescale = ask->timescale,
                              .from = c->from,
                              .to = c->to,
                              .sample = c->sample,
                              .samples = c->samples,
                              .bytes = buf_view(&c->bytes)};
    return cmaf_write_video(&f, out);
}

enum err make_copied_video(struct make *m, uint32_t output)
{
    const struct wire_make *ask = m->ask;
    const struct wire_output *o = &ask->output[output];
    struct copy c = {.clock = source_clock_of(ask),
                     .from = ask->border[0],
                     .to = ask->border[ask->borders - 1],
                     .most = o->kind == PIECE_IFRAME ? 1 : SIZE_MAX};
    TRY(source_input(m->source, ask, o->recipe.stream, &c.in));
    const AVCodecParameters *p = input_stream(c.in, o->recipe.stream)->codecpar;
    if (p->codec_id != AV_CODEC_ID_H264)
        return fail(ERR_UNSUPPORTED, "only H.264 is copied");
    c.length_size = nal_length_size(p->extradata, (size_t)p->extradata_size);
    buf_init(&c.bytes, PIECE_BYTES_MAX);
    enum err result = copy_range(&c, ask, o->recipe.stream, &m->out[output]);
    copy_done(&c);
    return result;
}
