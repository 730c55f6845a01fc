// SPDX-License-Identifier: MIT
// input.c - opening an upload, and reading its packets with repaired times.
#include "input_private.h"

#include <libavutil/opt.h>

#include "reeld/base/mem.h"

enum {
    SCAN_BYTES = 5000000,
    SCAN_US = 10 * 1000 * 1000,
    LIST_BYTES = 4096,
    JUMP_CLOCK = 90000, // plan_jump.shift counts in it
};

// What libavformat calls the file, or why it is refused.
static enum err find_format(struct input *in, const AVInputFormat **ret)
{
    const struct boxes *b = &in->io.boxes;
    const AVInputFormat *format = NULL;
    int got = av_probe_input_buffer2(in->io.context, &format, NULL, NULL, 0, 0);
    if (in->io.has_failed)
        return fail(ERR_IO, "cannot read the upload");
    if (in->io.size_bytes == 0)
        return fail(ERR_UNSUPPORTED, "an empty file");
    if (got < 0 || !format)
        return fail(ERR_UNSUPPORTED, "not a media file that is known here");
    static const char pictures[][5] = {"avif", "heic", "heix", "mif1"};
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (strcmp(b->brand, pictures[i]) == 0)
            return fail(ERR_UNSUPPORTED,
                        "a still image of a kind that is not read (%s)",
                        b->brand);
    in->rule = format_rule_of(format);
    if (!in->rule && format_is_picture(format))
        return fail(ERR_UNSUPPORTED,
                    "a still image of a kind that is not read");
    if (!in->rule)
        return fail(ERR_UNSUPPORTED, "not an accepted container: found %s",
                    format->long_name ? format->long_name : format->name);
    *ret = format;
    return OK;
}

static enum err set_limits(struct input *in)
{
    AVFormatContext *f = in->format;
    scoped(buf) struct buf formats, codecs;
    buf_init(&formats, LIST_BYTES);
    buf_init(&codecs, LIST_BYTES);
    format_list(&formats);
    codec_list(&codecs);
    TRY(buf_end(&formats));
    TRY(buf_end(&codecs));
    // An empty protocol list refuses every way of opening another file (F2).
    if (av_opt_set(f, "protocol_whitelist", "", 0) < 0 ||
        av_opt_set(f, "format_whitelist", (const char *)formats.bytes, 0) < 0 ||
        av_opt_set(f, "codec_whitelist", (const char *)codecs.bytes, 0) < 0)
        return fail(ERR_IO, "cannot set the allow lists");
    f->pb = in->io.context;
    f->flags |= AVFMT_FLAG_CUSTOM_IO;
    if (in->rule->traits & FORMAT_GENERATE)
        f->flags |= AVFMT_FLAG_GENPTS;
    f->probesize = SCAN_BYTES;
    f->max_analyze_duration = SCAN_US;
    f->max_streams =
        (int)clamp_i64(in->limits.max_streams, 1, INPUT_STREAMS_MAX);
    f->interrupt_callback = (AVIOInterruptCB){input_io_interrupted, &in->io};
    return OK;
}

static enum err explain(const struct input *in, int error)
{
    if (in->io.has_failed)
        return fail(ERR_IO, "cannot read the upload");
    if (in->io.is_late)
        return fail(ERR_TIMEOUT, "reading its headers takes too long");
    // libavformat says "no memory" when max_streams is passed, too.
    if (error == AVERROR(ENOMEM))
        return fail(ERR_TOO_LARGE,
                    "more than %d streams, or an index past all limits",
                    in->limits.max_streams);
    const struct boxes *b = &in->io.boxes;
    if (b->is_bmff && strcmp(b->cut_box, "moov") == 0)
        return fail(ERR_UNSUPPORTED,
                    "the file ends in the middle of its index");
    if (b->is_bmff && !b->has_index)
        return fail(ERR_UNSUPPORTED, "the file has no index (moov): perhaps "
                                     "it is cut off, or only a fragment");
    return fail(ERR_UNSUPPORTED,
                "a broken file: its headers (%s) make no sense",
                in->rule->name);
}

