// SPDX-License-Identifier: MIT
// mux_mp3.c - an MP3 of a track of AAC packets: decoded one behind the other,
// encoded by libmp3lame, with the Xing header that players take the length, the
// gaps at both ends and the places to seek to from.
#include <errno.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <string.h>
#include <unistd.h>

#include "av.h"
#include "mux_file.h"
#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

enum {
    IO_BUFFER_BYTES = 64 << 10,
    PACKET_BYTES_MAX = 1 << 20,
    SILENCE_SAMPLES = 4096, // added at a time
    PLANES_MAX = 8,         // AAC decodes to a plane a channel
    OTHER_RATE = 48000,     // for what MPEG-1 layer III does not have
};

struct mp3 {
    const struct table *track;
    int parts_fd, output_fd;
    int64_t at;         // next byte to be written
    bool has_failed;    // write() failed
    int rate, channels; // of what comes out
    int64_t end;        // samples that the file is to have
    int64_t encoded;    // given to the encoder
    int64_t decoded;    // put into the queue, silence and all
    AVCodecContext *decoder, *encoder;
    SwrContext *mixer;
    struct AVChannelLayout mixes; // what the mixer was opened for
    int mixes_rate;
    AVAudioFifo *queue;
    AVFormatContext *file;
    AVIOContext *io;
};

static void scoped_release_mp3(struct mp3 *m)
{
    avcodec_free_context(&m->decoder);
    avcodec_free_context(&m->encoder);
    swr_free(&m->mixer);
    av_channel_layout_uninit(&m->mixes);
    if (m->queue)
        av_audio_fifo_free(m->queue);
    avformat_free_context(m->file);
    if (m->io)
        av_freep(&m->io->buffer);
    avio_context_free(&m->io);
}

// ---- writing ---------------------------------------------------------------

static int write_bytes(void *opaque, uint8_t *bytes, int count)
{
    struct mp3 *m = opaque;
    for (int done = 0; done < count;) {
        ssize_t got = pwrite(m->output_fd, bytes + done, (size_t)(count - done),
                             m->at + done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            m->has_failed = true;
            return got < 0 ? AVERROR(errno) : AVERROR(EIO);
        }
        done += (int)got;
    }
    m->at += count;
    return count;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    struct mp3 *m = opaque;
    if (whence != SEEK_SET || offset < 0)
        return AVERROR(EINVAL);
    return m->at = offset;
}

static enum err failed(const struct mp3 *m, int number, const char *what)
{
    if (m->has_failed && number == AVERROR(ENOSPC))
        return fail(ERR_NO_SPACE, "no space for an MP3");
    return av_fail(number, what);
}

static enum err open_file(struct mp3 *m)
{
    int got = avformat_alloc_output_context2(&m->file, NULL, "mp3", NULL);
    if (got < 0)
        return av_fail(got, "MP3 file");
    uint8_t *buffer = av_malloc(IO_BUFFER_BYTES);
    if (buffer)
        m->io = avio_alloc_context(buffer, IO_BUFFER_BYTES, 1, m, NULL,
                                   write_bytes, seek_bytes);
    if (!m->io) {
        av_free(buffer);
        return fail(ERR_IO, "no memory for an MP3");
    }
    m->file->pb = m->io;
    m->file->flags |= AVFMT_FLAG_BITEXACT;
    AVStream *s = avformat_new_stream(m->file, NULL);
    if (!s)
        return fail(ERR_IO, "no memory for an MP3");
    got = avcodec_parameters_from_context(s->codecpar, m->encoder);
    s->time_base = (AVRational){1, m->rate};
    // No tags: the name of a download is not a part of it.
    if (got >= 0)
        got = av_opt_set_int(m->file->priv_data, "id3v2_version", 0, 0);
    if (got >= 0)
        got = avformat_write_header(m->file, NULL);
    return got < 0 ? failed(m, got, "MP3 file") : OK;
}

// ---- opening ---------------------------------------------------------------

static enum err open_decoder(struct mp3 *m)
{
    const struct read_track *t = &m->track->init;
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_AAC);
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return fail(ERR_UNSUPPORTED, "libavcodec has no AAC decoder");
    m->decoder = c;
    // AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1.
    unsigned config = (t->adts_profile + 1u) << 11 |
                      (unsigned)t->adts_rate_index << 7 |
                      (unsigned)t->adts_channels << 3;
    c->extradata = av_mallocz(2 + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!c->extradata)
        return fail(ERR_IO, "no memory for a decoder");
    c->extradata_size = 2;
    c->extradata[0] = (uint8_t)(config >> 8);
    c->extradata[1] = (uint8_t)config;
    c->sample_rate = (int)t->timescale;
    c->thread_count = 1;
    c->pkt_timebase = (AVRational){1, c->sample_rate};
    c->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
    int got = avcodec_open2(c, codec, NULL);
    return got < 0 ? av_fail(got, "AAC decoder") : OK;
}

