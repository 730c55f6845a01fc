// SPDX-License-Identifier: MIT
// manifest.c - manifests of shows, written from facts on each call.
#include "facts.h"
#include "image.h"
#include "lay.h"

#include <inttypes.h>
#include <stdio.h>

#include "reeld/base/mem.h"
#include "reeld/package/dash.h"
#include "reeld/package/hls.h"

enum { MICROSECONDS = 1000000 };

// Behind the name of a rung; there is one init an asset.
static void init_name(const struct show *s, uint32_t asset,
                      char to[static HLS_INIT_BYTES])
{
    if (s->assets == 1)
        snprintf(to, HLS_INIT_BYTES, "init.mp4");
    else
        snprintf(to, HLS_INIT_BYTES, "init-%" PRIu32 ".mp4",
                 s->first_clip[asset]);
}

// ---- HLS -------------------------------------------------------------------

static struct hls_media media_of(const struct play_show *s,
                                 enum play_manifest manifest)
{
    bool is_iframes = manifest == PLAY_HLS_IFRAMES;
    return (struct hls_media){
        .prefix = is_iframes ? "i" : "",
        .suffix = manifest == PLAY_HLS_MEDIA_TS ? ".ts" : ".m4s",
        .target_seconds = lay_target_seconds(s),
        .is_iframes_only = is_iframes,
    };
}

static enum err write_media(const struct play_show *s,
                            const struct play_path *p, struct buf *out)
{
    scoped(timeline) struct timeline *held = NULL;
    const struct timeline *t = play_show_lay(s, &held);
    uint32_t rung = (uint32_t)p->rung;
    scoped(mem) struct hls_part *part = NEW_ARRAY(t->clips, struct hls_part);
    scoped(mem) int64_t *border = NULL;
    if (s->show->rung[rung].is_audio)
        border = NEW_ARRAY((size_t)t->segments + t->clips, int64_t);
    for (uint32_t i = 0; i < t->clips; i++) {
        int64_t *own = border ? border + t->clip[i].first_segment + i : NULL;
        part[i].stretch = lay_clip(s, t, i, rung, own);
        part[i].runs_on = lay_runs_on(s, t, i);
        if (p->manifest != PLAY_HLS_MEDIA_TS)
            init_name(s->show, show_clip_asset(s->show, i), part[i].init);
    }
    struct hls_media m = media_of(s, p->manifest);
    m.part = part;
    m.parts = t->clips;
    return hls_write_media(&m, out);
}

// Those of an asset stand for its GOPs, finer than segments.
static enum err write_iframes(const struct play_show *s,
                              const struct play_path *p, struct buf *out)
{
    scoped(mem) int64_t *border = NULL;
    const struct show_server *server =
        show_server(s->show, 0, (uint32_t)p->rung);
    struct hls_part part = {
        .stretch = lay_iframes(s->asset, server->rendition, &border)};
    init_name(s->show, 0, part.init);
    struct hls_media m = media_of(s, p->manifest);
    m.part = &part;
    m.parts = 1;
    return hls_write_media(&m, out);
}

static enum err write_multivariant(struct catalog *c, const struct play_show *s,
                                   bool is_ts, const char *base,
                                   struct buf *out)
{
    scoped(facts_source) struct facts_source source = {0};
    TRY(facts_begin(c, s, is_ts ? FACTS_HLS_TS : FACTS_HLS, &source));
    scoped(facts) struct facts facts = {0};
    facts_of_show(&source, &facts);
    return hls_write_multivariant(&facts.presentation, base, out);
}

// ---- DASH ------------------------------------------------------------------

// What the Periods of an MPD point to.
struct mpd {
    const struct play_show *show;
    const struct timeline *timeline;
    struct facts *facts;             // of each asset
    char (*init)[HLS_INIT_BYTES];    // of each asset
    uint32_t tracks;                 // of sound
    uint32_t track_rung[TRACKS_MAX]; // the main rung of each
    struct dash_period *period;      // of each clip
    struct stretch *video;           // of each clip
    struct stretch *audio;           // clips * tracks
    int64_t *border;                 // of all sound
};

static void mpd_done(struct mpd *m)
{
    for (uint32_t i = 0; m->facts && i < m->show->show->assets; i++)
        facts_done(&m->facts[i]);
    free(m->facts);
    free(m->init);
    free(m->period);
    free(m->video);
    free(m->audio);
    free(m->border);
}

static void scoped_release_mpd(struct mpd *held)
{
    mpd_done(held);
}

