// SPDX-License-Identifier: MIT
// make_audio.c - encoded audio: any packets of the grid, as if made in one go.
//
// The encoder is fed from PREROLL packets before the range (before the track:
// silence) to POSTROLL behind it, and exactly the range's own packets are kept.
// More preroll makes the joins no better (measured: as good as elsewhere),
// a quarter of it 3 dB worse.
#include <libavutil/channel_layout.h>
#include <stdlib.h>
#include <string.h>

#include "aac.h"
#include "cmaf.h"
#include "make.h"
#include "pcm.h"
#include "reeld/base/mem.h"

enum {
    PREROLL = 8,
    POSTROLL = 2,
    PACKETS_MAX = 1 << 16, // of a piece
    PLANES_MAX = 8,
};

struct encoding {
    const struct recipe *recipe;
    int64_t first, end; // packets
    float *plane[PLANES_MAX];
    AVCodecContext *encoder;
    struct buf bytes;
    struct cmaf_sample *sample;
    size_t samples;
};

static void encoding_done(struct encoding *e)
{
    avcodec_free_context(&e->encoder);
    buf_done(&e->bytes);
    free(e->sample);
    for (int c = 0; c < PLANES_MAX; c++)
        free(e->plane[c]);
}

static enum err keep_packets(struct encoding *e, AVPacket *p)
{
    for (;;) {
        int got = avcodec_receive_packet(e->encoder, p);
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
            return OK;
        if (got < 0)
            return av_fail(got, "AAC encoder");
        // Times count in samples from packet 0; priming lies before.
        int64_t packet = scale_floor(p->pts, 1, AAC_FRAME_SAMPLES);
        int64_t wanted = e->first + (int64_t)e->samples;
        if (packet < wanted || packet >= e->end)
            continue;
        if (packet > wanted)
            return fail(ERR_IO, "the AAC encoder left out a packet");
        e->sample[e->samples++].size = (size_t)p->size;
        buf_add(&e->bytes, p->data, (size_t)p->size);
    }
}

static enum err fill_frame(const struct encoding *e, AVFrame *f, int64_t offset)
{
    f->nb_samples = AAC_FRAME_SAMPLES;
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = e->recipe->sample_rate;
    av_channel_layout_default(&f->ch_layout, e->recipe->channels);
    int got = av_frame_get_buffer(f, 0);
    if (got < 0)
        return av_fail(got, "audio frame");
    for (int32_t c = 0; c < e->recipe->channels; c++)
        memcpy(f->extended_data[c], e->plane[c] + offset,
               AAC_FRAME_SAMPLES * sizeof(float));
    return OK;
}

static enum err encode(struct encoding *e)
{
    scoped(av_packet) AVPacket *p = av_packet_new();
    int64_t packets = e->end - e->first + PREROLL + POSTROLL;
    for (int64_t i = 0; i < packets; i++) {
        scoped(av_frame) AVFrame *f = av_frame_new();
        TRY(fill_frame(e, f, i * AAC_FRAME_SAMPLES));
        f->pts = (e->first - PREROLL + i) * AAC_FRAME_SAMPLES;
        int got = avcodec_send_frame(e->encoder, f);
        if (got < 0)
            return av_fail(got, "AAC encoder");
        TRY(keep_packets(e, p));
    }
    if ((int64_t)e->samples != e->end - e->first)
        return fail(ERR_IO, "the AAC encoder made %zu packets", e->samples);
    return buf_end(&e->bytes);
}

static enum err run(struct make *m, struct encoding *e, struct buf *out)
{
    const struct recipe *r = e->recipe;
    struct pcm_wish wish = {
        .stream = r->stream,
        .rate = r->sample_rate,
        .channels = r->channels,
        .from = r->grid_origin + (e->first - PREROLL) * AAC_FRAME_SAMPLES,
        .to = r->grid_origin + (e->end + POSTROLL) * AAC_FRAME_SAMPLES};
    for (int32_t c = 0; c < r->channels; c++)
        e->plane[c] = NEW_ARRAY((size_t)(wish.to - wish.from), float);
    if (r->stream >= 0) // else they stay as they are: silence
        TRY(pcm_read(m, &wish, e->plane));
    TRY(aac_open_encoder(r->sample_rate, r->channels, r->bitrate, &e->encoder));
    TRY(encode(e));
    struct cmaf_fragment f = {.timescale = (uint32_t)r->sample_rate,
                              .from =
                                  r->grid_origin + e->first * AAC_FRAME_SAMPLES,
                              .to = r->grid_origin + e->end * AAC_FRAME_SAMPLES,
                              .sample = e->sample,
                              .samples = e->samples,
                              .bytes = buf_view(&e->bytes)};
    return cmaf_write_audio(&f, out);
}

enum err make_encoded_audio(struct make *m, uint32_t output)
{
    const struct wire_make *ask = m->ask;
    struct encoding e = {.recipe = &ask->output[output].recipe,
                         .first = ask->border[0],
                         .end = ask->border[ask->borders - 1]};
    if (e.end - e.first > PACKETS_MAX)
        return fail(ERR_TOO_LARGE, "more than %d audio packets", PACKETS_MAX);
    if (e.recipe->channels > PLANES_MAX)
        return fail(ERR_UNSUPPORTED, "%d channels", (int)e.recipe->channels);
    buf_init(&e.bytes, PIECE_BYTES_MAX);
    e.sample = NEW_ARRAY((size_t)(e.end - e.first), struct cmaf_sample);
    enum err result = run(m, &e, &m->out[output]);
    encoding_done(&e);
    return result;
}
