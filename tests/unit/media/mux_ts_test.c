// SPDX-License-Identifier: MIT
// mux_ts_test.c - separately made MPEG-TS segments join without a seam.
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "media_pieces.h"
#include "media_ts_look.h"
#include "reeld/base/fd.h"
#include "reeld/base/hash.h"
#include "reeld/media.h"

enum { BYTES_MAX = 1 << 24, SEGMENTS = 4, FRAMES = 100, RATE = 48000 };

// 25 frames a second in segments of a second.
static struct test_film steady_film(void)
{
    static int64_t time[FRAMES + 1];
    for (int i = 0; i <= FRAMES; i++)
        time[i] = i * 512;
    return (struct test_film){12800, time};
}

// What a segment of the TS view is made from; closed by make_ts().
struct pieces {
    int video_init, video, audio_init, audio;
};

static int file_of(void (*write_one)(const struct test_film *, struct buf *),
                   const struct test_film *film)
{
    scoped(buf) struct buf bytes;
    buf_init(&bytes, BYTES_MAX);
    write_one(film, &bytes);
    return test_file(&bytes);
}

static int video_file(const struct test_film *film, int from, int to)
{
    scoped(buf) struct buf bytes;
    buf_init(&bytes, BYTES_MAX);
    test_video_piece(film, from, to, &bytes);
    return test_file(&bytes);
}

static int audio_init_file(int rate)
{
    scoped(buf) struct buf bytes;
    buf_init(&bytes, BYTES_MAX);
    test_audio_init(rate, &bytes);
    return test_file(&bytes);
}

static int audio_file(int rate, int from, int to)
{
    scoped(buf) struct buf bytes;
    buf_init(&bytes, BYTES_MAX);
    test_audio_piece(rate, from, to, &bytes);
    return test_file(&bytes);
}

static struct wire_made make_ts(struct pieces p, struct buf *out)
{
    struct wire_ts ask = {.request = 7,
                          .has_video = p.video_init >= 0,
                          .has_audio = p.audio_init >= 0};
    scoped(fd) int output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(output >= 0);
    struct wire_made made;
    media_make_ts(&ask, p.video_init, p.video, p.audio_init, p.audio, output,
                  &made);
    fd_close(p.video_init);
    fd_close(p.video);
    fd_close(p.audio_init);
    fd_close(p.audio);
    assert_int_equal(made.request, 7);
    buf_init(out, BYTES_MAX);
    if (made.result != OK)
        return made;
    assert_int_equal(made.outputs, 1);
    uint8_t *bytes;
    size_t len;
    assert_int_equal(fd_read_file(output, BYTES_MAX, &bytes, &len), OK);
    assert_int_equal(made.size_bytes[0], len);
    buf_add(out, bytes, len);
    free(bytes);
    return made;
}

static int packet_at(int frame)
{
    // ceil(border * rate / 1024) of a border at `frame` / 25 s
    return (frame * RATE / 25 + 1023) / 1024;
}

// Segment k of the steady film, both tracks.
static void make_segment(int k, bool has_video, bool has_audio, struct buf *out)
{
    struct test_film film = steady_film();
    int from = k * FRAMES / SEGMENTS;
    int to = (k + 1) * FRAMES / SEGMENTS;
    struct pieces p = {-1, -1, -1, -1};
    if (has_video) {
        p.video_init = file_of(test_video_init, &film);
        p.video = video_file(&film, from, to);
    }
    if (has_audio) {
        p.audio_init = audio_init_file(RATE);
        p.audio = audio_file(RATE, packet_at(from), packet_at(to));
    }
    struct wire_made made = make_ts(p, out);
    assert_string_equal(made.detail, "");
    assert_int_equal(made.result, OK);
}

static void make_all(bool has_video, bool has_audio, struct buf *segment)
{
    for (int k = 0; k < SEGMENTS; k++)
        make_segment(k, has_video, has_audio, &segment[k]);
}

