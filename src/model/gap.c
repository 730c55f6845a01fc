// SPDX-License-Identifier: MIT
// gap.c - assets made of nothing.
#include "reeld/model/gap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"

enum { MICROSECONDS = 1000000, GAP_BPS = 128000 };

// Not a setting: a stream's manifests must not change with one.
static const struct plan_wish wish = {
    .segment_us = 4000000, .segment_max_us = 6000000, .gop_us = 4000000};

bool asset_is_gap(const struct asset *a)
{
    return a->source_row == GAP_ROW;
}

static enum err make_plan(int64_t ticks, struct plan **ret)
{
    scoped(plan) struct plan *p = NEW(struct plan);
    p->timescale = GAP_TIMESCALE;
    p->video_track = -1;
    p->source_timebase = (struct rational){1, GAP_TIMESCALE};
    p->audios = 1;
    // The packet that sounds at its end is the first one of what follows.
    p->audio[0] = (struct plan_audio){
        .rate = GAP_TIMESCALE,
        .packets = max_i64(1, scale_floor(ticks, 1, AAC_FRAME_SAMPLES))};
    TRY(plan_lay_audio(p, &wish, ticks));
    TRY(plan_check(p));
    *ret = take(p);
    return OK;
}

// Facts and names of stand-ins refer to a rendition of their asset.
static void add_rendition(struct asset *a, const char *build)
{
    struct rendition *r = &a->rendition[a->renditions++];
    *r = (struct rendition){
        .codecs = "mp4a.40.2",
        .timescale = GAP_TIMESCALE,
        .frame_rate = {0, 1},
        .declared_bps = GAP_BPS + GAP_BPS * 3 / 10,
        .recipe = recipe_silence(GAP_TIMESCALE, STAND_IN_CHANNELS, GAP_BPS)
    };
    snprintf(r->name, sizeof r->name, "audio-%dk", GAP_BPS / 1000);
    a->recipe[0] = recipe_hash(&r->recipe, build);
    a->recipe_row[0] = GAP_ROW;
}

static enum err gap_new(int64_t ticks, const char *build,
                        const struct asset **ret)
{
    struct asset *a = asset_new();
    scoped(asset) const struct asset *held = a;
    snprintf(a->id.text, sizeof a->id.text, "gap-%" PRId64, ticks);
    a->state = ASSET_READY;
    a->kind = ASSET_AUDIO;
    a->source_row = GAP_ROW;
    a->tracks = 1;
    a->track[0] = (struct track){
        .kind = TRACK_AUDIO,
        .channels = STAND_IN_CHANNELS,
        .sample_rate = GAP_TIMESCALE,
        .sample_aspect = {1, 1},
        .frame_rate = {0, 1}
    };
    TRY(make_plan(ticks, &a->plan));
    add_rendition(a, build);
    *ret = take(held);
    return OK;
}

enum err timeline_add_gap(struct timeline *t, int64_t duration_us,
                          const char *build)
{
    if (duration_us < GAP_US_LEAST || duration_us > GAP_US_MOST)
        return fail(ERR_BAD_INPUT, "a gap lasts 0.04 to 3600 seconds");
    int64_t ticks = scale_round(duration_us, GAP_TIMESCALE, MICROSECONDS);
    scoped(asset) const struct asset *gap = NULL;
    TRY(gap_new(ticks, build, &gap));
    return timeline_add_ticks(t, gap, 0, ticks);
}
