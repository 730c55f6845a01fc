// SPDX-License-Identifier: MIT
// key_frame.c - single key frames of a video stream, each decoded by itself.
#include "key_frame.h"

#include "damage.h"
#include "reeld/base/mem.h"

enum { PACKETS_MAX = 300 }; // without a picture; then there is none

struct key_frames {
    int stream;
    bool is_by_byte;
    struct input *in;
    AVCodecContext *decoder;
    AVPacket *packet;
};

void key_frames_free(struct key_frames *k)
{
    if (!k)
        return;
    avcodec_free_context(&k->decoder);
    av_packet_free(&k->packet);
    input_close(k->in);
    free(k);
}

enum err key_frames_open(const struct media_source *s,
                         const struct wire_make *ask, int stream,
                         struct key_frames **ret)
{
    scoped(key_frames) struct key_frames *k = NEW(struct key_frames);
    k->stream = stream;
    k->is_by_byte = ask->seeks_by_byte;
    k->packet = av_packet_new();
    TRY(source_open_input(s, ask, stream, &k->in));
    // More threads would hold pictures back.
    TRY(input_open_decoder(k->in, stream, 1, &k->decoder));
    k->decoder->get_buffer2 = damage_get_blank_buffer;
    *ret = take(k);
    return OK;
}

// The first packet at or behind the entry, wherever the seek has landed.
static enum err read_entry(struct key_frames *k, const struct plan_entry *entry)
{
    TRY(input_seek(k->in, k->stream, entry, k->is_by_byte));
    do {
        TRY(input_read(k->in, k->packet));
    } while (input_is_before(k->in, k->packet, entry, k->is_by_byte));
    return OK;
}

static bool receive(struct key_frames *k, AVFrame *f)
{
    return avcodec_receive_frame(k->decoder, f) >= 0;
}

// Nothing follows, so the decoder has no reason to hold the picture back.
static bool decode_alone(struct key_frames *k, AVFrame *f)
{
    avcodec_flush_buffers(k->decoder);
    bool is_sent = avcodec_send_packet(k->decoder, k->packet) >= 0 &&
                   avcodec_send_packet(k->decoder, NULL) >= 0;
    return is_sent && receive(k, f);
}

static enum err decode_on(struct key_frames *k, AVFrame *f)
{
    avcodec_flush_buffers(k->decoder);
    for (int i = 0; i < PACKETS_MAX; i++) {
        // What cannot be decoded is passed over.
        avcodec_send_packet(k->decoder, k->packet);
        if (receive(k, f))
            return OK;
        enum err result = input_read(k->in, k->packet);
        if (result == ERR_NOT_FOUND)
            break;
        TRY(result);
    }
    avcodec_send_packet(k->decoder, NULL);
    if (receive(k, f))
        return OK;
    return fail(ERR_NOT_FOUND, "no picture behind the entry");
}

enum err key_frames_get(struct key_frames *k, const struct plan_entry *entry,
                        AVFrame **ret)
{
    TRY(read_entry(k, entry));
    scoped(av_frame) AVFrame *f = av_frame_new();
    if (!decode_alone(k, f))
        TRY(decode_on(k, f));
    *ret = take(f);
    return OK;
}