static void free_all(struct buf *segment, size_t count)
{
    for (size_t k = 0; k < count; k++)
        buf_done(&segment[k]);
}

static void segments_join_without_a_seam(void **state)
{
    (void)state;
    struct buf segment[SEGMENTS];
    make_all(true, true, segment);
    struct ts_look look;
    ts_look(segment, SEGMENTS, &look);
    assert_int_equal(look.type_count, 2);
    assert_int_equal(look.types[0], 0x1B);
    assert_int_equal(look.types[1], 0x0F);
    assert_true(look.longest_clock_gap <= 3600);
    assert_true(look.longest_table_gap <= 13500);
    // Counters of all PIDs end where the next segment begins: any other may
    // follow, too.
    assert_int_equal(look.video_packets % 16, 0);
    assert_int_equal(look.audio_packets % 16, 0);
    assert_int_equal(look.tables % 32, 0);

    bool is_shown[FRAMES] = {false};
    int64_t last_dts = -1;
    int pictures = 0;
    for (size_t i = 0; i < look.pes_count; i++) {
        const struct ts_look_pes *p = &look.pes[i];
        if (p->pid != 0x100)
            continue;
        // SEG-03: decode times step by a frame, over joins as well.
        if (last_dts >= 0)
            assert_int_equal(p->dts - last_dts, 3600);
        last_dts = p->dts;
        assert_int_equal((p->pts - 900000) % 3600, 0);
        int64_t frame = (p->pts - 900000) / 3600;
        assert_in_range(frame, 0, FRAMES - 1);
        assert_false(is_shown[frame]);
        is_shown[frame] = true;
        assert_int_equal(p->is_entry, frame % (FRAMES / SEGMENTS) == 0);
        pictures++;
    }
    assert_int_equal(pictures, FRAMES);
    ts_look_done(&look);
    free_all(segment, SEGMENTS);
}

// TS-07: delimiter, then parameter sets before an IDR, then the picture.
static void each_picture_is_an_access_unit(void **state)
{
    (void)state;
    struct buf segment;
    make_segment(1, true, false, &segment);
    struct ts_look look;
    ts_look(&segment, 1, &look);
    assert_int_equal(look.type_count, 1);
    static const uint8_t delimiter[] = {0, 0, 0, 1, 9, 0xF0};
    for (size_t i = 0; i < look.pes_count; i++) {
        const struct ts_look_pes *p = &look.pes[i];
        assert_true(p->pcr >= 0);
        assert_memory_equal(p->payload.bytes, delimiter, sizeof delimiter);
        static const uint8_t sps[] = {0, 0, 0, 1, 0x67};
        bool has_sps =
            memcmp(p->payload.bytes + sizeof delimiter, sps, sizeof sps) == 0;
        assert_int_equal(has_sps, p->is_entry);
        // Behind what was put in front there is no delimiter left over.
        for (size_t at = sizeof delimiter; at + 5 < p->payload.len; at++)
            assert_memory_not_equal(p->payload.bytes + at, delimiter, 5);
    }
    assert_true(look.pes[0].is_entry);
    ts_look_done(&look);
    buf_done(&segment);
}

static void sound_frames_are_adts(void **state)
{
    (void)state;
    struct buf segment[SEGMENTS];
    make_all(false, true, segment);
    struct ts_look look;
    ts_look(segment, SEGMENTS, &look);
    assert_int_equal(look.type_count, 1);
    assert_int_equal(look.types[0], 0x0F);
    assert_true(look.longest_clock_gap <= 9000);
    int64_t frames = 0;
    for (size_t i = 0; i < look.pes_count; i++) {
        const struct ts_look_pes *p = &look.pes[i];
        assert_int_equal(p->pts, 900000 + frames * 1024 * 90000 / RATE);
        assert_true(p->pcr >= 0);
        const uint8_t *at = p->payload.bytes;
        const uint8_t *stop = at + p->payload.len;
        while (at < stop) {
            assert_int_equal(at[0], 0xFF);
            assert_int_equal(at[1], 0xF1);
            at += (at[3] & 3) << 11 | at[4] << 3 | at[5] >> 5;
            frames++;
        }
        assert_ptr_equal(at, stop);
    }
    assert_int_equal(frames, packet_at(FRAMES));
    ts_look_done(&look);
    free_all(segment, SEGMENTS);
}

