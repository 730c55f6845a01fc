// SPDX-License-Identifier: MIT
// mux_mp4.c - the head of an MP4: what its tracks are and where their samples
// lie (ISO/IEC 14496-12).
#include <assert.h>

#include "cmaf_box.h"
#include "cmaf_head.h"
#include "mux_file.h"
#include "reeld/base/math.h"

enum { BOX_HEADER_BYTES = 8, LARGE_HEADER_BYTES = 16 };

struct head {
    struct buf *out;
    uint32_t timescale; // of the movie
    bool is_large;      // offsets do not fit 32 bits
};

static void write_ftyp(struct buf *out, bool is_audio)
{
    size_t at = box_begin(out, "ftyp");
    buf_text(out, is_audio ? "M4A " : "isom");
    buf_u32(out, 0);
    buf_text(out, is_audio ? "M4A mp42isomiso4" : "isomiso4avc1mp41");
    box_end(out, at);
}

// ---- tables of samples, section 8.6 and 8.7 --------------------------------

static void write_stsd(struct buf *out, const struct table *t)
{
    size_t at = box_begin_full(out, "stsd", 0, 0);
    buf_u32(out, (uint32_t)t->entry_count);
    for (size_t i = 0; i < t->entry_count; i++)
        buf_add(out, t->entries[i].bytes, t->entries[i].len);
    box_end(out, at);
}

static void write_runs(struct buf *out, const struct table_runs *r)
{
    for (size_t i = 0; i < r->runs; i++) {
        buf_u32(out, r->run[i].count);
        buf_u32(out, (uint32_t)r->run[i].value);
    }
}

static void write_stts(struct buf *out, const struct table *t)
{
    const struct table_run last = {
        1, (int32_t)(t->start + table_media_ticks(t) - t->last)};
    size_t at = box_begin_full(out, "stts", 0, 0);
    buf_u32(out, (uint32_t)t->step.runs + 1);
    write_runs(out, &t->step);
    buf_u32(out, last.count);
    buf_u32(out, (uint32_t)last.value);
    box_end(out, at);
}

static void write_ctts(struct buf *out, const struct table_runs *r)
{
    bool is_needed = false, is_signed = false;
    for (size_t i = 0; i < r->runs; i++) {
        is_needed |= r->run[i].value != 0;
        is_signed |= r->run[i].value < 0;
    }
    if (!is_needed)
        return;
    size_t at = box_begin_full(out, "ctts", is_signed, 0);
    buf_u32(out, (uint32_t)r->runs);
    write_runs(out, r);
    box_end(out, at);
}

static void write_stss(struct buf *out, const struct table *t)
{
    if (t->is_sound || t->syncs == t->samples)
        return; // all of them are
    size_t at = box_begin_full(out, "stss", 0, 0);
    buf_u32(out, (uint32_t)t->syncs);
    for (size_t i = 0; i < t->syncs; i++)
        buf_u32(out, t->sync[i] + 1);
    box_end(out, at);
}

static void write_stsz(struct buf *out, const struct table *t)
{
    size_t at = box_begin_full(out, "stsz", 0, 0);
    buf_u32(out, 0); // of sizes of their own
    buf_u32(out, (uint32_t)t->samples);
    for (size_t i = 0; i < t->samples; i++)
        buf_u32(out, t->size[i]);
    box_end(out, at);
}

static bool is_alike(const struct table_chunk *a, const struct table_chunk *b)
{
    return a->samples == b->samples && a->entry == b->entry;
}

static void write_stsc(struct buf *out, const struct table *t)
{
    size_t at = box_begin_full(out, "stsc", 0, 0);
    size_t count_at = out->len;
    uint32_t count = 0;
    buf_u32(out, 0);
    for (size_t i = 0; i < t->chunks; i++) {
        if (i > 0 && is_alike(&t->chunk[i], &t->chunk[i - 1]))
            continue;
        buf_u32(out, (uint32_t)i + 1);
        buf_u32(out, t->chunk[i].samples);
        buf_u32(out, t->chunk[i].entry + 1);
        count++;
    }
    buf_patch_u32(out, count_at, count);
    box_end(out, at);
}

static void write_offsets(const struct head *h, const struct table *t)
{
    size_t at = box_begin_full(h->out, h->is_large ? "co64" : "stco", 0, 0);
    buf_u32(h->out, (uint32_t)t->chunks);
    for (size_t i = 0; i < t->chunks; i++)
        if (h->is_large)
            buf_u64(h->out, (uint64_t)t->chunk[i].offset);
        else
            buf_u32(h->out, (uint32_t)t->chunk[i].offset);
    box_end(h->out, at);
}

// ---- tracks ----------------------------------------------------------------

