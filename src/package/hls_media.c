// SPDX-License-Identifier: MIT
// hls_media.c - the playlist of one rendition.
#include "reeld/package/hls.h"

#include <inttypes.h>
#include <string.h>

#include "number.h"

enum {
    VERSION_TS = 3,   // fractional EXTINF
    VERSION_CMAF = 6, // EXT-X-MAP outside I-frame playlists (HLS-02)
    MICROSECONDS = 1000000,
};

int64_t hls_target_seconds(int64_t longest, uint32_t timescale)
{
    return max_i64(1, scale_round(longest, 1, timescale));
}

// "#EXTINF:4.004000,\n"
static void add_duration(struct buf *out, uint64_t us)
{
    char text[sizeof "#EXTINF:.,\n" + 2 * (size_t)NUMBER_DIGITS_MAX];
    char *end = text + sizeof text;
    char *at = end - 2;
    memcpy(at, ",\n", 2);
    at = number_put(at, us % MICROSECONDS, 6);
    *--at = '.';
    at = number_put(at, us / MICROSECONDS, 1);
    at -= sizeof "#EXTINF:" - 1;
    memcpy(at, "#EXTINF:", sizeof "#EXTINF:" - 1);
    buf_add(out, at, (size_t)(end - at));
}

// Where a stretch begins and ends, microseconds from its zero.
struct span {
    int64_t from, to;
};

static int64_t position(const struct stretch *s, uint32_t k)
{
    return scale_round(s->border[k] - s->zero, MICROSECONDS, s->timescale);
}

static struct span span_of(const struct stretch *s)
{
    if (s->duration_us > 0)
        return (struct span){0, s->duration_us};
    return (struct span){position(s, 0), position(s, s->segments)};
}

// Times are rounded from the start on, and differences printed, so that no run
// of segments is off by more than a microsecond (HLS-07).
static void write_segments(const struct hls_media *m, const struct stretch *s,
                           struct buf *out)
{
    struct str prefix = str_of(m->prefix);
    struct str suffix = str_of(m->suffix);
    struct span span = span_of(s);
    int64_t from = span.from;
    for (uint32_t k = 0; k < s->segments; k++) {
        int64_t to = span.to;
        if (k + 1 < s->segments)
            to = clamp_i64(position(s, k + 1), from, span.to);
        add_duration(out, (uint64_t)(to - from));
        from = to;
        buf_str(out, prefix);
        number_add(out, s->number ? s->number[k] : s->first_number + k);
        buf_str(out, suffix);
        buf_char(out, '\n');
    }
}

// EXT-X-MAP ends with a discontinuity, even where it stays the same (HLS-12).
static void write_part(const struct hls_media *m, uint32_t i, struct buf *out)
{
    const struct hls_part *part = &m->part[i];
    bool is_new = i == 0 || !part->runs_on;
    if (i > 0 && is_new)
        buf_text(out, "#EXT-X-DISCONTINUITY\n");
    if (is_new && part->init[0]) {
        buf_text(out, "#EXT-X-MAP:URI=\"");
        buf_text(out, part->init);
        buf_text(out, "\"\n");
    }
    write_segments(m, &part->stretch, out);
}

static bool has_discontinuity(const struct hls_media *m)
{
    for (uint32_t i = 1; i < m->parts; i++)
        if (!m->part[i].runs_on)
            return true;
    return false;
}

enum err hls_write_media(const struct hls_media *m, struct buf *out)
{
    buf_printf(out,
               "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%" PRId64
               "\n#EXT-X-MEDIA-SEQUENCE:0\n",
               m->part[0].init[0] ? VERSION_CMAF : VERSION_TS,
               m->target_seconds);
    if (has_discontinuity(m))
        buf_text(out, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
    buf_text(out, "#EXT-X-PLAYLIST-TYPE:VOD\n");
    if (m->is_iframes_only)
        buf_text(out, "#EXT-X-I-FRAMES-ONLY\n");
    for (uint32_t i = 0; i < m->parts; i++)
        write_part(m, i, out);
    buf_text(out, "#EXT-X-ENDLIST\n");
    return buf_end(out);
}
