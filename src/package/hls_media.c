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

// Times are rounded from the start on, and differences printed, so that no run
// of segments is off by more than a microsecond (HLS-07).
static void write_segments(const struct hls_media *m, struct buf *out)
{
    const struct stretch *s = m->stretch;
    struct str prefix = str_of(m->prefix);
    struct str suffix = str_of(m->suffix);
    int64_t from = scale_round(s->border[0], MICROSECONDS, s->timescale);
    for (uint32_t k = 0; k < s->segments; k++) {
        int64_t to = scale_round(s->border[k + 1], MICROSECONDS, s->timescale);
        add_duration(out, (uint64_t)(to - from));
        from = to;
        buf_str(out, prefix);
        number_add(out, s->number ? s->number[k] : s->first_number + k);
        buf_str(out, suffix);
        buf_char(out, '\n');
    }
}

enum err hls_write_media(const struct hls_media *m, struct buf *out)
{
    buf_printf(out,
               "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%" PRId64
               "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n",
               m->init ? VERSION_CMAF : VERSION_TS, m->target_seconds);
    if (m->is_iframes_only)
        buf_text(out, "#EXT-X-I-FRAMES-ONLY\n");
    if (m->init)
        buf_printf(out, "#EXT-X-MAP:URI=\"%s\"\n", m->init);
    write_segments(m, out);
    buf_text(out, "#EXT-X-ENDLIST\n");
    return buf_end(out);
}
