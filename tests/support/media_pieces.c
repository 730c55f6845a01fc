// SPDX-License-Identifier: MIT
// media_pieces.c - CMAF pieces for tests of what reads them.
#include "media_pieces.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WIDTH = 176, HEIGHT = 144, FRAMES_MAX = 4096, FRAME_SAMPLES = 1024 };

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static size_t begin(struct buf *out, const char *type)
{
    size_t at = out->len;
    buf_u32(out, 0);
    buf_add(out, type, 4);
    return at;
}

static void end(struct buf *out, size_t at)
{
    buf_patch_u32(out, at, (uint32_t)(out->len - at));
}

static void zeros(struct buf *out, size_t count)
{
    while (count-- > 0)
        buf_u8(out, 0);
}

// The header of both kinds; what is behind `stsd`'s count comes from `entry`.
static void write_init(uint32_t timescale, const struct buf *entry,
                       struct buf *out)
{
    size_t ftyp = begin(out, "ftyp");
    buf_text(out, "iso6");
    buf_u32(out, 0);
    buf_text(out, "iso6cmfc");
    end(out, ftyp);
    size_t moov = begin(out, "moov");
    size_t trak = begin(out, "trak");
    size_t tkhd = begin(out, "tkhd");
    zeros(out, 84); // no size: of no matter to a decoder
    end(out, tkhd);
    size_t mdia = begin(out, "mdia");
    size_t mdhd = begin(out, "mdhd");
    zeros(out, 12);
    buf_u32(out, timescale);
    zeros(out, 8);
    end(out, mdhd);
    size_t minf = begin(out, "minf");
    size_t stbl = begin(out, "stbl");
    size_t stsd = begin(out, "stsd");
    buf_u32(out, 0);
    buf_u32(out, 1);
    buf_str(out, buf_view(entry));
    end(out, stsd);
    end(out, stbl);
    end(out, minf);
    end(out, mdia);
    end(out, trak);
    size_t mvex = begin(out, "mvex");
    size_t trex = begin(out, "trex");
    zeros(out, 4);
    buf_u32(out, 1);
    buf_u32(out, 1);
    buf_u32(out, FRAME_SAMPLES); // default duration, for sound
    zeros(out, 8);
    end(out, trex);
    end(out, mvex);
    end(out, moov);
}

struct coded {
    uint8_t *bytes;
    size_t len;
    int64_t pts;
};

static void write_fragment(const struct coded *sample, int count,
                           const int64_t *dts, const uint32_t *duration,
                           struct buf *out)
{
    size_t moof = begin(out, "moof");
    size_t traf = begin(out, "traf");
    size_t tfhd = begin(out, "tfhd");
    buf_u32(out, 0x020000);
    buf_u32(out, 1);
    end(out, tfhd);
    size_t tfdt = begin(out, "tfdt");
    buf_u32(out, 0x01000000);
    buf_u64(out, (uint64_t)dts[0]);
    end(out, tfdt);
    size_t trun = begin(out, "trun");
    buf_u32(out, 0x01000201 | (duration ? 0x900 : 0));
    buf_u32(out, (uint32_t)count);
    size_t offset = out->len;
    buf_u32(out, 0);
    for (int i = 0; i < count; i++) {
        if (duration)
            buf_u32(out, duration[i]);
        buf_u32(out, (uint32_t)sample[i].len);
        if (duration)
            buf_u32(out, (uint32_t)(sample[i].pts - dts[i]));
    }
    end(out, trun);
    end(out, traf);
    end(out, moof);
    buf_patch_u32(out, offset, (uint32_t)(out->len - moof + 8));
    size_t mdat = begin(out, "mdat");
    for (int i = 0; i < count; i++)
        buf_add(out, sample[i].bytes, sample[i].len);
    end(out, mdat);
}

// ---- video ------------------------------------------------------------------

static AVCodecContext *open_x264(void)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    must(codec != NULL);
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    encoder->width = WIDTH;
    encoder->height = HEIGHT;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 25};
    encoder->framerate = (AVRational){25, 1};
    encoder->thread_count = 1;
    encoder->max_b_frames = 3;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
    // Without the macroblock tree: its AVX-512 code reads memory that nobody
    // wrote, so that the bytes would differ from run to run.
    av_opt_set(encoder->priv_data, "x264-params",
               "keyint=infinite:scenecut=0:open-gop=0:no-mbtree=1", 0);
    must(avcodec_open2(encoder, codec, NULL) == 0);
    return encoder;
}

