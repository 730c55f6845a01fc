// SPDX-License-Identifier: MIT
// cmaf_head.c - boxes of a moov that inits and whole files have alike.
#include "cmaf_head.h"

#include "cmaf_box.h"

enum { FULL_VOLUME = 0x0100 };

static void write_matrix(struct buf *out)
{
    static const uint32_t unity[9] = {0x10000, 0, 0, 0,         0x10000,
                                      0,       0, 0, 0x40000000};
    for (int i = 0; i < 9; i++)
        buf_u32(out, unity[i]);
}

// Version 1 of these boxes has times of 64 bits.
static uint8_t version_for(int64_t duration)
{
    return duration > UINT32_MAX;
}

static void write_time(struct buf *out, uint8_t version, int64_t time)
{
    if (version == 1)
        buf_u64(out, (uint64_t)time);
    else
        buf_u32(out, (uint32_t)time);
}

void head_write_mvhd(struct buf *out, uint32_t timescale, int64_t duration,
                     uint32_t next_track)
{
    uint8_t version = version_for(duration);
    size_t at = box_begin_full(out, "mvhd", version, 0);
    box_zeros(out, version == 1 ? 16 : 8);
    buf_u32(out, timescale);
    write_time(out, version, duration);
    buf_u32(out, 0x10000); // rate 1.0
    buf_u16(out, FULL_VOLUME);
    box_zeros(out, 10);
    write_matrix(out);
    box_zeros(out, 24);
    buf_u32(out, next_track);
    box_end(out, at);
}

void head_write_tkhd(struct buf *out, const struct head_track *t)
{
    enum { ENABLED = 1, IN_MOVIE = 2, IN_PREVIEW = 4 };
    uint8_t version = version_for(t->shown);
    size_t at =
        box_begin_full(out, "tkhd", version, ENABLED | IN_MOVIE | IN_PREVIEW);
    box_zeros(out, version == 1 ? 16 : 8);
    buf_u32(out, t->id);
    box_zeros(out, 4);
    write_time(out, version, t->shown);
    box_zeros(out, 8 + 2 + 2); // layer, alternate group
    buf_u16(out, t->is_audio ? FULL_VOLUME : 0);
    box_zeros(out, 2);
    write_matrix(out);
    buf_u32(out, t->width);
    buf_u32(out, t->height);
    box_end(out, at);
}

static bool is_language(const char *text)
{
    for (int i = 0; i < 3; i++)
        if (text[i] < 'a' || text[i] > 'z')
            return false;
    return text[3] == '\0';
}

uint16_t head_language(const char *text)
{
    const char *code = is_language(text) ? text : "und";
    unsigned packed = 0; // three letters of five bits
    for (int i = 0; i < 3; i++)
        packed = packed << 5 | (unsigned)(code[i] - 0x60);
    return (uint16_t)packed;
}

void head_write_mdhd(struct buf *out, const struct head_track *t)
{
    uint8_t version = version_for(t->duration);
    size_t at = box_begin_full(out, "mdhd", version, 0);
    box_zeros(out, version == 1 ? 16 : 8);
    buf_u32(out, t->timescale);
    write_time(out, version, t->duration);
    buf_u16(out, t->language);
    buf_u16(out, 0);
    box_end(out, at);
}

void head_write_hdlr(struct buf *out, bool is_audio)
{
    size_t at = box_begin_full(out, "hdlr", 0, 0);
    buf_u32(out, 0);
    buf_text(out, is_audio ? "soun" : "vide");
    box_zeros(out, 12);
    buf_text(out, is_audio ? "audio" : "video");
    buf_u8(out, 0);
    box_end(out, at);
}

void head_write_media_header(struct buf *out, bool is_audio)
{
    size_t at = is_audio ? box_begin_full(out, "smhd", 0, 0)
                         : box_begin_full(out, "vmhd", 0, 1);
    box_zeros(out, is_audio ? 4 : 8);
    box_end(out, at);
    size_t dinf = box_begin(out, "dinf");
    size_t dref = box_begin_full(out, "dref", 0, 0);
    buf_u32(out, 1);
    box_end(out, box_begin_full(out, "url ", 0, 1)); // 1: in this very file
    box_end(out, dref);
    box_end(out, dinf);
}