// Made for the assets and tracks of m->show and the clips of m->timeline.
static void mpd_grow(struct mpd *m)
{
    const struct show *s = m->show->show;
    const struct timeline *t = m->timeline;
    for (uint32_t i = s->videos; i < s->rungs; i++)
        if (i == s->videos || s->rung[i].track != s->rung[i - 1].track)
            m->track_rung[m->tracks++] = i;
    size_t tracks = m->tracks;
    m->facts = NEW_ARRAY(s->assets, struct facts);
    m->init = mem_new(s->assets, sizeof *m->init);
    m->period = NEW_ARRAY(t->clips, struct dash_period);
    m->video = NEW_ARRAY(t->clips, struct stretch);
    m->audio = NEW_ARRAY(t->clips * tracks + 1, struct stretch);
    m->border =
        NEW_ARRAY(((size_t)t->segments + t->clips) * tracks + 1, int64_t);
}

static enum dash_follow follow_of(const struct mpd *m, uint32_t clip)
{
    const struct show *s = m->show->show;
    if (lay_runs_on(m->show, m->timeline, clip))
        return DASH_CONTINUOUS;
    if (clip > 0 && show_clip_asset(s, clip) == show_clip_asset(s, clip - 1))
        return DASH_CONNECTED;
    return DASH_ALONE;
}

// Of an asset by itself: in clips tiles would not begin with the Period.
static bool find_tiles(const struct play_show *s, struct dash_tiles *ret)
{
    if (!s->asset || !image_has_pictures(s->asset))
        return false;
    struct image_board b = image_board(s->asset);
    *ret = (struct dash_tiles){
        .columns = b.columns,
        .rows = b.rows,
        .width = b.columns * b.tile.width,
        .height = b.rows * b.tile.height,
        .timescale = s->asset->plan->timescale,
        .sheet_ticks = b.step * b.columns * b.rows,
    };
    return true;
}

// The first rung of each set speaks for the others (DASH-11).
static void lay_period(struct mpd *m, uint32_t clip)
{
    const struct show *s = m->show->show;
    const struct timeline *t = m->timeline;
    const struct clip *c = &t->clip[clip];
    uint32_t asset = show_clip_asset(s, clip);
    if (s->videos > 0)
        m->video[clip] = lay_clip(m->show, t, clip, 0, NULL);
    struct stretch *audio = m->audio + (size_t)clip * m->tracks;
    int64_t *border = m->border + ((size_t)c->first_segment + clip) * m->tracks;
    for (uint32_t i = 0; i < m->tracks; i++) {
        audio[i] = lay_clip(m->show, t, clip, m->track_rung[i], border);
        border += c->segments + 1;
    }
    m->period[clip] = (struct dash_period){
        .id = clip,
        .duration_us = scale_round(c->to - c->from, MICROSECONDS,
                                   c->asset->plan->timescale),
        .presentation = &m->facts[asset].presentation,
        .video = s->videos > 0 ? &m->video[clip] : NULL,
        .audio = audio,
        .init = m->init[asset],
        .follows = follow_of(m, clip),
    };
}

static enum err write_dash(struct catalog *c, const struct play_show *s,
                           const char *base, struct buf *out)
{
    scoped(timeline) struct timeline *held = NULL;
    scoped(mpd) struct mpd m = {.show = s, .timeline = play_show_lay(s, &held)};
    scoped(facts_source) struct facts_source source = {0};
    TRY(facts_begin(c, s, FACTS_DASH, &source));
    mpd_grow(&m);
    for (uint32_t i = 0; i < s->show->assets; i++) {
        facts_of_asset(&source, i, &m.facts[i]);
        init_name(s->show, i, m.init[i]);
    }
    for (uint32_t i = 0; i < m.timeline->clips; i++)
        lay_period(&m, i);
    struct dash_tiles tiles;
    if (find_tiles(s, &tiles))
        m.period[0].tiles = &tiles;
    struct dash_list list = {m.period, m.timeline->clips, base};
    return dash_write(&list, out);
}

enum err play_write_manifest(struct catalog *c, const struct play_show *s,
                             const struct play_path *p, const char *base,
                             struct buf *out)
{
    if (!p->is_manifest)
        return fail(ERR_NOT_FOUND, "that is no manifest");
    TRY(play_check_kept(c, s));
    switch (p->manifest) {
    case PLAY_HLS_MULTIVARIANT:
    case PLAY_HLS_MULTIVARIANT_TS:
        return write_multivariant(c, s, p->manifest == PLAY_HLS_MULTIVARIANT_TS,
                                  base, out);
    case PLAY_HLS_IFRAMES:
        return s->asset ? write_iframes(s, p, out) : write_media(s, p, out);
    case PLAY_HLS_MEDIA:
    case PLAY_HLS_MEDIA_TS:
        return write_media(s, p, out);
    case PLAY_DASH:
        return write_dash(c, s, base, out);
    case PLAY_STORYBOARD:
        return play_write_storyboard(s, base, out);
    }
    return fail(ERR_NOT_FOUND, "that is no manifest");
}
