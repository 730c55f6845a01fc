// SPDX-License-Identifier: MIT
// facts.c - what manifests say of a show, gathered from model and catalog.
//
// How fast a rendition of an asset has to be fetched is measured as soon as
// every segment of it has been made; until then (and after an eviction)
// manifests give the declared upper bound and no average. A part of the
// segments would do for neither: the peak may lie in what is missing, and a
// player trusts BANDWIDTH. Clips are never measured: their manifests do not
// change, and cost no question to the catalog.
#include "facts.h"

#include <stdio.h>
#include <string.h>

#include "lay.h"
#include "reeld/base/mem.h"

enum {
    MICROSECONDS = 1000000,
    // What MPEG-TS adds at the most: four bytes in 188 to everything; to each
    // picture its headers and the stuffing of its last packet; tables, packets
    // that fill continuity counters, and the same for sound. See media/mux_ts.
    TS_PICTURE_BITS = 8 * (184 + 40),
    TS_FIXED_BPS = 110000,
};

void facts_done(struct facts *f)
{
    free(f->rendition);
    free(f->codecs);
}

enum err facts_begin(struct catalog *c, const struct play_show *s,
                     enum facts_use use, struct facts_source *ret)
{
    ret->show = s;
    ret->use = use;
    ret->target_us = lay_target_seconds(s) * MICROSECONDS;
    if (s->timeline) {
        ret->edge_gops = lay_edge_gops(s, ret->target_us / 2);
        return OK;
    }
    return catalog_rates(c, s->asset->source_row, ret->target_us, &ret->made);
}

static uint32_t iframes_of(const struct asset *a, const struct rendition *r)
{
    return r->recipe.mode == RECIPE_COPY ? a->plan->segments : a->plan->gops;
}

// Leaves *rates alone unless all `count` pieces of an asset by itself are made.
static void measure(const struct facts_source *source, uint32_t rung,
                    enum piece_kind kind, uint32_t count,
                    struct package_rates *rates)
{
    const struct asset *a = source->show->asset;
    if (!a)
        return;
    int32_t own = show_server(source->show->show, 0, rung)->own;
    struct piece_rates made =
        source_rates_find(&source->made, a->recipe_row[own], kind);
    if (made.pieces != count || made.duration_us <= 0)
        return;
    rates->average_bps =
        max_i64(1, scale_round(made.bytes, INT64_C(8) * MICROSECONDS,
                               made.duration_us));
    // Where all segments are short, none of them counts as a peak.
    rates->peak_bps = max_i64(made.peak_bps, rates->average_bps);
}

// The bound of a rendition was found for segments of the plan. Edges may have
// more GOPs a second, and each starts with a buffer that is half full.
static int64_t declared_bps(const struct facts_source *source,
                            const struct rendition *r)
{
    bool is_copied = r->recipe.mode == RECIPE_COPY;
    bool has_edges = source->show->timeline && r->recipe.sizes > 0;
    if (r->audio >= 0 || (is_copied && !has_edges))
        return r->declared_bps;
    int64_t cap = r->recipe.cap_bps;
    int64_t bps = cap + scale_ceil(cap, source->edge_gops, 2000);
    return max_i64(r->declared_bps, bps + bps / 50);
}

// An I-frame stands for its GOP. The bound of an encoded rung is its cap and
// what a GOP's key frame may take out of a half full buffer at its start; an
// I-frame has a buffer of its own (recipe_buffer_start()), and no more.
static struct package_rates declared_iframes(const struct rendition *r)
{
    int64_t bps = r->declared_bps;
    if (r->recipe.mode == RECIPE_ENCODE && r->recipe.cap_bps < bps)
        bps = scale_ceil(bps - r->recipe.cap_bps, recipe_buffer_start(0), 500);
    return (struct package_rates){.peak_bps = bps};
}

static void describe_video(const struct asset *a, const struct rendition *r,
                           struct package_rendition *to)
{
    to->width = to->coded_width = r->width;
    to->height = to->coded_height = r->height;
    to->sample_aspect = (struct rational){1, 1};
    to->frame_rate = r->frame_rate;
    if (r->recipe.mode != RECIPE_COPY)
        return;
    const struct track *t = &a->track[r->track];
    if (t->rotation % 180 == 0) {
        to->coded_width = t->coded_width;
        to->coded_height = t->coded_height;
        to->sample_aspect = rational_reduce(t->sample_aspect);
    }
}

// The rates of the CMAF segments `sound` and `r` as those of the MPEG-TS
// segment that both become; `sound` is NULL where there is one track.
static void to_ts(const struct facts_source *source, uint32_t rung,
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
    if (is_whole)
        measure(source, rung, PIECE_TS, source->show->asset->plan->segments,
                &r->rates);
}