static bool is_described(const AVStream *s)
{
    const AVCodecParameters *p = s->codecpar;
    if (p->codec_type == AVMEDIA_TYPE_VIDEO)
        return p->width > 0 && p->height > 0;
    return p->codec_type != AVMEDIA_TYPE_AUDIO || p->sample_rate > 0;
}

static bool wants_scan(const struct input *in)
{
    if (in->rule->traits & FORMAT_SCAN)
        return true;
    for (unsigned i = 0; i < in->format->nb_streams; i++)
        if (!is_described(in->format->streams[i]))
            return true;
    return false;
}

// Looks at the first packets, with decoders that know the pixel limit.
static int scan(struct input *in)
{
    unsigned count = in->format->nb_streams;
    AVDictionary *options[INPUT_STREAMS_MAX + 1] = {NULL};
    for (unsigned i = 0; i < count; i++)
        av_dict_set_int(&options[i], "max_pixels", in->limits.max_pixels, 0);
    int got = avformat_find_stream_info(in->format, options);
    for (unsigned i = 0; i < count; i++)
        av_dict_free(&options[i]);
    return got;
}

static enum err open_format(struct input *in)
{
    const AVInputFormat *format = NULL;
    TRY(find_format(in, &format));
    in->format = avformat_alloc_context();
    if (!in->format)
        return fail(ERR_IO, "no memory for an input");
    TRY(set_limits(in));
    AVDictionary *options = NULL;
    av_dict_set(&options, "enable_drefs", "0", 0);
    int got = avformat_open_input(&in->format, NULL, format, &options);
    av_dict_free(&options);
    if (got < 0)
        return explain(in, got);
    if (wants_scan(in))
        got = scan(in);
    // A cut index may be read in part; what it leaves out cannot be known.
    bool is_cut = strcmp(in->io.boxes.cut_box, "moov") == 0;
    bool is_empty = in->format->nb_streams == 0;
    if (got < 0 || (in->io.boxes.is_bmff && (is_cut || is_empty)))
        return explain(in, got);
    return OK;
}

enum err input_open(int fd, const struct wire_limits *limits,
                    struct input **ret)
{
    scoped(input) struct input *in = NEW(struct input);
    in->limits = *limits;
    TRY(input_io_open(&in->io, fd));
    input_io_allow(&in->io, INPUT_OPEN_US);
    in->ahead = av_packet_alloc();
    if (!in->ahead)
        return fail(ERR_IO, "no memory for a packet");
    for (int i = 0; i < INPUT_STREAMS_MAX; i++)
        in->track[i] = (struct input_track){.is_chosen = true};
    TRY(open_format(in));
    input_forget(in);
    *ret = take(in);
    return OK;
}

void input_close(struct input *in)
{
    if (!in)
        return;
    avformat_close_input(&in->format); // leaves our AVIOContext alone
    for (int i = 0; i < INPUT_STREAMS_MAX; i++) {
        input_order_free(in->track[i].order);
        input_vops_free(in->track[i].vops);
    }
    av_packet_free(&in->ahead);
    input_io_close(&in->io);
    free(in);
}

AVFormatContext *input_format(struct input *in)
{
    return in->format;
}

AVStream *input_stream(struct input *in, int stream)
{
    if (stream < 0 || (unsigned)stream >= in->format->nb_streams ||
        stream >= INPUT_STREAMS_MAX)
        return NULL;
    return in->format->streams[stream];
}

void input_choose(struct input *in, const int *streams, int count)
{
    for (int i = 0; i < INPUT_STREAMS_MAX; i++)
        in->track[i].is_chosen = false;
    for (unsigned i = 0; i < in->format->nb_streams; i++)
        in->format->streams[i]->discard = AVDISCARD_ALL;
    for (int i = 0; i < count; i++) {
        AVStream *s = input_stream(in, streams[i]);
        if (!s)
            continue;
        s->discard = AVDISCARD_NONE;
        in->track[s->index].is_chosen = true;
    }
}

