// SPDX-License-Identifier: MIT
// cmaf_fragment.c - moof and mdat of separately made fragments that meet.
#include <stdlib.h>

#include "cmaf.h"
#include "cmaf_box.h"
#include "reeld/base/mem.h"

enum {
    // Sample flags, 8.8.3.1.
    DEPENDS_ON_NONE = 0x02000000,
    DEPENDS = 0x01000000,
    NON_SYNC = 0x00010000,
    // tfhd, 8.8.7.
    DEFAULT_DURATION = 0x000008,
    DEFAULT_FLAGS = 0x000020,
    DEFAULT_BASE_IS_MOOF = 0x020000,
    // trun, 8.8.8.
    DATA_OFFSET = 0x000001,
    SAMPLE_DURATION = 0x000100,
    SAMPLE_SIZE = 0x000200,
    SAMPLE_FLAGS = 0x000400,
    SAMPLE_COMPOSITION = 0x000800,
    MILLISECONDS = 1000,
};

struct shown { // a sample in order of display
    int64_t pts;
    size_t sample;
};

static int by_time(const void *left, const void *right)
{
    const struct shown *a = left, *b = right;
    if (a->pts != b->pts)
        return a->pts < b->pts ? -1 : 1;
    return (a->sample > b->sample) - (a->sample < b->sample);
}

// Times in order of display, made to fit into [from, to); each sample is told
// its own.
static enum err fit_times(const struct cmaf_fragment *f, int64_t *times)
{
    int64_t count = (int64_t)f->samples;
    if (count > f->to - f->from)
        return fail(ERR_TOO_LARGE, "%zu pictures in %lld ticks", f->samples,
                    (long long)(f->to - f->from));
    scoped(mem) struct shown *shown = NEW_ARRAY(f->samples, struct shown);
    for (size_t i = 0; i < f->samples; i++)
        shown[i] = (struct shown){f->sample[i].pts, i};
    qsort(shown, f->samples, sizeof *shown, by_time);
    for (int64_t i = 0; i < count; i++) {
        int64_t least = i == 0 ? f->from : times[i - 1] + 1;
        int64_t wish = i == 0 ? f->from : shown[i].pts;
        times[i] = clamp_i64(wish, least, f->to - (count - i));
        f->sample[shown[i].sample].pts = times[i];
    }
    return OK;
}

// A sample lasts until the next one is decoded, whichever is shown next.
// Browsers (and so hls.js, which puts the next piece there) take the latest end
// of all for that of the fragment: none of them may lie behind `to`, as it
// would where the picture shown last is short and was decoded early.
static void end_in_time(const struct cmaf_fragment *f, int64_t *times)
{
    int64_t next = f->to;
    for (size_t i = f->samples; i-- > 1;)
        next = times[i] = max_i64(times[i], next - (f->to - f->sample[i].pts));
}

// Decode times, in order of decoding: the first is `from`, they rise, and no
// sample is shown before it is decoded. Samples that have to wait for the same
// picture share the time up to it evenly, as far as it is not too long for
// them.
//
//   decoded   I0  P4       B2     b1     b3  P8 ...    (shown at)
//   times     0   1/3      2/3    1      3   3 2/3 ...
//
// With the times of display as decode times, as is usual, B-pictures get
// negative offsets, as deep as this fragment happens to reorder. libavformat
// (and so mpv and VLC's avformat) takes the deepest one that it has met so far
// for the delay of the whole track, and moves the pictures against the sound
// when a later fragment goes deeper. False where pictures lie too close for it.
static bool fit_decoding(const struct cmaf_fragment *f, int64_t *times)
{
    int64_t earliest = INT64_MAX;
    for (size_t i = f->samples; i-- > 0;)
        times[i] = earliest = min_i64(earliest, f->sample[i].pts);
    int64_t last = times[0];
    for (size_t i = 1, end; i < f->samples; i = end) {
        int64_t until = times[i];
        for (end = i; end < f->samples && times[end] == until; end++)
            ;
        int64_t waiting = (int64_t)(end - i);
        if (until - last < waiting)
            return false;
        for (int64_t n = 1; n <= waiting; n++)
            times[i + (size_t)n - 1] =
                last + scale_floor(until - last, n, waiting);
        last = until;
    }
    end_in_time(f, times);
    return true;
}

