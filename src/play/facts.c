// SPDX-License-Identifier: MIT
// facts.c - what manifests say of an asset, gathered from model and catalog.
//
// How fast a rendition has to be fetched is measured as soon as every segment
// of it has been made; until then (and after an eviction) manifests give the
// declared upper bound and no average. A part of the segments would do for
// neither: the peak may lie in what is missing, and a player trusts BANDWIDTH.
#include "facts.h"

#include "reeld/base/mem.h"
#include "reeld/package/hls.h"

enum {
    MICROSECONDS = 1000000,
    // What MPEG-TS adds at the most: four bytes in 188 to everything; to each
    // picture its headers and the stuffing of its last packet; tables, packets
    // that fill continuity counters, and the same for sound. See media/mux_ts.
    TS_PICTURE_BITS = 8 * (184 + 40),
    TS_FIXED_BPS = 110000,
};

// What one gathering works on.
struct gather {
    struct catalog *catalog;
    const struct asset *asset;
    int64_t target_us;
    enum facts_use use;
};

static uint32_t iframes_of(const struct asset *a, uint32_t r)
{
    return a->rendition[r].recipe.mode == RECIPE_COPY ? a->plan->segments
                                                      : a->plan->gops;
}

// Leaves *rates alone unless all `count` pieces are made.
static enum err measure(const struct gather *g, uint32_t r,
                        enum piece_kind kind, uint32_t count,
                        struct package_rates *rates)
{
    struct piece_rates made;
    TRY(catalog_rates(g->catalog, g->asset->source_row, g->asset->recipe_row[r],
                      kind, g->target_us, &made));
    if (made.segments != count || made.duration_us <= 0)
        return OK;
    rates->average_bps =
        max_i64(1, scale_round(made.bytes, INT64_C(8) * MICROSECONDS,
                               made.duration_us));
    // Where all segments are short, none of them counts as a peak.
    rates->peak_bps = max_i64(made.peak_bps, rates->average_bps);
    return OK;
}

// An I-frame stands for its GOP. The bound of an encoded rung is its cap and
// what a GOP's key frame may take out of the buffer at its start; the latter is
// all that an I-frame can be.
static struct package_rates declared_iframes(const struct rendition *r)
{
    int64_t bps = r->declared_bps;
    if (r->recipe.mode == RECIPE_ENCODE && r->recipe.cap_bps < bps)
        bps -= r->recipe.cap_bps;
    return (struct package_rates){.peak_bps = bps};
}

static void describe_video(const struct asset *a, const struct rendition *r,
                           struct package_rendition *to)
{
    to->width = to->coded_width = r->width;
    to->height = to->coded_height = r->height;
    to->sample_aspect = (struct rational){1, 1};
    to->frame_rate = r->frame_rate;
    const struct track *t = &a->track[r->track];
    if (r->recipe.mode == RECIPE_COPY && t->rotation % 180 == 0) {
        to->coded_width = t->coded_width;
        to->coded_height = t->coded_height;
        to->sample_aspect = rational_reduce(t->sample_aspect);
    }
}

static enum err describe(const struct gather *g, uint32_t i,
                         struct package_rendition *to)
{
    const struct asset *a = g->asset;
    const struct rendition *r = &a->rendition[i];
    *to = (struct package_rendition){
        .name = r->name,
        .codecs = r->codecs,
        .rates = {.peak_bps = r->declared_bps},
        .channels = r->recipe.channels,
        .sample_rate = r->recipe.sample_rate,
    };
    TRY(measure(g, i, PIECE_SEGMENT, a->plan->segments, &to->rates));
    if (r->audio >= 0)
        return OK;
    describe_video(a, r, to);
    if (g->use != FACTS_HLS)
        return OK;
    to->iframes = declared_iframes(r);
    // Nobody makes all I-frames of a rendition that is not whole itself.
    if (to->rates.average_bps == 0)
        return OK;
    return measure(g, i, PIECE_IFRAME, iframes_of(a, i), &to->iframes);
}