void input_set_jumps(struct input *in, const struct plan_jump *jump,
                     uint32_t count)
{
    in->jumps = (uint32_t)min_i64(count, PLAN_JUMPS_MAX);
    for (uint32_t i = 0; i < in->jumps; i++)
        in->jump[i] = jump[i];
}

// Fresh after each seek.
static void learn_times(struct input *in, const AVStream *s)
{
    struct input_track *t = &in->track[s->index];
    if (!(in->rule->traits & FORMAT_NO_PTS))
        return;
    if (s->codecpar->codec_id == AV_CODEC_ID_H264)
        t->order = input_order_new(s->codecpar);
    if (s->codecpar->codec_id == AV_CODEC_ID_MPEG4)
        t->vops = input_vops_new(s->codecpar);
}

void input_forget(struct input *in)
{
    av_packet_unref(in->ahead);
    in->has_ahead = false;
    for (int i = 0; i < INPUT_STREAMS_MAX; i++) {
        struct input_track *t = &in->track[i];
        input_order_free(t->order);
        input_vops_free(t->vops);
        *t = (struct input_track){.is_chosen = t->is_chosen,
                                  .position = -1,
                                  .before = -1,
                                  .next_pts = AV_NOPTS_VALUE};
        const AVStream *s = input_stream(in, i);
        if (s)
            learn_times(in, s);
    }
}

static void apply_jumps(struct input *in, const AVStream *s, AVPacket *packet)
{
    int64_t shift = 0;
    for (uint32_t i = 0; i < in->jumps; i++)
        if (in->track[s->index].position >= in->jump[i].position)
            shift = in->jump[i].shift;
    if (shift == 0)
        return;
    shift = av_rescale_q(shift, (AVRational){1, JUMP_CLOCK}, s->time_base);
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts += shift;
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts += shift;
}

// A transport stream gives a picture at most ten seconds between decoding and
// showing it (ISO/IEC 13818-1 clause 2.14, still pictures apart): more is a
// damaged number.
static void drop_wild_pts(struct input *in, const AVStream *s, AVPacket *packet)
{
    const int64_t delay_max_s = 10;
    if (!(in->rule->traits & FORMAT_JUMPS) || packet->pts == AV_NOPTS_VALUE ||
        packet->dts == AV_NOPTS_VALUE)
        return;
    int64_t most = av_rescale_q(delay_max_s, (AVRational){1, 1}, s->time_base);
    if (packet->pts - packet->dts > most || packet->dts - packet->pts > most)
        packet->pts = packet->dts;
}

// False: the packet has no time and there is none to give it.
static bool repair(struct input *in, AVPacket *packet)
{
    AVStream *s = in->format->streams[packet->stream_index];
    struct input_track *t = &in->track[packet->stream_index];
    if (packet->pos >= 0 && packet->pos != t->position) {
        t->before = t->position;
        t->position = packet->pos;
    }
    drop_wild_pts(in, s, packet);
    apply_jumps(in, s, packet);
    if (t->order)
        packet->pts = packet->dts == AV_NOPTS_VALUE
                          ? AV_NOPTS_VALUE
                          : input_order_pts(t->order, packet);
    if (t->order && packet->pts == AV_NOPTS_VALUE)
        return false;
    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = packet->dts;
    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = t->next_pts;
    if (packet->pts == AV_NOPTS_VALUE)
        return false;
    if (packet->dts == AV_NOPTS_VALUE)
        packet->dts = packet->pts;
    t->next_pts = packet->pts + max_i64(packet->duration, 0);
    return true;
}

// libavformat's times are far from the ends of int64_t in every honest file;
// kept that way, sums and differences of them cannot overflow.
static bool is_sane(int64_t ticks)
{
    return ticks > -(INT64_C(1) << 60) && ticks < (INT64_C(1) << 60);
}

// A packet that was waiting for its time, when that is known now.
static bool take_waiting(struct input *in, AVPacket *packet)
{
    if (!(in->rule->traits & FORMAT_NO_PTS))
        return false;
    for (int i = 0; i < INPUT_STREAMS_MAX; i++)
        if (in->track[i].vops && input_vops_take(in->track[i].vops, packet))
            return true;
    return false;
}

