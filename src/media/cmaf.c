// SPDX-License-Identifier: MIT
// cmaf.c - the boxes of CMAF headers and fragments.
#include "cmaf.h"

#include <assert.h>

#include "cmaf_box.h"
#include "cmaf_head.h"

static void write_ftyp(struct buf *out)
{
    size_t at = box_begin(out, "ftyp");
    buf_text(out, "iso6");
    buf_u32(out, 0);
    buf_text(out, "iso6cmfccmf2");
    box_end(out, at);
}

static void write_video_entry(struct buf *out, const struct cmaf_video *v)
{
    size_t at = box_begin(out, "avc1");
    box_zeros(out, 6);
    buf_u16(out, 1); // data reference
    box_zeros(out, 16);
    buf_u16(out, (uint16_t)v->width);
    buf_u16(out, (uint16_t)v->height);
    buf_u32(out, 72 << 16); // dots an inch, both ways
    buf_u32(out, 72 << 16);
    buf_u32(out, 0);
    buf_u16(out, 1);    // frames a sample
    box_zeros(out, 32); // compressor name
    buf_u16(out, 24);
    buf_u16(out, 0xFFFF);
    size_t avcc = box_begin(out, "avcC");
    buf_str(out, v->avcc);
    box_end(out, avcc);
    if (v->sample_aspect.num > 0) {
        size_t pasp = box_begin(out, "pasp");
        buf_u32(out, (uint32_t)v->sample_aspect.num);
        buf_u32(out, (uint32_t)v->sample_aspect.den);
        box_end(out, pasp);
    }
    if (v->has_colour) {
        size_t colr = box_begin(out, "colr");
        buf_text(out, "nclx");
        buf_u16(out, (uint16_t)v->primaries);
        buf_u16(out, (uint16_t)v->transfer);
        buf_u16(out, (uint16_t)v->matrix);
        buf_u8(out, v->is_full_range ? 0x80 : 0);
        box_end(out, colr);
    }
    box_end(out, at);
}

// ISO/IEC 14496-1 7.2.6: descriptors of less than 128 bytes.
static void write_esds(struct buf *out, const struct cmaf_audio *a)
{
    enum { ES = 3, DECODER = 4, SPECIFIC = 5, SL = 6, MPEG4_AUDIO = 0x40 };
    unsigned config = (unsigned)a->config.len;
    size_t at = box_begin_full(out, "esds", 0, 0);
    buf_u8(out, ES);
    buf_u8(out, (uint8_t)(3 + 2 + 13 + 2 + config + 2 + 1));
    buf_u16(out, CMAF_TRACK_ID);
    buf_u8(out, 0);
    buf_u8(out, DECODER);
    buf_u8(out, (uint8_t)(13 + 2 + config));
    buf_u8(out, MPEG4_AUDIO);
    buf_u8(out, 5 << 2 | 1); // audio stream; reserved bit
    buf_u24(out, 0);         // buffer size, unknown
    buf_u32(out, (uint32_t)a->bitrate);
    buf_u32(out, (uint32_t)a->bitrate);
    buf_u8(out, SPECIFIC);
    buf_u8(out, (uint8_t)config);
    buf_str(out, a->config);
    buf_u8(out, SL);
    buf_u8(out, 1);
    buf_u8(out, 2); // as in MP4 files
    box_end(out, at);
}

static void write_audio_entry(struct buf *out, const struct cmaf_audio *a)
{
    size_t at = box_begin(out, "mp4a");
    box_zeros(out, 6);
    buf_u16(out, 1);
    box_zeros(out, 8);
    buf_u16(out, (uint16_t)a->channels);
    buf_u16(out, 16); // sample size, a template value
    box_zeros(out, 4);
    buf_u32(out, a->rate << 16);
    write_esds(out, a);
    box_end(out, at);
}

static void write_sample_table(struct buf *out, const struct cmaf_video *v,
                               const struct cmaf_audio *a)
{
    size_t stbl = box_begin(out, "stbl");
    size_t stsd = box_begin_full(out, "stsd", 0, 0);
    buf_u32(out, 1);
    if (v)
        write_video_entry(out, v);
    else
        write_audio_entry(out, a);
    box_end(out, stsd);
    static const char empty[][5] = {"stts", "stsc", "stsz", "stco"};
    for (size_t i = 0; i < 4; i++) {
        size_t at = box_begin_full(out, empty[i], 0, 0);
        box_zeros(out, i == 2 ? 8 : 4);
        box_end(out, at);
    }
    box_end(out, stbl);
}

static void write_mvex(struct buf *out)
{
    size_t mvex = box_begin(out, "mvex");
    size_t trex = box_begin_full(out, "trex", 0, 0);
    buf_u32(out, CMAF_TRACK_ID);
    buf_u32(out, 1);    // sample description
    box_zeros(out, 12); // duration, size, flags: each fragment says its own
    box_end(out, trex);
    box_end(out, mvex);
}

// Exactly one of v and a.
static enum err write_init(const struct cmaf_video *v,
                           const struct cmaf_audio *a, const char *language,
                           struct buf *out)
{
    assert(!v != !a);
    uint32_t timescale = v ? v->timescale : a ? a->rate : 0;
    int64_t width = v ? v->width : 0;
    if (v && v->sample_aspect.num > 0)
        width = scale_round(width, v->sample_aspect.num, v->sample_aspect.den);
    write_ftyp(out);
    size_t moov = box_begin(out, "moov");
    head_write_mvhd(out, timescale, 0, CMAF_TRACK_ID + 1);
    size_t trak = box_begin(out, "trak");
    struct head_track track = {
        .id = CMAF_TRACK_ID,
        .is_audio = !v,
        .timescale = timescale,
        .width = (uint32_t)(width << 16),
        .height = v ? (uint32_t)v->height << 16 : 0,
        .language = head_language(language),
    };
    head_write_tkhd(out, &track);
    size_t mdia = box_begin(out, "mdia");
    head_write_mdhd(out, &track);
    head_write_hdlr(out, !v);
    size_t minf = box_begin(out, "minf");
    head_write_media_header(out, !v);
    write_sample_table(out, v, a);
    box_end(out, minf);
    box_end(out, mdia);
    box_end(out, trak);
    write_mvex(out);
    box_end(out, moov);
    return buf_end(out);
}

enum err cmaf_write_video_init(const struct cmaf_video *v, const char *language,
                               struct buf *out)
{
    return write_init(v, NULL, language, out);
}

enum err cmaf_write_audio_init(const struct cmaf_audio *a, const char *language,
                               struct buf *out)
{
    enum { CONFIG_BYTES_MAX = 64 }; // keeps descriptors below 128 bytes
    if (a->config.len == 0 || a->config.len > CONFIG_BYTES_MAX)
        return fail(ERR_UNSUPPORTED, "audio configuration of %zu bytes",
                    a->config.len);
    return write_init(NULL, a, language, out);
}
