// SPDX-License-Identifier: MIT
// stand_in.c - renditions that an asset plays in a stream of unlike assets.
#include "reeld/model/stand_in.h"

#include <stdio.h>
#include <string.h>

static const struct rational no_rate = {0, 1};

struct rendition stand_in_sound(const struct asset *a, int64_t bitrate)
{
    struct rendition r = {
        .codecs = "mp4a.40.2",
        .track = -1,
        .audio = STAND_IN_AUDIO,
        .timescale = STAND_IN_RATE,
        .frame_rate = no_rate,
        .declared_bps = bitrate + bitrate * 3 / 10,
        .recipe = recipe_silence(STAND_IN_RATE, STAND_IN_CHANNELS, bitrate),
    };
    snprintf(r.name, sizeof r.name, "audio-%dk", (int)(bitrate / 1000));
    int main = asset_main_audio(a);
    if (main >= 0) {
        r.track = a->rendition[main].track;
        r.recipe.stream = a->rendition[main].recipe.stream;
        r.recipe.cut = a->rendition[main].recipe.cut;
    }
    return r;
}

struct rendition stand_in_black(const struct asset *a,
                                const struct rendition *like)
{
    struct rational rate = {STAND_IN_FRAME_RATE, 1};
    struct rendition r = {
        .track = -1,
        .audio = -1,
        .timescale = a->plan->timescale,
        .width = like->width,
        .height = like->height,
        .frame_rate = rate,
        .declared_bps = like->declared_bps,
        .recipe = recipe_black(&like->recipe, rate),
    };
    r.recipe.level =
        ladder_level(r.width, r.height, rate, like->recipe.cap_bps);
    memcpy(r.name, like->name, sizeof r.name);
    snprintf(r.codecs, sizeof r.codecs, "avc1.6400%02X",
             (unsigned)r.recipe.level);
    return r;
}

struct plan_audio rendition_grid(const struct asset *a,
                                 const struct rendition *r)
{
    const struct plan *p = a->plan;
    if (r->audio >= 0 && (uint32_t)r->audio < p->audios)
        return p->audio[r->audio];
    uint32_t rate = (uint32_t)r->recipe.sample_rate;
    int64_t samples = scale_ceil(p->gop_border[p->gops], rate, p->timescale);
    int64_t packets = scale_ceil(samples, 1, AAC_FRAME_SAMPLES);
    return (struct plan_audio){
        .track = r->track, .rate = rate, .packets = max_i64(1, packets)};
}
