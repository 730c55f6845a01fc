// SPDX-License-Identifier: MIT
// lay.c - what is fetched one after the other: the segments of clips.
#include "lay.h"

#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"
#include "reeld/package/hls.h"

enum { MICROSECONDS = 1000000 };

static int64_t longest_us(const struct timeline *t)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < t->clips; i++) {
        const struct clip *c = &t->clip[i];
        struct stretch s = {.segments = c->segments, .border = c->border};
        longest = max_i64(longest, scale_ceil(stretch_longest(&s), MICROSECONDS,
                                              c->asset->plan->timescale));
    }
    return longest;
}

// Segments of sound end on their own grid, up to a packet behind the border.
int64_t lay_target_seconds(const struct play_show *s)
{
    const struct show *show = s->show;
    int64_t packet_us = 0;
    for (uint32_t i = show->videos; i < show->rungs; i++) {
        uint32_t rate = show_server(show, 0, i)->rendition->timescale;
        packet_us = max_i64(packet_us,
                            scale_ceil(AAC_FRAME_SAMPLES, MICROSECONDS, rate));
    }
    int64_t us = s->timeline
                     ? longest_us(s->timeline)
                     : scale_ceil(plan_longest_segment(s->asset->plan),
                                  MICROSECONDS, s->asset->plan->timescale);
    return hls_target_seconds(us + packet_us, MICROSECONDS);
}

static int64_t gops_of(const struct clip *c, const struct rendition *r,
                       uint32_t segment, int64_t least_us)
{
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t number, count;
    if (clip_segment_is_whole(c, segment, &number) ||
        clip_other_borders(c, r, segment, border, &count) != OK)
        return 0;
    int64_t us = scale_floor(c->border[segment + 1] - c->border[segment],
                             MICROSECONDS, c->asset->plan->timescale);
    return scale_ceil(count - 1, INT64_C(1000) * MICROSECONDS,
                      max_i64(us, least_us));
}

int64_t lay_edge_gops(const struct play_show *s, int64_t least_us)
{
    const struct timeline *t = s->timeline;
    int64_t most = 0;
    for (uint32_t i = 0; i < t->clips && s->show->videos > 0; i++) {
        const struct clip *c = &t->clip[i];
        const struct rendition *r =
            show_server(s->show, show_clip_asset(s->show, i), 0)->rendition;
        most = max_i64(most, gops_of(c, r, 0, least_us));
        most = max_i64(most, gops_of(c, r, c->segments - 1, least_us));
    }
    return most;
}

// First packet of the segment, and the one behind its last.
static void packets_of(const struct clip *c, const struct rendition *r,
                       uint32_t segment, int64_t packet[static 2])
{
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    // Of sound there are two borders in any case.
    if (clip_other_borders(c, r, segment, border, &count) != OK)
        return;
    packet[0] = border[0];
    packet[1] = border[1];
}

// The borders of sound lie on its own grid, in samples.
static void lay_sound(const struct clip *c, const struct rendition *r,
                      int64_t *border)
{
    int64_t origin = rendition_grid(c->asset, r).grid_origin;
    int64_t packet[2] = {0, 0};
    for (uint32_t k = 0; k < c->segments; k++) {
        packets_of(c, r, k, packet);
        border[k] = origin + packet[0] * AAC_FRAME_SAMPLES;
    }
    border[c->segments] = origin + packet[1] * AAC_FRAME_SAMPLES;
}

struct stretch lay_clip(const struct play_show *s, const struct timeline *t,
                        uint32_t clip, uint32_t rung, int64_t *border)
{
    const struct clip *c = &t->clip[clip];
    const struct rendition *r =
        show_server(s->show, show_clip_asset(s->show, clip), rung)->rendition;
    uint32_t timescale = c->asset->plan->timescale;
    struct stretch stretch = {
        .timescale = r->timescale,
        .segments = c->segments,
        .border = c->border,
        .first_number = c->first_segment,
    };
    if (r->audio >= 0) {
        lay_sound(c, r, border);
        stretch.border = border;
    }
    if (!s->timeline)
        return stretch;
    stretch.zero = scale_round(c->from, r->timescale, timescale);
    stretch.duration_us = scale_round(c->to - c->from, MICROSECONDS, timescale);
    return stretch;
}

struct stretch lay_iframes(const struct asset *a, const struct rendition *r,
                           int64_t **ret_border)
{
    const struct plan *p = a->plan;
    *ret_border = NULL;
    if (r->recipe.mode != RECIPE_COPY)
        return (struct stretch){.timescale = p->timescale,
                                .segments = p->gops,
                                .border = p->gop_border};
    // Only where segments begin is there an IDR; pieces count GOPs.
    int64_t *border = NEW_ARRAY((size_t)p->segments + 1, int64_t);
    for (uint32_t k = 0; k <= p->segments; k++)
        border[k] = p->gop_border[p->segment_gop[k]];
    *ret_border = border;
    return (struct stretch){.timescale = p->timescale,
                            .segments = p->segments,
                            .border = border,
                            .number = p->segment_gop};
}

bool lay_runs_on(const struct play_show *s, const struct timeline *t,
                 uint32_t clip)
{
    const struct show *show = s->show;
    if (clip == 0)
        return false;
    const struct clip *former = &t->clip[clip - 1], *c = &t->clip[clip];
    uint32_t asset = show_clip_asset(show, clip);
    if (show_clip_asset(show, clip - 1) != asset || former->to != c->from)
        return false;
    // A clip shorter than a packet has one all the same, and so may its
    // neighbour: the same.
    for (uint32_t i = show->videos; i < show->rungs; i++) {
        const struct rendition *r = show_server(show, asset, i)->rendition;
        int64_t before[2] = {0, 0}, behind[2] = {0, 0};
        packets_of(former, r, former->segments - 1, before);
        packets_of(c, r, 0, behind);
        if (before[1] != behind[0])
            return false;
    }
    return true;
}