// Each NAL of Annex B, behind its start code.
static const uint8_t *next_nal(const uint8_t *at, const uint8_t *end_of,
                               const uint8_t **ret_end)
{
    while (at + 3 <= end_of && !(at[0] == 0 && at[1] == 0 && at[2] == 1))
        at++;
    if (at + 3 > end_of)
        return NULL;
    const uint8_t *nal = at + 3;
    for (at = nal; at + 3 <= end_of; at++)
        if (at[0] == 0 && at[1] == 0 && at[2] <= 1)
            break;
    *ret_end = at + 3 <= end_of ? at : end_of;
    return nal;
}

static struct coded to_lengths(const uint8_t *bytes, int len, int64_t pts)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    const uint8_t *stop = bytes + len;
    const uint8_t *nal_end = bytes;
    const uint8_t *nal;
    while ((nal = next_nal(nal_end, stop, &nal_end))) {
        buf_u32(&out, (uint32_t)(nal_end - nal));
        buf_add(&out, nal, (size_t)(nal_end - nal));
    }
    struct coded sample = {.pts = pts};
    sample.bytes = buf_take(&out, &sample.len);
    return sample;
}

static void draw(AVFrame *frame, int number)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            frame->data[0][y * frame->linesize[0] + x] =
                (uint8_t)(x + y + number * 3 + (x * y * number) % 23);
    for (int plane = 1; plane < 3; plane++)
        for (int y = 0; y < HEIGHT / 2; y++)
            memset(frame->data[plane] + y * frame->linesize[plane],
                   128 + number % 32, WIDTH / 2);
}

static int receive(AVCodecContext *encoder, const struct test_film *film,
                   struct coded *sample, int count)
{
    AVPacket *packet = av_packet_alloc();
    while (avcodec_receive_packet(encoder, packet) == 0) {
        sample[count++] =
            to_lengths(packet->data, packet->size, film->time[packet->pts]);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return count;
}

void test_video_piece(const struct test_film *film, int from, int to,
                      struct buf *out)
{
    struct coded *sample = calloc(FRAMES_MAX, sizeof *sample);
    int64_t *dts = calloc(FRAMES_MAX, sizeof *dts);
    uint32_t *duration = calloc(FRAMES_MAX, sizeof *duration);
    must(sample && dts && duration);
    AVCodecContext *encoder = open_x264();
    AVFrame *frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = WIDTH;
    frame->height = HEIGHT;
    must(av_frame_get_buffer(frame, 0) == 0);
    int count = 0;
    for (int i = from; i < to; i++) {
        must(av_frame_make_writable(frame) == 0);
        draw(frame, i);
        frame->pts = i;
        frame->pict_type = i == from ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        must(avcodec_send_frame(encoder, frame) == 0);
        count = receive(encoder, film, sample, count);
    }
    must(avcodec_send_frame(encoder, NULL) == 0);
    count = receive(encoder, film, sample, count);
    must(count == to - from);
    // All decoded at once, shown when it is time: as uneven as CMAF may be.
    for (int i = 0; i < count; i++)
        dts[i] = film->time[from] + i;
    for (int i = 0; i < count; i++)
        duration[i] =
            (uint32_t)((i + 1 < count ? dts[i + 1] : film->time[to]) - dts[i]);
    write_fragment(sample, count, dts, duration, out);
    for (int i = 0; i < count; i++)
        free(sample[i].bytes);
    free(sample);
    free(dts);
    free(duration);
    av_frame_free(&frame);
    avcodec_free_context(&encoder);
}

void test_video_init(const struct test_film *film, struct buf *out)
{
    AVCodecContext *encoder = open_x264();
    const uint8_t *stop = encoder->extradata + encoder->extradata_size;
    const uint8_t *sps_end, *pps_end;
    const uint8_t *sps = next_nal(encoder->extradata, stop, &sps_end);
    const uint8_t *pps = next_nal(sps_end, stop, &pps_end);
    struct buf entry;
    buf_init(&entry, 1 << 16);
    size_t avc1 = begin(&entry, "avc1");
    zeros(&entry, 78);
    size_t avcc = begin(&entry, "avcC");
    buf_u8(&entry, 1);
    buf_add(&entry, sps + 1, 3);
    buf_u8(&entry, 0xFF);
    buf_u8(&entry, 0xE1);
    buf_u16(&entry, (uint16_t)(sps_end - sps));
    buf_add(&entry, sps, (size_t)(sps_end - sps));
    buf_u8(&entry, 1);
    buf_u16(&entry, (uint16_t)(pps_end - pps));
    buf_add(&entry, pps, (size_t)(pps_end - pps));
    end(&entry, avcc);
    end(&entry, avc1);
    write_init(film->timescale, &entry, out);
    buf_done(&entry);
    avcodec_free_context(&encoder);
}

// ---- sound ------------------------------------------------------------------

static AVCodecContext *open_aac(int rate)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    must(codec != NULL);
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    encoder->sample_rate = rate;
    encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
    encoder->bit_rate = 128000;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&encoder->ch_layout, 2);
    must(avcodec_open2(encoder, codec, NULL) == 0);
    return encoder;
}