// The last picture of a clip may be cut short. Nothing in MPEG-TS says so but
// the distance of the last decode times, by which hls.js places what follows.
static void a_last_picture_is_as_long_as_it_is(void **state)
{
    (void)state;
    enum { SHOWN = 24, SHORT = 100, TICKS = 512 };
    int64_t time[SHOWN + 1];
    for (int i = 0; i < SHOWN; i++)
        time[i] = i * TICKS;
    time[SHOWN] = time[SHOWN - 1] + SHORT;
    struct test_film film = {12800, time};
    struct buf segment;
    struct pieces p = {file_of(test_video_init, &film),
                       video_file(&film, 0, SHOWN), -1, -1};
    assert_int_equal(make_ts(p, &segment).result, OK);
    struct ts_look look;
    ts_look(&segment, 1, &look);
    assert_int_equal(look.pes_count, SHOWN);
    const struct ts_look_pes *last = &look.pes[SHOWN - 1];
    assert_int_equal(last->dts - last[-1].dts, SHORT * 90000 / 12800);
    for (int i = 0; i < SHOWN; i++) {
        assert_true(look.pes[i].dts <= look.pes[i].pts);
        assert_true(i == 0 || look.pes[i].dts > look.pes[i - 1].dts);
    }
    ts_look_done(&look);
    buf_done(&segment);
}

// Pictures seconds apart and reordered: decode times stay below, clocks come
// in between.
static void a_slow_film_keeps_its_clock(void **state)
{
    (void)state;
    static const int64_t time[] = {0,    1000, 1100, 4000, 4033,  7000,
                                   9000, 9100, 9200, 9300, 12000, 12100};
    struct test_film film = {1000, time};
    struct buf segment[2];
    for (int k = 0; k < 2; k++) {
        struct pieces p = {file_of(test_video_init, &film),
                           video_file(&film, k ? 6 : 0, k ? 11 : 6), -1, -1};
        assert_int_equal(make_ts(p, &segment[k]).result, OK);
    }
    struct ts_look look;
    ts_look(segment, 2, &look);
    assert_int_equal(look.pes_count, 11);
    assert_true(look.longest_clock_gap <= 9000);
    int64_t last_dts = 0;
    for (size_t i = 0; i < look.pes_count; i++) {
        assert_true(look.pes[i].dts > last_dts);
        last_dts = look.pes[i].dts;
    }
    ts_look_done(&look);
    free_all(segment, 2);
}

static void a_short_segment_may_lack_sound(void **state)
{
    (void)state;
    struct test_film film = steady_film();
    struct pieces p = {file_of(test_video_init, &film), video_file(&film, 0, 1),
                       audio_init_file(RATE), audio_file(RATE, 3, 3)};
    struct buf segment;
    assert_int_equal(make_ts(p, &segment).result, OK);
    struct ts_look look;
    ts_look(&segment, 1, &look);
    assert_int_equal(look.type_count, 2);
    assert_int_equal(look.pes_count, 1);
    assert_int_equal(look.audio_packets, 0);
    ts_look_done(&look);
    buf_done(&segment);
}

