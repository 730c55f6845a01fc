// SPDX-License-Identifier: MIT
// probe_tell.c - what was found out, as struct track.
#include "probe.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/pixdesc.h>

// A wilder sample aspect is taken for a mistake.
enum { ASPECT_MOST = 16 };

static void tell_codecs(const AVCodecParameters *c, struct track *t)
{
    uint8_t sps[4];
    if (probe_find_sps(c, sps))
        snprintf(t->codecs, sizeof t->codecs, "avc1.%02X%02X%02X", sps[1],
                 sps[2], sps[3]);
    if (c->codec_id == AV_CODEC_ID_AAC && c->extradata_size > 0 &&
        c->extradata[0] >> 3 < 31)
        snprintf(t->codecs, sizeof t->codecs, "mp4a.40.%d",
                 c->extradata[0] >> 3);
}

// A display matrix turns (x, y) into (a x + c y, b x + d y): flipped or not,
// then turned clockwise.
static void tell_matrix(const AVStream *s, const AVFrame *f, struct track *t)
{
    size_t len = 0;
    const uint8_t *side =
        av_stream_get_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, &len);
    // Of a JPEG, whose EXIF the decoder reads.
    const AVFrameSideData *own =
        av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
    if (!side && own) {
        side = own->data;
        len = own->size;
    }
    int32_t m[9];
    if (!side || len < sizeof m)
        return;
    memcpy(m, side, sizeof m);
    int64_t a = m[0], b = m[1], c = m[3], d = m[4];
    t->is_mirrored = a * (d / 65536) - b * (c / 65536) < 0;
    if (t->is_mirrored) {
        a = -a;
        b = -b;
    }
    if ((a < 0 ? -a : a) >= (b < 0 ? -b : b))
        t->rotation = a < 0 ? 180 : 0;
    else
        t->rotation = b > 0 ? 90 : 270;
}

static int32_t chroma_of(const AVPixFmtDescriptor *d)
{
    if (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))
        return 444;
    if (d->nb_components < 3)
        return 400;
    if (d->log2_chroma_h > 0)
        return 420;
    return d->log2_chroma_w > 0 ? 422 : 444;
}

static enum track_transfer transfer_of(enum AVColorTransferCharacteristic trc)
{
    if (trc == AVCOL_TRC_SMPTE2084)
        return TRANSFER_PQ;
    return trc == AVCOL_TRC_ARIB_STD_B67 ? TRANSFER_HLG : TRANSFER_SDR;
}

static struct rational aspect_of(const struct probe *p,
                                 const struct probe_stream *s)
{
    AVRational r = av_guess_sample_aspect_ratio(
        input_format(p->in), input_stream(p->in, s->index), s->first);
    if (r.num < 1 || r.den < 1 || r.num / r.den > ASPECT_MOST ||
        r.den / r.num > ASPECT_MOST)
        return (struct rational){1, 1};
    return rational_reduce((struct rational){r.num, r.den});
}

static bool is_interlaced(const AVCodecParameters *c, const AVFrame *f)
{
    return f->interlaced_frame || (c->field_order != AV_FIELD_UNKNOWN &&
                                   c->field_order != AV_FIELD_PROGRESSIVE);
}

void probe_tell_picture(const struct probe *p, const struct probe_stream *s,
                        struct track *t)
{
    const AVStream *stream = input_stream(p->in, s->index);
    const AVCodecParameters *c = stream->codecpar;
    const AVFrame *f = s->first;
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    t->coded_width = f->width;
    t->coded_height = f->height;
    t->sample_aspect = aspect_of(p, s);
    tell_matrix(stream, f, t);
    t->bit_depth = d ? d->comp[0].depth : 8;
    t->chroma = d ? chroma_of(d) : 420;
    t->is_interlaced = is_interlaced(c, f);
    t->is_full_range = f->color_range == AVCOL_RANGE_JPEG ||
                       (d && strncmp(d->name, "yuvj", 4) == 0);
    t->transfer = transfer_of(
        f->color_trc != AVCOL_TRC_UNSPECIFIED ? f->color_trc : c->color_trc);
    t->frame_rate = p->frame_rate;
}

