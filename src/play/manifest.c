// SPDX-License-Identifier: MIT
// manifest.c - manifests of assets, written from facts on each call.
#include "reeld/play.h"

#include "facts.h"
#include "reeld/base/mem.h"
#include "reeld/package/dash.h"
#include "reeld/package/hls.h"

enum { MICROSECONDS = 1000000 };

// One target duration for all playlists of an asset (HLS-36). Segments of sound
// end on their own grid, up to a packet behind the border.
static int64_t target_seconds(const struct asset *a)
{
    const struct plan *p = a->plan;
    int64_t packet_us = 0;
    for (uint32_t i = 0; i < p->audios; i++)
        packet_us =
            max_i64(packet_us, scale_ceil(AAC_FRAME_SAMPLES, MICROSECONDS,
                                          p->audio[i].rate));
    int64_t longest_us =
        scale_ceil(plan_longest_segment(p), MICROSECONDS, p->timescale);
    return hls_target_seconds(longest_us + packet_us, MICROSECONDS);
}

static enum err write_media(const struct asset *a, const struct play_path *p,
                            struct buf *out)
{
    uint32_t r = (uint32_t)p->rendition;
    bool is_iframes = p->manifest == PLAY_HLS_IFRAMES;
    bool is_ts = p->manifest == PLAY_HLS_MEDIA_TS;
    scoped(mem) int64_t *border = NULL;
    struct stretch s = is_iframes ? facts_iframes(a, r, &border)
                                  : facts_segments(a, r, &border);
    struct hls_media m = {
        .stretch = &s,
        .init = is_ts ? NULL : "init.mp4",
        .prefix = is_iframes ? "i" : "",
        .suffix = is_ts ? ".ts" : ".m4s",
        .target_seconds = target_seconds(a),
        .is_iframes_only = is_iframes,
    };
    return hls_write_media(&m, out);
}

static enum err write_multivariant(struct catalog *c, const struct asset *a,
                                   bool is_ts, struct buf *out)
{
    struct facts facts;
    TRY(facts_gather(c, a, is_ts ? FACTS_HLS_TS : FACTS_HLS, &facts));
    return hls_write_multivariant(&facts.presentation, out);
}

// The borders of all sets of a Period.
struct sets {
    struct stretch video, audio[TRACKS_MAX];
    int64_t *video_border, *audio_border[TRACKS_MAX];
};

static void sets_done(struct sets *s)
{
    free(s->video_border);
    for (uint32_t i = 0; i < TRACKS_MAX; i++)
        free(s->audio_border[i]);
}

static void scoped_release_sets(struct sets *held)
{
    sets_done(held);
}

// The first rendition of each set speaks for the others (DASH-11).
static void lay_sets(const struct asset *a, struct sets *s)
{
    uint32_t tracks = 0;
    for (uint32_t i = 0; i < a->renditions; i++) {
        int audio = a->rendition[i].audio;
        bool is_first = i == 0 || a->rendition[i - 1].audio != audio;
        if (!is_first || a->rendition[i].is_standby)
            continue;
        if (audio < 0)
            s->video = facts_segments(a, i, &s->video_border);
        else
            s->audio[tracks] = facts_segments(a, i, &s->audio_border[tracks]);
        tracks += audio >= 0;
    }
}

static enum err write_dash(struct catalog *c, const struct asset *a,
                           struct buf *out)
{
    struct facts facts;
    TRY(facts_gather(c, a, FACTS_DASH, &facts));
    scoped(sets) struct sets sets = {0};
    lay_sets(a, &sets);
    struct dash_period period = {
        .id = "0",
        .duration_us = plan_duration_us(a->plan),
        .presentation = &facts.presentation,
        .video = sets.video_border ? &sets.video : NULL,
        .audio = sets.audio,
    };
    return dash_write(&period, out);
}

enum err play_write_manifest(struct catalog *c, const struct asset *a,
                             const struct play_path *p, struct buf *out)
{
    if (a->state != ASSET_READY || !p->is_manifest)
        return fail(ERR_NOT_FOUND, "%s has no such manifest", a->id.text);
    switch (p->manifest) {
    case PLAY_HLS_MULTIVARIANT:
    case PLAY_HLS_MULTIVARIANT_TS:
        return write_multivariant(c, a, p->manifest == PLAY_HLS_MULTIVARIANT_TS,
                                  out);
    case PLAY_HLS_MEDIA:
    case PLAY_HLS_MEDIA_TS:
    case PLAY_HLS_IFRAMES:
        return write_media(a, p, out);
    case PLAY_DASH:
        return write_dash(c, a, out);
    }
    return fail(ERR_NOT_FOUND, "%s has no such manifest", a->id.text);
}