static void all_to_ts(const struct facts_source *source, struct facts *f)
{
    const struct show *s = source->show->show;
    bool is_muxed = s->videos > 0 && s->rungs > s->videos;
    const struct package_rendition *sound =
        is_muxed ? &f->rendition[s->videos] : NULL;
    uint32_t count = s->videos > 0 ? s->videos : s->rungs;
    for (uint32_t i = 0; i < count; i++)
        to_ts(source, i, sound, &f->rendition[i]);
}

static void describe(const struct facts_source *source, uint32_t asset,
                     uint32_t rung, struct package_rendition *to)
{
    const struct show *s = source->show->show;
    const struct asset *a = s->asset[asset];
    const struct rendition *r = show_server(s, asset, rung)->rendition;
    *to = (struct package_rendition){
        .name = s->rung[rung].name,
        .codecs = r->codecs,
        .rates = {.peak_bps = declared_bps(source, r)},
        .channels = r->recipe.channels,
        .sample_rate = r->recipe.sample_rate,
    };
    measure(source, rung, PIECE_SEGMENT, a->plan->segments, &to->rates);
    if (r->audio >= 0)
        return;
    describe_video(a, r, to);
    if (source->use != FACTS_HLS || !s->is_asset)
        return;
    to->iframes = declared_iframes(r);
    // Nobody makes all I-frames of a rendition that is not whole itself.
    if (to->rates.average_bps > 0)
        measure(source, rung, PIECE_IFRAME, iframes_of(a, r), &to->iframes);
}

// The track that sound comes from; NULL: silence.
static const struct track *track_of(const struct show *s, uint32_t asset,
                                    uint32_t rung)
{
    int32_t track = show_server(s, asset, rung)->rendition->track;
    return track >= 0 ? &s->asset[asset]->track[track] : NULL;
}

// Rungs come best video first, then sound track by track.
void facts_of_asset(const struct facts_source *source, uint32_t asset,
                    struct facts *ret)
{
    const struct show *s = source->show->show;
    ret->rendition = NEW_ARRAY(s->rungs, struct package_rendition);
    struct presentation *p = &ret->presentation;
    *p = (struct presentation){.video = ret->rendition,
                               .videos = s->videos,
                               .first_video = show_first_video(s),
                               .is_muxed = source->use == FACTS_HLS_TS};
    for (uint32_t i = 0; i < s->rungs; i++) {
        describe(source, asset, i, &ret->rendition[i]);
        if (!s->rung[i].is_audio)
            continue;
        if (i == s->videos || s->rung[i - 1].track != s->rung[i].track) {
            const struct track *t = track_of(s, asset, i);
            p->audio[p->audios++] = (struct package_audio){
                t ? t->title : "", t ? t->language : "", &ret->rendition[i], 0};
        }
        p->audio[p->audios - 1].renditions++;
    }
    if (p->is_muxed)
        all_to_ts(source, ret);
}

// ---- several assets --------------------------------------------------------

// Every format that the rung has anywhere (HLS-25).
static void add_codecs(const char *codecs, char to[static FACTS_CODECS_BYTES])
{
    if (strstr(to, codecs))
        return;
    size_t len = strlen(to);
    snprintf(to + len, FACTS_CODECS_BYTES - len, "%s%s", len > 0 ? "," : "",
             codecs);
}

static void merge(const struct package_rendition *from, char *codecs,
                  struct package_rendition *to)
{
    add_codecs(from->codecs, codecs);
    to->codecs = codecs;
    to->rates.peak_bps = max_i64(to->rates.peak_bps, from->rates.peak_bps);
    if (from->width == 0)
        return;
    if ((int64_t)from->width * from->height > (int64_t)to->width * to->height) {
        to->width = from->width;
        to->height = from->height;
    }
    if (rational_compare(from->frame_rate, to->frame_rate) > 0)
        to->frame_rate = from->frame_rate; // the highest (HLS-27)
}

void facts_of_show(const struct facts_source *source, struct facts *ret)
{
    const struct show *s = source->show->show;
    facts_of_asset(source, 0, ret);
    if (s->assets == 1)
        return;
    ret->codecs = mem_new(s->rungs, sizeof *ret->codecs);
    for (uint32_t i = 0; i < s->rungs; i++)
        add_codecs(ret->rendition[i].codecs, ret->codecs[i]);
    for (uint32_t a = 1; a < s->assets; a++) {
        scoped(facts) struct facts other = {0};
        facts_of_asset(source, a, &other);
        for (uint32_t i = 0; i < s->rungs; i++)
            merge(&other.rendition[i], ret->codecs[i], &ret->rendition[i]);
        // Words that are not true from end to end are left out.
        for (uint32_t i = 0; i < ret->presentation.audios; i++) {
            struct package_audio *audio = &ret->presentation.audio[i];
            const struct package_audio *its = &other.presentation.audio[i];
            if (strcmp(audio->language, its->language) != 0)
                audio->language = "";
            if (strcmp(audio->title, its->title) != 0)
                audio->title = "";
        }
    }
}