static void write_video_run(const struct cmaf_fragment *f, const int64_t *times,
                            struct buf *out)
{
    for (size_t i = 0; i < f->samples; i++) {
        const struct cmaf_sample *s = &f->sample[i];
        int64_t next = i + 1 < f->samples ? times[i + 1] : f->to;
        buf_u32(out, (uint32_t)(next - times[i]));
        buf_u32(out, (uint32_t)s->size);
        buf_u32(out, s->is_sync ? DEPENDS_ON_NONE : DEPENDS | NON_SYNC);
        buf_u32(out, (uint32_t)(int32_t)(s->pts - times[i]));
    }
}

// `times` NULL: audio, where every sample lasts equally long and nothing is
// said twice.
static void write_moof(const struct cmaf_fragment *f, const int64_t *times,
                       struct buf *out)
{
    size_t moof = box_begin(out, "moof");
    size_t mfhd = box_begin_full(out, "mfhd", 0, 0);
    buf_u32(out,
            (uint32_t)scale_floor(f->from, MILLISECONDS, f->timescale) + 1);
    box_end(out, mfhd);
    size_t traf = box_begin(out, "traf");
    uint32_t defaults = times ? 0 : DEFAULT_DURATION | DEFAULT_FLAGS;
    size_t tfhd =
        box_begin_full(out, "tfhd", 0, DEFAULT_BASE_IS_MOOF | defaults);
    buf_u32(out, CMAF_TRACK_ID);
    if (!times) {
        buf_u32(out, (uint32_t)((f->to - f->from) / (int64_t)f->samples));
        buf_u32(out, DEPENDS_ON_NONE);
    }
    box_end(out, tfhd);
    size_t tfdt = box_begin_full(out, "tfdt", 1, 0);
    buf_u64(out, (uint64_t)f->from);
    box_end(out, tfdt);
    uint32_t fields = DATA_OFFSET | SAMPLE_SIZE;
    if (times)
        fields |= SAMPLE_DURATION | SAMPLE_FLAGS | SAMPLE_COMPOSITION;
    size_t trun = box_begin_full(out, "trun", 1, fields);
    buf_u32(out, (uint32_t)f->samples);
    size_t offset = out->len;
    buf_u32(out, 0);
    if (times)
        write_video_run(f, times, out);
    for (size_t i = 0; !times && i < f->samples; i++)
        buf_u32(out, (uint32_t)f->sample[i].size);
    box_end(out, trun);
    box_end(out, traf);
    box_end(out, moof);
    enum { MDAT_HEADER = 8 };
    buf_patch_u32(out, offset, (uint32_t)(out->len - moof + MDAT_HEADER));
}

static void write_mdat(const struct cmaf_fragment *f, struct buf *out)
{
    size_t mdat = box_begin(out, "mdat");
    buf_str(out, f->bytes);
    box_end(out, mdat);
}

enum err cmaf_write_video(const struct cmaf_fragment *f, struct buf *out)
{
    scoped(mem) int64_t *shown = NEW_ARRAY(f->samples, int64_t);
    scoped(mem) int64_t *decoded = NEW_ARRAY(f->samples, int64_t);
    TRY(fit_times(f, shown));
    write_moof(f, fit_decoding(f, decoded) ? decoded : shown, out);
    write_mdat(f, out);
    return buf_end(out);
}

enum err cmaf_write_audio(const struct cmaf_fragment *f, struct buf *out)
{
    write_moof(f, NULL, out);
    write_mdat(f, out);
    return buf_end(out);
}
