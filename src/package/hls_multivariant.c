// SPDX-License-Identifier: MIT
// hls_multivariant.c - the playlist of playlists.
#include "reeld/package/hls.h"

#include <inttypes.h>
#include <string.h>

#include "label.h"

enum {
    VERSION_TS = 3,
    VERSION_CMAF = 6,
};

#define AUDIO_GROUP "audio"

// One EXT-X-STREAM-INF.
struct variant {
    const struct package_rendition *rendition;
    struct package_rates rates; // of all that it can be played with
    bool has_group;             // sound comes from AUDIO_GROUP
};

// Rates of things fetched together; the average is known if all are.
static struct package_rates add_rates(struct package_rates a,
                                      struct package_rates b)
{
    bool is_known = a.average_bps > 0 && b.average_bps > 0;
    return (struct package_rates){
        .peak_bps = a.peak_bps + b.peak_bps,
        .average_bps = is_known ? a.average_bps + b.average_bps : 0,
    };
}

// The costliest member of the audio group (HLS-23).
static struct package_rates group_rates(const struct presentation *p)
{
    struct package_rates most = p->audio[0].rendition[0].rates;
    for (uint32_t i = 1; i < p->audios; i++) {
        struct package_rates r = p->audio[i].rendition[0].rates;
        most.peak_bps = max_i64(most.peak_bps, r.peak_bps);
        bool is_known = most.average_bps > 0 && r.average_bps > 0;
        most.average_bps =
            is_known ? max_i64(most.average_bps, r.average_bps) : 0;
    }
    return most;
}

// The group holds the main rendition of each track. Sound alone in one track
// needs none, and MPEG-TS has its sound inside.
static bool has_group(const struct presentation *p)
{
    return !p->is_muxed && (p->videos > 0 ? p->audios > 0 : p->audios > 1);
}

static void write_media(const struct presentation *p, const char *base,
                        struct buf *out)
{
    struct label label[TRACKS_MAX];
    label_audios(p, label);
    for (uint32_t i = 0; i < p->audios; i++) {
        const struct package_rendition *r = &p->audio[i].rendition[0];
        // Two tracks of one language could not be told apart when choosing by
        // language, so the first alone is chosen so (RFC 8216 4.3.4.1).
        buf_printf(out,
                   "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" AUDIO_GROUP "\","
                   "NAME=\"%s\",LANGUAGE=\"%s\",DEFAULT=%s,AUTOSELECT=%s,"
                   "CHANNELS=\"%d\",URI=\"%s%s/index.m3u8\"\n",
                   label[i].name, label[i].language, i == 0 ? "YES" : "NO",
                   label[i].is_first_of_language ? "YES" : "NO",
                   (int)r->channels, base, r->name);
    }
}

// Every format of every rendition that the variant can play, once each.
static void write_codecs(const struct presentation *p, const struct variant *v,
                         struct buf *out)
{
    buf_printf(out, ",CODECS=\"%s", v->rendition->codecs);
    bool is_video = v->rendition->width > 0;
    bool carries_main = p->is_muxed && is_video && p->audios > 0;
    uint32_t tracks = v->has_group ? p->audios : carries_main ? 1 : 0;
    for (uint32_t i = 0; i < tracks; i++) {
        const char *codecs = p->audio[i].rendition[0].codecs;
        bool is_new = strcmp(codecs, v->rendition->codecs) != 0;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(codecs, p->audio[k].rendition[0].codecs) == 0)
                is_new = false;
        if (is_new)
            buf_printf(out, ",%s", codecs);
    }
    buf_char(out, '"');
}

static void write_rates(struct package_rates rates, struct buf *out)
{
    buf_printf(out, "BANDWIDTH=%" PRId64, rates.peak_bps);
    if (rates.average_bps > 0)
        buf_printf(out, ",AVERAGE-BANDWIDTH=%" PRId64, rates.average_bps);
}

static void write_resolution(const struct package_rendition *r, struct buf *out)
{
    buf_printf(out, ",RESOLUTION=%dx%d", (int)r->width, (int)r->height);
}

static void write_variant(const struct presentation *p, const struct variant *v,
                          const char *base, struct buf *out)
{
    const struct package_rendition *r = v->rendition;
    buf_text(out, "#EXT-X-STREAM-INF:");
    write_rates(v->rates, out);
    write_codecs(p, v, out);
    if (r->width > 0) {
        write_resolution(r, out);
        if (r->frame_rate.num > 0) {
            int64_t thousandths =
                scale_round(1000, r->frame_rate.num, r->frame_rate.den);
            buf_printf(out, ",FRAME-RATE=%" PRId64 ".%03" PRId64,
                       thousandths / 1000, thousandths % 1000);
        }
    }
    if (v->has_group)
        buf_text(out, ",AUDIO=\"" AUDIO_GROUP "\"");
    buf_printf(out, ",CLOSED-CAPTIONS=NONE\n%s%s/%s.m3u8\n", base, r->name,
               p->is_muxed ? "ts" : "index");
}

static struct variant video_variant(const struct presentation *p, uint32_t i)
{
    struct variant v = {&p->video[i], p->video[i].rates, has_group(p)};
    if (v.has_group)
        v.rates = add_rates(v.rates, group_rates(p));
    return v;
}

// The variant to begin with goes first (HLS-34); the others keep their order.
static void write_videos(const struct presentation *p, const char *base,
                         struct buf *out)
{
    if (p->videos == 0)
        return;
    struct variant v = video_variant(p, p->first_video);
    write_variant(p, &v, base, out);
    for (uint32_t i = 0; i < p->videos; i++) {
        if (i == p->first_video)
            continue;
        v = video_variant(p, i);
        write_variant(p, &v, base, out);
    }
}

// For lines that carry no picture, the cheapest sound alone (HLS-34). With no
// pictures at all, every rendition of the main track.
static void write_sounds(const struct presentation *p, const char *base,
                         struct buf *out)
{
    if (p->audios == 0 || (p->videos > 0 && p->is_muxed))
        return;
    const struct package_audio *main = &p->audio[0];
    uint32_t first = p->videos > 0 ? main->renditions - 1 : 0;
    for (uint32_t i = first; i < main->renditions; i++) {
        struct variant v = {&main->rendition[i], main->rendition[i].rates,
                            i == 0 && has_group(p)};
        if (v.has_group)
            v.rates = group_rates(p);
        write_variant(p, &v, base, out);
    }
}

// None in MPEG-TS: I-frames are CMAF, whose times are ten seconds off those of
// the TS segments, and variants must agree (RFC 8216 section 6.2.4).
static void write_iframes(const struct presentation *p, const char *base,
                          struct buf *out)
{
    for (uint32_t i = 0; i < p->videos && !p->is_muxed; i++) {
        const struct package_rendition *r = &p->video[i];
        if (r->iframes.peak_bps == 0)
            continue;
        buf_text(out, "#EXT-X-I-FRAME-STREAM-INF:");
        write_rates(r->iframes, out);
        buf_printf(out, ",CODECS=\"%s\"", r->codecs);
        write_resolution(r, out);
        buf_printf(out, ",URI=\"%s%s/iframes.m3u8\"\n", base, r->name);
    }
}

enum err hls_write_multivariant(const struct presentation *p, const char *base,
                                struct buf *out)
{
    buf_printf(out, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-INDEPENDENT-SEGMENTS\n",
               p->is_muxed ? VERSION_TS : VERSION_CMAF);
    if (has_group(p))
        write_media(p, base, out);
    write_videos(p, base, out);
    write_sounds(p, base, out);
    write_iframes(p, base, out);
    return buf_end(out);
}