static void times_wrap_after_26_hours(void **state)
{
    (void)state;
    // 2^33 ticks less the ten seconds lie between these frames.
    static int64_t time[11];
    for (int i = 0; i <= 10; i++)
        time[i] = (INT64_C(1) << 33) - 900000 + (i - 5) * 3600;
    struct test_film film = {90000, time};
    struct pieces p = {file_of(test_video_init, &film),
                       video_file(&film, 0, 10), -1, -1};
    struct buf segment;
    assert_int_equal(make_ts(p, &segment).result, OK);
    int64_t least = INT64_MAX;
    for (size_t at = 0; at < segment.len; at += 188) {
        const uint8_t *packet = segment.bytes + at;
        if (!(packet[1] & 0x40) || packet[2] != 0)
            continue;
        const uint8_t *pes =
            packet + 4 + (packet[3] & 0x20 ? packet[4] + 1 : 0);
        if (packet[1] != 0x41)
            continue; // not the video PID
        int64_t pts = (int64_t)(pes[9] >> 1 & 7) << 30 |
                      (int64_t)pes[10] << 22 | (int64_t)(pes[11] >> 1) << 15 |
                      (int64_t)pes[12] << 7 | pes[13] >> 1;
        least = pts < least ? pts : least;
    }
    assert_int_equal(least, 0);
    buf_done(&segment);
}

static void the_same_pieces_give_the_same_bytes(void **state)
{
    (void)state;
    struct buf first, again;
    make_segment(2, true, true, &first);
    make_segment(2, true, true, &again);
    assert_int_equal(first.len, again.len);
    assert_memory_equal(first.bytes, again.bytes, first.len);
    buf_done(&first);
    buf_done(&again);
}

// ---- FFmpeg as a strict client ----------------------------------------------

struct feed {
    const struct buf *joined;
    size_t at;
};

static int read_feed(void *context, uint8_t *to, int len)
{
    struct feed *feed = context;
    size_t left = feed->joined->len - feed->at;
    size_t part = left < (size_t)len ? left : (size_t)len;
    if (part == 0)
        return AVERROR_EOF;
    memcpy(to, feed->joined->bytes + feed->at, part);
    feed->at += part;
    return (int)part;
}

static int complaints;

// Failed continuity is a debug line to FFmpeg, so the level alone is no guide.
printf_like(3, 0) static void hear(void *context, int level, const char *format,
                                   va_list args)
{
    (void)context;
    char line[512];
    vsnprintf(line, sizeof line, format, args);
    if (level <= AV_LOG_WARNING || strstr(line, "ontinuity") ||
        strstr(line, "orrupt") || strstr(line, "mismatch")) {
        print_message("ffmpeg: %s", line);
        complaints++;
    }
}

static void decode(AVCodecContext *decoder, const AVPacket *packet,
                   int64_t *frames, int64_t *samples)
{
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    AVFrame *frame = av_frame_alloc();
    while (avcodec_receive_frame(decoder, frame) == 0) {
        assert_int_equal(frame->decode_error_flags, 0);
        *frames += 1;
        *samples += frame->nb_samples;
    }
    av_frame_free(&frame);
}

static void ffmpeg_reads_joined_segments_without_a_word(void **state)
{
    (void)state;
    struct buf segment[SEGMENTS];
    make_all(true, true, segment);
    scoped(buf) struct buf joined;
    buf_init(&joined, BYTES_MAX);
    for (int k = 0; k < SEGMENTS; k++)
        buf_str(&joined, buf_view(&segment[k]));
    free_all(segment, SEGMENTS);

    complaints = 0;
    av_log_set_callback(hear);
    struct feed feed = {&joined, 0};
    AVFormatContext *input = avformat_alloc_context();
    enum { IO_BYTES = 4096 };
    input->pb = avio_alloc_context(av_malloc(IO_BYTES), IO_BYTES, 0, &feed,
                                   read_feed, NULL, NULL);
    assert_int_equal(
        avformat_open_input(&input, NULL, av_find_input_format("mpegts"), NULL),
        0);
    assert_true(avformat_find_stream_info(input, NULL) >= 0);
    assert_int_equal(input->nb_streams, 2);
    AVCodecContext *decoder[2];
    for (unsigned i = 0; i < 2; i++) {
        const AVCodecParameters *codec = input->streams[i]->codecpar;
        const AVCodec *how = avcodec_find_decoder(codec->codec_id);
        decoder[i] = avcodec_alloc_context3(how);
        assert_true(avcodec_parameters_to_context(decoder[i], codec) >= 0);
        assert_int_equal(avcodec_open2(decoder[i], how, NULL), 0);
    }
    int64_t frames[2] = {0};
    int64_t samples[2] = {0};
    AVPacket *packet = av_packet_alloc();
    while (av_read_frame(input, packet) == 0) {
        assert_int_equal(packet->flags & AV_PKT_FLAG_CORRUPT, 0);
        int i = packet->stream_index;
        decode(decoder[i], packet, &frames[i], &samples[i]);
        av_packet_unref(packet);
    }
    for (int i = 0; i < 2; i++) {
        decode(decoder[i], NULL, &frames[i], &samples[i]);
        avcodec_free_context(&decoder[i]);
    }
    av_packet_free(&packet);
    av_freep(&input->pb->buffer);
    avio_context_free(&input->pb);
    avformat_close_input(&input);
    av_log_set_callback(av_log_default_callback);
    assert_int_equal(frames[0], FRAMES);
    assert_int_equal(samples[1], packet_at(FRAMES) * 1024);
    assert_int_equal(complaints, 0);
}

