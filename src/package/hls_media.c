// SPDX-License-Identifier: MIT
// hls_media.c - the playlist of one rendition.
#include "reeld/package/hls.h"

#include <inttypes.h>
#include <string.h>

enum {
    VERSION_TS = 3,   // fractional EXTINF
    VERSION_CMAF = 6, // EXT-X-MAP outside I-frame playlists (HLS-02)
    MICROSECONDS = 1000000,
};

int64_t hls_target_seconds(int64_t longest, uint32_t timescale)
{
    return max_i64(1, scale_round(longest, 1, timescale));
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
    struct span span = span_of(s);
    int64_t from = span.from;
    for (uint32_t k = 0; k < s->segments; k++) {
        int64_t to = span.to;
        if (k + 1 < s->segments)
            to = clamp_i64(position(s, k + 1), from, span.to);
        buf_printf(out, "#EXTINF:%" PRId64 ".%06" PRId64 ",\n%s%" PRIu32 "%s\n",
                   (to - from) / MICROSECONDS, (to - from) % MICROSECONDS,
                   m->prefix, s->number ? s->number[k] : s->first_number + k,
                   m->suffix);
        from = to;
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
        buf_printf(out, "#EXT-X-MAP:URI=\"%s\"\n", part->init);
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
