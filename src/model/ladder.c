// SPDX-License-Identifier: MIT
// ladder.c - from tracks, plan and wishes to the table of renditions.
#include "reeld/model/ladder.h"

#include <stdio.h>
#include <string.h>

// What one call works on.
struct builder {
    const struct ladder_wish *wish;
    const struct track *tracks;
    const struct plan *plan;
    struct rendition *out;
    uint32_t count;
    struct recipe_size full; // the picture as shown
    struct rung standby;     // short_side 0: none
};

static int32_t even(int64_t pixels)
{
    return (int32_t)max_i64(2, (pixels + 1) & ~(int64_t)1);
}

// The picture with its short side scaled to `short_side`.
static struct recipe_size scaled(struct recipe_size full, int32_t short_side)
{
    int32_t width = full.width, height = full.height;
    if (width == short_side || height == short_side)
        return full;
    if (width <= height)
        return (struct recipe_size){
            short_side, even(scale_round(height, short_side, width))};
    return (struct recipe_size){even(scale_round(width, short_side, height)),
                                short_side};
}

// The rate that is left after frames nearer than 0.9 / cap were dropped.
static struct rational capped_rate(struct rational rate, struct rational cap)
{
    if (cap.num == 0)
        return rate;
    int64_t divisor =
        scale_ceil(9 * rate.num, cap.den, 10 * rate.den * cap.num);
    rate.den *= max_i64(1, divisor);
    return rational_reduce(rate);
}

// What the buffers of a segment's GOPs hold when they begin, in milliseconds of
// the cap.
static int64_t buffered_ms(const struct plan *p, uint32_t segment)
{
    int64_t sum = 0;
    for (uint32_t g = p->segment_gop[segment]; g < p->segment_gop[segment + 1];
         g++)
        sum += recipe_buffer_start(scale_round(
            p->gop_border[g + 1] - p->gop_border[g], 1000000, p->timescale));
    return sum;
}

// The true upper bound of a segment's bit rate: each GOP may spend its share of
// the cap and the VBV buffer (one second of the cap) that it starts with.
static int64_t bound_bps(const struct plan *p, int64_t cap_bps)
{
    int64_t most = 0;
    for (uint32_t s = 0; s < p->segments; s++) {
        int64_t length = plan_segment_to(p, s) - plan_segment_from(p, s);
        int64_t start = scale_ceil(cap_bps * buffered_ms(p, s), p->timescale,
                                   1000 * length);
        most = max_i64(most, cap_bps + start);
    }
    return most + most / 50; // boxes around the samples
}

static void add_copied_video(struct builder *b, int64_t peak_bps)
{
    const struct track *t = &b->tracks[b->plan->video_track];
    struct rendition *r = &b->out[b->count++];
    *r = (struct rendition){
        .track = b->plan->video_track,
        .audio = -1,
        .timescale = b->plan->timescale,
        .frame_rate = t->frame_rate,
        .declared_bps = peak_bps + peak_bps / 50,
        .recipe = {.kind = TRACK_VIDEO,
                   .mode = RECIPE_COPY,
                   .stream = t->stream},
    };
    track_display_size(t, &r->width, &r->height);
    snprintf(r->name, sizeof r->name, "source");
    memcpy(r->codecs, t->codecs, sizeof r->codecs);
}

static void add_rung(struct builder *b, const struct rung *rung,
                     const struct recipe_size *chain, int32_t sizes)
{
    const struct track *t = &b->tracks[b->plan->video_track];
    struct recipe_size own = chain[sizes - 1];
    struct rational rate = capped_rate(t->frame_rate, rung->frame_rate_cap);
    struct rendition *r = &b->out[b->count++];
    *r = (struct rendition){
        .track = b->plan->video_track,
        .audio = -1,
        .timescale = b->plan->timescale,
        .width = own.width,
        .height = own.height,
        .frame_rate = rate,
        .declared_bps = bound_bps(b->plan, rung->cap_bps),
        .recipe = {.kind = TRACK_VIDEO,
                   .mode = RECIPE_ENCODE,
                   .stream = t->stream,
                   .cut = b->wish->cut,
                   .deinterlace = t->is_interlaced,
                   .crop = b->wish->crop,
                   .rotation = t->rotation,
                   .is_mirrored = t->is_mirrored,
                   .is_full_range = t->is_full_range,
                   .transfer = t->transfer,
                   .sizes = sizes,
                   .frame_rate_cap = rung->frame_rate_cap,
                   .frame_rate = rate,
                   .crf = rung->crf,
                   .cap_bps = rung->cap_bps},
    };
    r->recipe.level = ladder_level(own.width, own.height, rate, rung->cap_bps);
    memcpy(r->recipe.size, chain, (size_t)sizes * sizeof *chain);
    memcpy(r->recipe.preset, b->wish->preset, sizeof r->recipe.preset);
    snprintf(r->name, sizeof r->name, "%dp",
             (int)(own.width < own.height ? own.width : own.height));
    snprintf(r->codecs, sizeof r->codecs, "avc1.6400%02X",
             (unsigned)r->recipe.level);
}