// ---- bad input --------------------------------------------------------------

static int cut_file(const struct buf *bytes, size_t len)
{
    struct buf cut = *bytes;
    cut.len = len;
    return test_file(&cut);
}

// Ends anywhere: an error or (between boxes) fewer samples, never a crash.
static void cut_pieces_are_refused(void **state)
{
    (void)state;
    struct test_film film = steady_film();
    scoped(buf) struct buf init;
    scoped(buf) struct buf piece;
    buf_init(&init, BYTES_MAX);
    buf_init(&piece, BYTES_MAX);
    test_video_init(&film, &init);
    test_video_piece(&film, 0, 3, &piece);
    for (size_t len = 0; len < init.len; len++) {
        struct pieces p = {cut_file(&init, len), cut_file(&piece, piece.len),
                           -1, -1};
        struct buf out;
        struct wire_made made = make_ts(p, &out);
        assert_int_not_equal(made.result, OK);
        assert_int_not_equal(made.detail[0], '\0');
        buf_done(&out);
    }
    for (size_t len = 0; len < piece.len; len += 1 + len / 64) {
        struct pieces p = {cut_file(&init, init.len), cut_file(&piece, len), -1,
                           -1};
        struct buf out;
        assert_int_not_equal(make_ts(p, &out).result, OK);
        buf_done(&out);
    }
}

static void pictures_and_sound_are_not_mixed_up(void **state)
{
    (void)state;
    struct pieces p = {audio_init_file(RATE), audio_file(RATE, 0, 4), -1, -1};
    struct buf out;
    assert_int_equal(make_ts(p, &out).result, ERR_BAD_INPUT);
    buf_done(&out);
}

static void an_empty_piece_is_refused(void **state)
{
    (void)state;
    struct pieces p = {-1, -1, audio_init_file(RATE), audio_file(RATE, 3, 3)};
    struct buf out;
    assert_int_equal(make_ts(p, &out).result, ERR_BAD_INPUT);
    buf_done(&out);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_join_without_a_seam),
        cmocka_unit_test(each_picture_is_an_access_unit),
        cmocka_unit_test(sound_frames_are_adts),
        cmocka_unit_test(a_last_picture_is_as_long_as_it_is),
        cmocka_unit_test(a_slow_film_keeps_its_clock),
        cmocka_unit_test(a_short_segment_may_lack_sound),
        cmocka_unit_test(times_wrap_after_26_hours),
        cmocka_unit_test(the_same_pieces_give_the_same_bytes),
        cmocka_unit_test(ffmpeg_reads_joined_segments_without_a_word),
        cmocka_unit_test(cut_pieces_are_refused),
        cmocka_unit_test(pictures_and_sound_are_not_mixed_up),
        cmocka_unit_test(an_empty_piece_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