void test_audio_piece(int rate, int from, int to, struct buf *out)
{
    AVCodecContext *encoder = open_aac(rate);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->nb_samples = FRAME_SAMPLES;
    av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout);
    must(av_frame_get_buffer(frame, 0) == 0);
    struct coded *sample = calloc(FRAMES_MAX, sizeof *sample);
    must(sample != NULL);
    int count = 0;
    // From the beginning each time, so that packet i is the same every time.
    for (int i = 0; count < to; i++) {
        must(av_frame_make_writable(frame) == 0);
        for (int n = 0; n < FRAME_SAMPLES; n++) {
            int place = (i * FRAME_SAMPLES + n) % 109; // a triangle
            float *left = (float *)(void *)frame->data[0];
            float *right = (float *)(void *)frame->data[1];
            left[n] = right[n] = (float)abs(place - 54) / 180.0F;
        }
        frame->pts = (int64_t)i * FRAME_SAMPLES;
        must(avcodec_send_frame(encoder, frame) == 0);
        while (count < to && avcodec_receive_packet(encoder, packet) == 0) {
            sample[count].len = (size_t)packet->size;
            sample[count].bytes = malloc(sample[count].len);
            memcpy(sample[count].bytes, packet->data, sample[count].len);
            count++;
            av_packet_unref(packet);
        }
    }
    int64_t start = (int64_t)from * FRAME_SAMPLES;
    if (to > from)
        write_fragment(sample + from, to - from, &start, NULL, out);
    for (int i = 0; i < count; i++)
        free(sample[i].bytes);
    free(sample);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&encoder);
}

void test_audio_init(int rate, struct buf *out)
{
    AVCodecContext *encoder = open_aac(rate);
    uint8_t config = (uint8_t)encoder->extradata_size;
    struct buf entry;
    buf_init(&entry, 1 << 16);
    size_t mp4a = begin(&entry, "mp4a");
    zeros(&entry, 28);
    size_t esds = begin(&entry, "esds");
    zeros(&entry, 4);
    buf_add(&entry, (uint8_t[]){3, (uint8_t)(3 + 2 + 13 + 2 + config)}, 2);
    zeros(&entry, 3);
    buf_add(&entry, (uint8_t[]){4, (uint8_t)(13 + 2 + config)}, 2);
    zeros(&entry, 13);
    buf_add(&entry, (uint8_t[]){5, config}, 2);
    buf_add(&entry, encoder->extradata, config);
    end(&entry, esds);
    end(&entry, mp4a);
    write_init((uint32_t)rate, &entry, out);
    buf_done(&entry);
    avcodec_free_context(&encoder);
}

int test_file(const struct buf *bytes)
{
    int fd = memfd_create("piece", MFD_CLOEXEC);
    must(fd >= 0);
    must(write(fd, bytes->bytes, bytes->len) == (ssize_t)bytes->len);
    must(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}