// The rungs that this source gets, falling: those of the wish that are not
// above it, led by one of the source's own size where the largest of them would
// throw away more than a seventh of its lines, or where one is asked for.
static uint32_t pick_rungs(const struct ladder_wish *wish, int32_t source_side,
                           struct rung *ret)
{
    uint32_t count = 0;
    struct rung above = wish->rung[0];
    for (uint32_t i = 0; i < wish->rungs; i++) {
        if (wish->rung[i].short_side <= source_side)
            ret[count++] = wish->rung[i];
        else
            above = wish->rung[i];
    }
    bool is_between = source_side < wish->rung[0].short_side;
    bool loses = count == 0 || ret[0].short_side * 7 < source_side * 6;
    bool is_missing =
        wish->has_full && (count == 0 || ret[0].short_side != source_side);
    if (!is_missing && (!is_between || !loses))
        return count;
    if (!is_between) // larger than any: it may cost so much more
        above.cap_bps =
            scale_ceil(above.cap_bps, source_side, above.short_side);
    memmove(ret + 1, ret, count * sizeof *ret);
    ret[0] = above;
    ret[0].short_side = source_side;
    return count + 1;
}

static void add_video(struct builder *b, int64_t copied_peak_bps)
{
    const struct recipe_size full = b->full;
    int32_t side = full.width < full.height ? full.width : full.height;
    bool is_copied = b->plan->is_video_copied && b->wish->copy_source;
    if (is_copied)
        add_copied_video(b, copied_peak_bps);

    struct rung rung[RUNGS_MAX + 1];
    uint32_t rungs = pick_rungs(b->wish, side, rung);
    struct recipe_size chain[RECIPE_CHAIN_MAX];
    int32_t sizes = 0;
    for (uint32_t i = 0; i < rungs; i++) {
        // The source's own packets serve as the rung of their size, unless
        // they cost so much more that a viewer would miss it.
        if (is_copied && rung[i].short_side == side &&
            copied_peak_bps <= 2 * rung[i].cap_bps) {
            b->standby = rung[i];
            continue;
        }
        chain[sizes++] = scaled(full, rung[i].short_side);
        add_rung(b, &rung[i], chain, sizes);
    }
}

// Not a step of the other rungs' chains: their bytes do not depend on it.
static void add_standby(struct builder *b)
{
    if (b->standby.short_side == 0)
        return;
    struct recipe_size size = scaled(b->full, b->standby.short_side);
    add_rung(b, &b->standby, &size, 1);
    b->out[b->count - 1].is_standby = true;
}

// The two digits of "avc1.PPCCLL" that say it, or "".
static const char *level_of(const char *codecs)
{
    enum { BEFORE = sizeof "avc1.PPCC" - 1 };
    return strlen(codecs) == BEFORE + 2 ? codecs + BEFORE : "";
}

// A rung of the size and rate of the copied one makes its edges, where they go
// together. What is said of the copied one is then true of both.
static void add_edges(struct builder *b)
{
    struct rendition *copied = &b->out[0];
    if (!b->plan->takes_edges || b->count == 0 ||
        copied->recipe.mode != RECIPE_COPY || copied->audio >= 0)
        return;
    for (uint32_t i = 1; i < b->count; i++) {
        const struct rendition *r = &b->out[i];
        if (r->audio >= 0 || r->width != copied->width ||
            r->height != copied->height ||
            rational_compare(r->frame_rate, copied->frame_rate) != 0)
            continue;
        char level[3];
        bool is_higher =
            strcmp(level_of(copied->codecs), level_of(r->codecs)) > 0;
        memcpy(level, level_of(is_higher ? copied->codecs : r->codecs), 3);
        copied->recipe = r->recipe;
        copied->recipe.mode = RECIPE_COPY;
        snprintf(copied->codecs, sizeof copied->codecs, "avc1.6400%s", level);
        return;
    }
}