static void tell_sound(const struct probe_stream *s, struct track *t)
{
    // ADTS says in each packet what MP4 says in its headers.
    if (s->rule->id == AV_CODEC_ID_AAC && t->codecs[0] == '\0' &&
        s->decoder->profile >= 0)
        snprintf(t->codecs, sizeof t->codecs, "mp4a.40.%d",
                 s->decoder->profile + 1);
    t->channels = s->first->ch_layout.nb_channels;
    t->sample_rate = s->first->sample_rate;
}

static void tell_name(const AVCodecParameters *c, struct track *t)
{
    if (c->codec_id != AV_CODEC_ID_NONE) {
        snprintf(t->codec, sizeof t->codec, "%s",
                 avcodec_get_name(c->codec_id));
        return;
    }
    char tag[5];
    for (int i = 0; i < 4; i++) {
        unsigned char letter = (unsigned char)(c->codec_tag >> (8 * i));
        tag[i] = isalnum(letter) ? (char)letter : '.';
    }
    tag[4] = '\0';
    snprintf(t->codec, sizeof t->codec, "%s", c->codec_tag ? tag : "unknown");
}

static void tell_words(const AVStream *s, struct track *t)
{
    const AVDictionaryEntry *e = av_dict_get(s->metadata, "language", NULL, 0);
    size_t len = e ? strlen(e->value) : 0;
    bool is_tag = len >= 2 && len < sizeof t->language;
    for (size_t i = 0; i < len && is_tag; i++)
        is_tag = isalnum((unsigned char)e->value[i]) || e->value[i] == '-';
    if (is_tag && strcmp(e->value, "und") != 0)
        str_copy(t->language, sizeof t->language, str_of(e->value));
    e = av_dict_get(s->metadata, "title", NULL, 0);
    if (e && str_is_printable(str_of(e->value)))
        str_copy(t->title, sizeof t->title, str_of(e->value));
}

static bool kind_of(const AVStream *s, enum track_kind *ret)
{
    enum AVMediaType type = s->codecpar->codec_type;
    *ret = type == AVMEDIA_TYPE_VIDEO   ? TRACK_VIDEO
           : type == AVMEDIA_TYPE_AUDIO ? TRACK_AUDIO
                                        : TRACK_TEXT;
    bool is_picture = s->disposition & AV_DISPOSITION_ATTACHED_PIC;
    return (type == AVMEDIA_TYPE_VIDEO && !is_picture) ||
           type == AVMEDIA_TYPE_AUDIO || type == AVMEDIA_TYPE_SUBTITLE;
}

void probe_list(struct probe *p)
{
    p->out->tracks = 0;
    for (uint32_t i = 0; i < p->streams; i++) {
        enum track_kind kind;
        const AVStream *s = input_stream(p->in, (int)i);
        p->stream[i].track = -1;
        if (!kind_of(s, &kind) || p->out->tracks == TRACKS_MAX)
            continue;
        struct track *t = &p->out->track[p->out->tracks];
        *t = (struct track){.stream = (int32_t)i, .kind = kind};
        tell_name(s->codecpar, t);
        tell_codecs(s->codecpar, t);
        tell_words(s, t);
        t->is_default = s->disposition & AV_DISPOSITION_DEFAULT;
        p->stream[i].track = (int32_t)p->out->tracks++;
    }
}

static int64_t bitrate_of(const struct probe *p, const struct probe_stream *s)
{
    int64_t us = max_i64(plan_duration_us(p->plan), 1);
    return clamp_i64(scale_round(s->bytes, 8 * INT64_C(1000000), us), 0,
                     INT64_C(100000000000));
}

static bool is_copied(const struct plan *plan, const struct track *t,
                      int32_t number)
{
    if (t->kind == TRACK_VIDEO)
        return plan->is_video_copied && plan->video_track == number;
    for (uint32_t i = 0; i < plan->audios; i++)
        if (plan->audio[i].track == number)
            return plan->audio[i].is_copied;
    return false;
}

void probe_tell(struct probe *p, const struct probe_stream *video)
{
    for (uint32_t i = 0; i < p->streams; i++) {
        const struct probe_stream *s = &p->stream[i];
        if (s->track < 0)
            continue;
        struct track *t = &p->out->track[s->track];
        t->bitrate = bitrate_of(p, s);
        t->is_copyable = is_copied(p->plan, t, s->track);
        // A video that was not chosen has no measured rate: it is only named.
        t->is_playable = s == video || probe_is_sound(s);
        if (s == video)
            probe_tell_picture(p, s, t);
        else if (probe_is_sound(s))
            tell_sound(s, t);
    }
}