static int rate_for(uint32_t rate)
{
    bool is_known = rate == 32000 || rate == 44100 || rate == 48000;
    return is_known ? (int)rate : OTHER_RATE;
}

static enum err open_encoder(struct mp3 *m, int64_t stereo_bps)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libmp3lame");
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return fail(ERR_UNSUPPORTED, "libavcodec has no libmp3lame");
    m->encoder = c;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->sample_rate = m->rate;
    av_channel_layout_default(&c->ch_layout, m->channels);
    c->bit_rate = m->channels == 1 ? stereo_bps / 2 : stereo_bps;
    c->time_base = (AVRational){1, m->rate};
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    int got = avcodec_open2(c, codec, NULL);
    if (got < 0)
        return av_fail(got, "MP3 encoder");
    m->queue =
        av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, m->channels, 4 * c->frame_size);
    return m->queue ? OK : fail(ERR_IO, "no memory for sound");
}

// ---- from the queue into the file ------------------------------------------

static enum err drain(struct mp3 *m)
{
    scoped(av_packet) AVPacket *p = av_packet_new();
    for (;;) {
        int got = avcodec_receive_packet(m->encoder, p);
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
            return OK;
        if (got < 0)
            return av_fail(got, "MP3 encoder");
        p->stream_index = 0;
        got = av_write_frame(m->file, p);
        av_packet_unref(p);
        if (got < 0)
            return failed(m, got, "MP3 file");
    }
}

static enum err new_frame(const struct mp3 *m, int samples, AVFrame *f)
{
    f->nb_samples = samples;
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = m->rate;
    av_channel_layout_default(&f->ch_layout, m->channels);
    int got = av_frame_get_buffer(f, 0);
    return got < 0 ? av_fail(got, "sound") : OK;
}

// Whole frames while there are any; at the end, what is left.
static enum err encode(struct mp3 *m, bool is_end)
{
    for (;;) {
        int64_t there =
            min_i64(av_audio_fifo_size(m->queue), m->end - m->encoded);
        int samples = (int)min_i64(there, m->encoder->frame_size);
        if (samples <= 0 || (!is_end && samples < m->encoder->frame_size &&
                             m->encoded + there < m->end))
            return OK;
        scoped(av_frame) AVFrame *f = av_frame_new();
        TRY(new_frame(m, samples, f));
        if (av_audio_fifo_read(m->queue, (void **)f->extended_data, samples) !=
            samples)
            return fail(ERR_IO, "sound got lost");
        f->pts = m->encoded;
        m->encoded += samples;
        int got = avcodec_send_frame(m->encoder, f);
        if (got < 0)
            return av_fail(got, "MP3 encoder");
        TRY(drain(m));
    }
}

// What lies before 0 was only there for the decoder.
static enum err put(struct mp3 *m, AVFrame *f)
{
    int early = (int)clamp_i64(-m->decoded, 0, f->nb_samples);
    void *plane[PLANES_MAX];
    for (int c = 0; c < m->channels; c++)
        plane[c] = (float *)(void *)f->extended_data[c] + early;
    int samples = f->nb_samples - early;
    if (av_audio_fifo_write(m->queue, plane, samples) < samples)
        return fail(ERR_IO, "no memory for sound");
    m->decoded += f->nb_samples;
    return encode(m, false);
}

static enum err put_silence(struct mp3 *m, int64_t until)
{
    while (m->decoded < until) {
        scoped(av_frame) AVFrame *f = av_frame_new();
        int samples = (int)min_i64(until - m->decoded, SILENCE_SAMPLES);
        TRY(new_frame(m, samples, f));
        for (int c = 0; c < m->channels; c++)
            memset(f->extended_data[c], 0, (size_t)samples * sizeof(float));
        TRY(put(m, f));
    }
    return OK;
}

// ---- from packets into the queue -------------------------------------------

static bool fits_mixer(const struct mp3 *m, const AVFrame *f)
{
    return m->mixer && m->mixes_rate == f->sample_rate &&
           av_channel_layout_compare(&m->mixes, &f->ch_layout) == 0;
}