static void add_audio(struct builder *b, uint32_t audio, int64_t bitrate,
                      bool is_copied)
{
    const struct plan_audio *grid = &b->plan->audio[audio];
    const struct track *t = &b->tracks[grid->track];
    struct rendition *r = &b->out[b->count++];
    // A copied track and its encoded companion share one channel layout, or
    // they could not be switched.
    int32_t channels = grid->is_copied && t->channels < 2 ? 1 : 2;
    *r = (struct rendition){
        .track = grid->track,
        .audio = (int32_t)audio,
        .timescale = grid->rate,
        .frame_rate = {0,                  1           },
        .declared_bps = bitrate + bitrate * 3 / 10,
        .codecs = "mp4a.40.2",
        .recipe = { .kind = TRACK_AUDIO,
                       .mode = is_copied ? RECIPE_COPY : RECIPE_ENCODE,
                       .stream = t->stream,
                       .cut = b->wish->cut,
                       .sample_rate = (int32_t)grid->rate,
                       .channels = channels,
                       .bitrate = bitrate,
                       .grid_origin = grid->grid_origin},
    };
    char number[8] = "";
    if (audio > 0)
        snprintf(number, sizeof number, "%u-", audio + 1);
    if (is_copied)
        snprintf(r->name, sizeof r->name, "audio-%ssource", number);
    else
        snprintf(r->name, sizeof r->name, "audio-%s%dk", number,
                 (int)(bitrate / 1000));
}

enum { COPIED_AUDIO_BPS_UNKNOWN = 192000 };

static void add_audios(struct builder *b, uint32_t audio)
{
    const struct plan_audio *grid = &b->plan->audio[audio];
    int64_t main_bps = b->wish->audio_bps[0];
    bool is_copied = grid->is_copied && b->wish->copy_source;
    if (is_copied) {
        int64_t own = b->tracks[grid->track].bitrate;
        main_bps = own > 0 ? own : COPIED_AUDIO_BPS_UNKNOWN;
    }
    add_audio(b, audio, main_bps, is_copied);
    for (uint32_t i = 1; audio == 0 && i < b->wish->audios; i++)
        if (b->wish->audio_bps[i] < main_bps)
            add_audio(b, audio, b->wish->audio_bps[i], false);
}

static struct recipe_size full_size(const struct ladder_wish *wish,
                                    const struct track *t)
{
    struct recipe_size full = wish->full;
    if (full.width == 0)
        track_display_size(t, &full.width, &full.height);
    return full;
}

enum err ladder_build(const struct ladder_wish *wish,
                      const struct track *tracks, uint32_t count,
                      const struct plan *plan, int64_t copied_peak_bps,
                      struct rendition *ret, uint32_t *ret_count)
{
    if (plan->video_track >= (int32_t)count)
        return fail(ERR_BAD_INPUT, "plan names track %d of %u",
                    (int)plan->video_track, count);
    for (uint32_t a = 0; a < plan->audios; a++)
        if (plan->audio[a].track < 0 || plan->audio[a].track >= (int32_t)count)
            return fail(ERR_BAD_INPUT, "plan names track %d of %u",
                        (int)plan->audio[a].track, count);
    struct builder b = {
        .wish = wish, .tracks = tracks, .plan = plan, .out = ret};
    if (plan->video_track >= 0) {
        b.full = full_size(wish, &tracks[plan->video_track]);
        add_video(&b, copied_peak_bps);
    }
    // Room for the worst case: each audio track one, the first up to four.
    uint32_t most = RENDITIONS_MAX - 4;
    for (uint32_t a = 0; a < plan->audios && b.count < most; a++)
        add_audios(&b, a);
    add_standby(&b);
    add_edges(&b);
    if (b.count == 0)
        return fail(ERR_UNSUPPORTED, "nothing of it can be played");
    *ret_count = b.count;
    return OK;
}