static bool end_waiting(struct input *in, AVPacket *packet)
{
    for (int i = 0; i < INPUT_STREAMS_MAX; i++)
        if (in->track[i].vops)
            input_vops_put(in->track[i].vops, NULL);
    return take_waiting(in, packet);
}

enum err input_read_next(struct input *in, AVPacket *packet)
{
    input_io_allow(&in->io, INPUT_STEP_US);
    for (;;) {
        if (take_waiting(in, packet))
            return OK;
        av_packet_unref(packet);
        int got = av_read_frame(in->format, packet);
        if (in->io.has_failed)
            return fail(ERR_IO, "cannot read the upload");
        if (in->io.is_late)
            return fail(ERR_TIMEOUT, "reading a packet takes too long");
        if (got < 0 && end_waiting(in, packet))
            return OK;
        if (got < 0)
            return fail(ERR_NOT_FOUND, "no more packets");
        int stream = packet->stream_index;
        if (stream >= INPUT_STREAMS_MAX || !in->track[stream].is_chosen ||
            !repair(in, packet) || !is_sane(packet->pts) ||
            !is_sane(packet->dts))
            continue;
        if (!in->track[stream].vops)
            return OK;
        input_vops_put(in->track[stream].vops, packet);
    }
}

enum err input_read(struct input *in, AVPacket *packet)
{
    if (!in->has_ahead)
        return input_read_next(in, packet);
    av_packet_unref(packet);
    av_packet_move_ref(packet, in->ahead);
    in->has_ahead = false;
    return OK;
}

// Pictures are in sRGB where they say nothing else, which has the primaries of
// BT.709; their YCbCr is that of BT.601, however large they are (JFIF 1.02,
// TIFF 6.0 section 21). Films of such numbers would be taken for old
// television.
static void assume_picture_colours(AVCodecContext *c)
{
    if (c->color_primaries == AVCOL_PRI_UNSPECIFIED)
        c->color_primaries = AVCOL_PRI_BT709;
    if (c->colorspace == AVCOL_SPC_UNSPECIFIED)
        c->colorspace = AVCOL_SPC_SMPTE170M;
}

enum err input_open_decoder(struct input *in, int stream, int threads,
                            AVCodecContext **ret)
{
    AVStream *s = input_stream(in, stream);
    const struct codec_rule *rule =
        s ? codec_rule_of(s->codecpar->codec_id) : NULL;
    const AVCodec *codec =
        rule ? avcodec_find_decoder_by_name(rule->decoder) : NULL;
    if (!codec)
        return fail(ERR_UNSUPPORTED, "no decoder for stream %d", stream);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    if (!c)
        return fail(ERR_IO, "no memory for a decoder");
    c->pkt_timebase = s->time_base;
    c->thread_count = threads;
    c->max_pixels = in->limits.max_pixels;
    bool has_parameters = avcodec_parameters_to_context(c, s->codecpar) >= 0;
    if (input_is_picture(in))
        assume_picture_colours(c);
    if (!has_parameters || avcodec_open2(c, codec, NULL) < 0) {
        avcodec_free_context(&c);
        return fail(ERR_UNSUPPORTED, "the %s decoder refuses the stream",
                    rule->decoder);
    }
    *ret = c;
    return OK;
}

bool input_is_picture(const struct input *in)
{
    return in->rule->traits & FORMAT_PICTURE;
}

bool input_seeks_by_byte(const struct input *in)
{
    return in->rule->traits & FORMAT_BY_BYTE;
}

bool input_may_jump(const struct input *in)
{
    return in->rule->traits & FORMAT_JUMPS;
}

bool input_counts_from_idr(const struct input *in, int stream)
{
    return in->track[stream].order != NULL;
}

int64_t input_size_bytes(const struct input *in)
{
    return in->io.size_bytes;
}

const struct boxes *input_boxes(const struct input *in)
{
    return &in->io.boxes;
}