static int64_t in_movie(const struct head *h, const struct table *t,
                        int64_t ticks)
{
    return scale_round(ticks, h->timescale, t->timescale);
}

static void write_edit(struct buf *out, bool is_wide, int64_t duration,
                       int64_t media_time)
{
    if (is_wide) {
        buf_u64(out, (uint64_t)duration);
        buf_u64(out, (uint64_t)media_time);
    } else {
        buf_u32(out, (uint32_t)duration);
        buf_u32(out, (uint32_t)media_time);
    }
    buf_u32(out, 0x10000); // rate 1.0
}

// Sound begins and ends on its own grid: what its first packet has before 0 and
// its last one behind the end is not played (section 8.6.6).
static void write_edts(const struct head *h, const struct table *t)
{
    int64_t shown = in_movie(h, t, table_shown_ticks(t));
    if (t->start == 0 && table_shown_ticks(t) == table_media_ticks(t))
        return;
    bool is_wide = shown > UINT32_MAX;
    size_t edts = box_begin(h->out, "edts");
    size_t elst = box_begin_full(h->out, "elst", is_wide, 0);
    buf_u32(h->out, 1);
    write_edit(h->out, is_wide, shown, -t->start);
    box_end(h->out, elst);
    box_end(h->out, edts);
}

static void write_sample_table(const struct head *h, const struct table *t)
{
    size_t stbl = box_begin(h->out, "stbl");
    write_stsd(h->out, t);
    write_stts(h->out, t);
    write_ctts(h->out, &t->composition);
    write_stss(h->out, t);
    write_stsc(h->out, t);
    write_stsz(h->out, t);
    write_offsets(h, t);
    box_end(h->out, stbl);
}

static void write_track(const struct head *h, const struct table *t,
                        uint32_t id)
{
    struct head_track track = {
        .id = id,
        .is_audio = t->is_sound,
        .timescale = t->timescale,
        .duration = table_media_ticks(t),
        .shown = in_movie(h, t, table_shown_ticks(t)),
        .width = t->width,
        .height = t->height,
        .language = t->language,
    };
    size_t trak = box_begin(h->out, "trak");
    head_write_tkhd(h->out, &track);
    write_edts(h, t);
    size_t mdia = box_begin(h->out, "mdia");
    head_write_mdhd(h->out, &track);
    head_write_hdlr(h->out, t->is_sound);
    size_t minf = box_begin(h->out, "minf");
    head_write_media_header(h->out, t->is_sound);
    write_sample_table(h, t);
    box_end(h->out, minf);
    box_end(h->out, mdia);
    box_end(h->out, trak);
}

static void write_moov(const struct head *h, const struct table *const *tracks,
                       uint32_t count)
{
    int64_t duration = 0;
    for (uint32_t i = 0; i < count; i++)
        duration = max_i64(
            duration, in_movie(h, tracks[i], table_shown_ticks(tracks[i])));
    size_t moov = box_begin(h->out, "moov");
    head_write_mvhd(h->out, h->timescale, duration, count + 1);
    for (uint32_t i = 0; i < count; i++)
        write_track(h, tracks[i], i + 1);
    box_end(h->out, moov);
}

// What the tables left of their room is a box of nothing; then begins the one
// that holds the parts.
static enum err fill_up(const struct wire_file *ask, int64_t file_bytes,
                        struct buf *out)
{
    TRY(buf_end(out));
    int64_t left = ask->head_bytes - LARGE_HEADER_BYTES - (int64_t)out->len;
    if (left < BOX_HEADER_BYTES)
        return fail(ERR_TOO_LARGE, "file: a head of %zu bytes in %lld",
                    out->len, (long long)ask->head_bytes);
    size_t at = box_begin(out, "free");
    box_zeros(out, (size_t)left - BOX_HEADER_BYTES);
    box_end(out, at);
    buf_u32(out, 1); // the size is behind the type (section 4.2)
    buf_text(out, "mdat");
    buf_u64(out, (uint64_t)(file_bytes - ask->head_bytes + LARGE_HEADER_BYTES));
    return buf_end(out);
}

enum err mux_write_head(const struct wire_file *ask, int64_t file_bytes,
                        const struct table *video, const struct table *sound,
                        struct buf *out)
{
    const struct table *tracks[2];
    uint32_t count = 0;
    if (video)
        tracks[count++] = video;
    if (sound)
        tracks[count++] = sound;
    assert(count > 0); // a file has one track at least
    // Sound has the edits, which are in the clock of the movie.
    const struct head h = {out, tracks[count - 1]->timescale,
                           file_bytes > UINT32_MAX};
    write_ftyp(out, ask->container == DOWNLOAD_M4A);
    write_moov(&h, tracks, count);
    return fill_up(ask, file_bytes, out);
}
