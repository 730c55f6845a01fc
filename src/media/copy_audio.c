// SPDX-License-Identifier: MIT
// copy_audio.c - pieces made of the source's own AAC packets.
#include <stdlib.h>

#include "aac.h"
#include "cmaf.h"
#include "make.h"
#include "pcm.h"
#include "reeld/base/mem.h"

enum { PACKETS_MAX = 1 << 16, SILENCE_BYTES_MAX = 8192 };

struct copied {
    const struct recipe *recipe;
    int64_t first, end;
    struct buf *packet; // end - first of them; empty: not there
};

static void copied_done(struct copied *c)
{
    for (int64_t i = 0; c->packet && i < c->end - c->first; i++)
        buf_done(&c->packet[i]);
    free(c->packet);
}

static int64_t grid_index(const struct copied *c, const struct wire_make *ask,
                          AVRational timebase, int64_t pts)
{
    const struct recipe *r = c->recipe;
    int64_t fine = pcm_position(ask, timebase, pts, r->sample_rate) -
                   (int64_t)r->grid_origin * PCM_FINE;
    int64_t step = (int64_t)AAC_FRAME_SAMPLES * PCM_FINE;
    return scale_floor(fine + step / 2, 1, step);
}

static enum err collect(struct make *m, struct copied *c, struct input *in)
{
    const struct recipe *r = c->recipe;
    AVRational timebase = input_stream(in, r->stream)->time_base;
    scoped(av_packet) AVPacket *p = av_packet_new();
    for (;;) {
        enum err result = input_read(in, p);
        if (result == ERR_NOT_FOUND)
            return OK;
        TRY(result);
        int64_t index = grid_index(c, m->ask, timebase, p->pts);
        if (index >= c->end)
            return OK;
        if (index < c->first || c->packet[index - c->first].len > 0)
            continue;
        size_t header = aac_adts_header(p->data, (size_t)p->size);
        buf_add(&c->packet[index - c->first], p->data + header,
                (size_t)p->size - header);
    }
}

// A packet that the source lacks (its sound ends before the picture) is
// silence.
static enum err join(struct copied *c, struct buf *bytes,
                     struct cmaf_sample *sample)
{
    scoped(buf) struct buf silence;
    buf_init(&silence, SILENCE_BYTES_MAX);
    for (int64_t i = 0; i < c->end - c->first; i++) {
        struct buf *p = &c->packet[i];
        if (p->len == 0 && silence.len == 0)
            TRY(aac_silence(c->recipe->sample_rate, c->recipe->channels,
                            &silence));
        if (p->len == 0)
            p = &silence;
        sample[i].size = p->len;
        buf_str(bytes, buf_view(p));
    }
    return buf_end(bytes);
}

static enum err run(struct make *m, struct copied *c, struct buf *out)
{
    const struct recipe *r = c->recipe;
    const struct plan_entry *near = &m->ask->entry[0];
    struct input *in = NULL;
    TRY(source_input(m->source, m->ask, r->stream, &in));
    AVRational timebase = input_stream(in, r->stream)->time_base;
    int64_t from = r->grid_origin + (c->first - 1) * AAC_FRAME_SAMPLES;
    TRY(input_seek_audio(
        in, r->stream, pcm_pts(m->ask, timebase, from, r->sample_rate),
        near->position >= 0 ? near : NULL, m->ask->seeks_by_byte));
    TRY(collect(m, c, in));
    scoped(buf) struct buf bytes;
    buf_init(&bytes, PIECE_BYTES_MAX);
    size_t count = (size_t)(c->end - c->first);
    scoped(mem) struct cmaf_sample *sample =
        NEW_ARRAY(count, struct cmaf_sample);
    TRY(join(c, &bytes, sample));
    struct cmaf_fragment f = {.timescale = (uint32_t)r->sample_rate,
                              .from =
                                  r->grid_origin + c->first * AAC_FRAME_SAMPLES,
                              .to = r->grid_origin + c->end * AAC_FRAME_SAMPLES,
                              .sample = sample,
                              .samples = count,
                              .bytes = buf_view(&bytes)};
    return cmaf_write_audio(&f, out);
}

enum err make_copied_audio(struct make *m, uint32_t output)
{
    const struct wire_make *ask = m->ask;
    struct copied c = {.recipe = &ask->output[output].recipe,
                       .first = ask->border[0],
                       .end = ask->border[ask->borders - 1]};
    if (c.end - c.first > PACKETS_MAX)
        return fail(ERR_TOO_LARGE, "more than %d audio packets", PACKETS_MAX);
    c.packet = NEW_ARRAY((size_t)(c.end - c.first), struct buf);
    for (int64_t i = 0; i < c.end - c.first; i++)
        buf_init(&c.packet[i], PIECE_BYTES_MAX);
    enum err result = run(m, &c, &m->out[output]);
    copied_done(&c);
    return result;
}