static enum err open_mixer(struct mp3 *m, const AVFrame *f)
{
    AVChannelLayout to;
    av_channel_layout_default(&to, m->channels);
    swr_free(&m->mixer);
    m->mixes_rate = f->sample_rate;
    int got = av_channel_layout_copy(&m->mixes, &f->ch_layout);
    if (got >= 0)
        got = swr_alloc_set_opts2(&m->mixer, &to, AV_SAMPLE_FMT_FLTP, m->rate,
                                  &m->mixes, (enum AVSampleFormat)f->format,
                                  f->sample_rate, 0, NULL);
    if (got >= 0)
        got = swr_init(m->mixer);
    return got < 0 ? av_fail(got, "mixer") : OK;
}

// `f` NULL: what the mixer still holds.
static enum err mix(struct mp3 *m, const AVFrame *f)
{
    if (f && !fits_mixer(m, f))
        TRY(open_mixer(m, f));
    if (!m->mixer)
        return OK;
    const uint8_t *from[PLANES_MAX] = {NULL};
    for (int c = 0; f && c < f->ch_layout.nb_channels && c < PLANES_MAX; c++)
        from[c] = f->extended_data[c];
    scoped(av_frame) AVFrame *out = av_frame_new();
    int room = swr_get_out_samples(m->mixer, f ? f->nb_samples : 0);
    if (room <= 0)
        return OK;
    TRY(new_frame(m, room, out));
    int got = swr_convert(m->mixer, out->extended_data, room, f ? from : NULL,
                          f ? f->nb_samples : 0);
    if (got < 0)
        return av_fail(got, "mixer");
    out->nb_samples = got;
    return put(m, out);
}

static int64_t in_file(const struct mp3 *m, int64_t samples)
{
    return scale_round(samples, m->rate, m->track->timescale);
}

// A packet that gives nothing is silence, so that what follows is in its place.
static enum err decode(struct mp3 *m, AVPacket *p, size_t number)
{
    enum { LATE = 4 }; // packets that decoder and mixer may hold back
    scoped(av_frame) AVFrame *f = av_frame_new();
    // Its errors show as frames that do not come.
    avcodec_send_packet(m->decoder, p);
    while (avcodec_receive_frame(m->decoder, f) >= 0)
        TRY(mix(m, f));
    int64_t sure = (int64_t)number - LATE;
    return put_silence(m,
                       in_file(m, m->track->start + sure * AAC_FRAME_SAMPLES));
}

static enum err read_packet(const struct mp3 *m, int64_t offset, uint32_t bytes,
                            AVPacket *p)
{
    if (bytes > PACKET_BYTES_MAX)
        return fail(ERR_BAD_INPUT, "file: a packet of %u bytes", bytes);
    int got = av_new_packet(p, (int)bytes);
    if (got < 0)
        return av_fail(got, "packet");
    return fd_pread_all(m->parts_fd, p->data, bytes, offset);
}

static enum err decode_all(struct mp3 *m)
{
    const struct table *t = m->track;
    size_t number = 0;
    m->decoded = in_file(m, t->start);
    for (size_t c = 0; c < t->chunks; c++) {
        int64_t offset = t->chunk[c].offset;
        for (uint32_t i = 0; i < t->chunk[c].samples; i++, number++) {
            scoped(av_packet) AVPacket *p = av_packet_new();
            TRY(read_packet(m, offset, t->size[number], p));
            TRY(decode(m, p, number));
            offset += t->size[number];
        }
    }
    TRY(mix(m, NULL));
    return put_silence(m, m->end);
}

static enum err finish(struct mp3 *m)
{
    TRY(encode(m, true));
    int got = avcodec_send_frame(m->encoder, NULL);
    if (got < 0)
        return av_fail(got, "MP3 encoder");
    TRY(drain(m));
    got = av_write_trailer(m->file);
    return got < 0 || m->has_failed ? failed(m, got, "MP3 file") : OK;
}

enum err mux_write_mp3(const struct wire_file *ask, const struct table *sound,
                       int parts_fd, int output_fd, int64_t *ret_bytes)
{
    scoped(mp3) struct mp3 m = {
        .track = sound,
        .parts_fd = parts_fd,
        .output_fd = output_fd,
        .rate = rate_for(sound->timescale),
        .channels = sound->init.adts_channels == 1 ? 1 : 2,
    };
    m.end = in_file(&m, ask->sound_ticks);
    TRY(open_decoder(&m));
    TRY(open_encoder(&m, ask->mp3_bps));
    TRY(open_file(&m));
    TRY(decode_all(&m));
    TRY(finish(&m));
    return fd_size(output_fd, ret_bytes);
}