// The rates of the CMAF segments `sound` and `r` as those of the MPEG-TS
// segment that both become; `sound` is NULL where there is one track.
static enum err to_ts(const struct gather *g, uint32_t i,
                      const struct package_rendition *sound,
                      struct package_rendition *r)
{
    bool is_whole = r->rates.average_bps > 0;
    int64_t bps = r->rates.peak_bps + (sound ? sound->rates.peak_bps : 0);
    bps = scale_ceil(bps, 188, 184) + TS_FIXED_BPS;
    if (r->frame_rate.num > 0)
        bps +=
            scale_ceil(TS_PICTURE_BITS, r->frame_rate.num, r->frame_rate.den);
    r->rates = (struct package_rates){.peak_bps = bps};
    if (!is_whole)
        return OK;
    return measure(g, i, PIECE_TS, g->asset->plan->segments, &r->rates);
}

static enum err all_to_ts(const struct gather *g, struct facts *f)
{
    const struct asset *a = g->asset;
    int main = f->presentation.videos > 0 ? asset_main_audio(a) : -1;
    const struct package_rendition *sound =
        main >= 0 ? &f->rendition[main] : NULL;
    uint32_t count =
        f->presentation.videos > 0 ? f->presentation.videos : a->renditions;
    for (uint32_t i = 0; i < count; i++)
        TRY(to_ts(g, i, sound, &f->rendition[i]));
    return OK;
}

// Renditions come best video first, then sound track by track.
enum err facts_gather(struct catalog *c, const struct asset *a,
                      enum facts_use use, struct facts *ret)
{
    const struct plan *plan = a->plan;
    int64_t target =
        hls_target_seconds(plan_longest_segment(plan), plan->timescale);
    struct gather g = {c, a, target * MICROSECONDS, use};
    struct presentation *p = &ret->presentation;
    *p = (struct presentation){.video = ret->rendition,
                               .is_muxed = use == FACTS_HLS_TS};
    for (uint32_t i = 0; i < a->renditions; i++) {
        const struct rendition *r = &a->rendition[i];
        if (r->is_standby)
            continue;
        TRY(describe(&g, i, &ret->rendition[i]));
        if (r->audio < 0) {
            p->videos++;
            continue;
        }
        if (i == 0 || a->rendition[i - 1].audio != r->audio) {
            const struct track *t = &a->track[r->track];
            p->audio[p->audios++] = (struct package_audio){
                t->title, t->language, &ret->rendition[i], 0};
        }
        p->audio[p->audios - 1].renditions++;
    }
    return p->is_muxed ? all_to_ts(&g, ret) : OK;
}

// The borders of audio[audio]'s segments lie on its own grid, in samples.
static void lay_audio(const struct plan *p, uint32_t audio, int64_t *border)
{
    int64_t origin = p->audio[audio].grid_origin;
    for (uint32_t k = 0; k < p->segments; k++) {
        int64_t first, count;
        plan_audio_range(p, audio, k, &first, &count);
        border[k] = origin + first * AAC_FRAME_SAMPLES;
        border[k + 1] = border[k] + count * AAC_FRAME_SAMPLES;
    }
}

struct stretch facts_segments(const struct asset *a, uint32_t r,
                              int64_t **ret_border)
{
    const struct plan *p = a->plan;
    int audio = a->rendition[r].audio;
    int64_t *border = NEW_ARRAY((size_t)p->segments + 1, int64_t);
    if (audio >= 0)
        lay_audio(p, (uint32_t)audio, border);
    for (uint32_t k = 0; k <= p->segments && audio < 0; k++)
        border[k] = p->gop_border[p->segment_gop[k]];
    *ret_border = border;
    return (struct stretch){.timescale = a->rendition[r].timescale,
                            .segments = p->segments,
                            .border = border};
}

struct stretch facts_iframes(const struct asset *a, uint32_t r,
                             int64_t **ret_border)
{
    const struct plan *p = a->plan;
    if (a->rendition[r].recipe.mode == RECIPE_COPY) {
        // Only where segments begin is there an IDR; pieces count GOPs.
        struct stretch s = facts_segments(a, r, ret_border);
        s.number = p->segment_gop;
        return s;
    }
    *ret_border = NULL;
    return (struct stretch){.timescale = p->timescale,
                            .segments = p->gops,
                            .border = p->gop_border};
}
