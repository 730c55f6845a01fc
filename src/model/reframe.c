// SPDX-License-Identifier: MIT
// reframe.c - a new asset out of a part of another one, and of its picture.
#include "reeld/model/reframe.h"

#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"

enum { MICROSECONDS = 1000000 };

static bool is_ratio(int64_t width, int64_t height)
{
    return width <= REFRAME_RATIO_MAX && height <= REFRAME_RATIO_MAX;
}

enum err reframe_check_shape(int64_t width, int64_t height)
{
    if (width < 1 || height < 1 || width > REFRAME_SIDE_MOST ||
        height > REFRAME_SIDE_MOST)
        return fail(ERR_BAD_INPUT, "width and height are 1 to %d",
                    REFRAME_SIDE_MOST);
    int64_t long_side = max_i64(width, height);
    int64_t short_side = min_i64(width, height);
    if (long_side > short_side * REFRAME_RATIO_STEEPEST)
        return fail(ERR_BAD_INPUT, "a picture is not steeper than %d:1",
                    REFRAME_RATIO_STEEPEST);
    if (!is_ratio(width, height) && short_side < REFRAME_SIDE_LEAST)
        return fail(ERR_BAD_INPUT,
                    "a picture has %d lines and columns at least",
                    REFRAME_SIDE_LEAST);
    return OK;
}

// The parent's picture: its track, as if it had been coded without what the
// parent itself leaves out.
struct picture {
    struct track track;
    struct recipe_size coded; // of the file
};

static enum err find_picture(const struct asset *a, struct picture *ret)
{
    if (a->state != ASSET_READY)
        return fail(ERR_CONFLICT, "the asset is %s",
                    asset_state_name(a->state));
    if (a->kind == ASSET_IMAGE)
        return fail(ERR_UNSUPPORTED, "the asset is an image");
    if (a->plan->video_track < 0)
        return fail(ERR_UNSUPPORTED, "the asset has no pictures");
    ret->track = a->track[a->plan->video_track];
    ret->coded =
        (struct recipe_size){ret->track.coded_width, ret->track.coded_height};
    for (uint32_t r = 0; r < a->renditions; r++) {
        struct recipe_size kept = a->rendition[r].recipe.crop.kept;
        if (kept.width == 0)
            continue;
        ret->track.coded_width = kept.width;
        ret->track.coded_height = kept.height;
    }
    return OK;
}

// The nearest even number that is not above `most`, which is even.
static int32_t even_up_to(int64_t num, int64_t den, int32_t most)
{
    int64_t even = scale_round(num, 1, 2 * den) * 2;
    return (int32_t)clamp_i64(even, 2, most);
}

// The largest part of `shown` of this shape.
static struct recipe_size inside(struct recipe_size shown, int32_t width,
                                 int32_t height)
{
    int64_t by_width = (int64_t)shown.width * height;
    int64_t by_height = (int64_t)shown.height * width;
    if (by_width >= by_height)
        shown.width = even_up_to(by_height, height, shown.width);
    else
        shown.height = even_up_to(by_width, width, shown.height);
    return shown;
}

// A side of the file's pictures of which so much is shown.
static int32_t coded_side(int32_t coded, int32_t kept, int32_t shown)
{
    if (kept == shown)
        return coded;
    int32_t most = coded - coded % 2;
    return most < 2 ? coded : even_up_to((int64_t)coded * kept, shown, most);
}

static enum err crop(const struct picture *p, const struct asset_reframe *wish,
                     struct ladder_wish *to)
{
    struct recipe_size shown;
    track_display_size(&p->track, &shown.width, &shown.height);
    struct recipe_size kept = inside(shown, wish->width, wish->height);
    if (kept.width < REFRAME_SIDE_LEAST || kept.height < REFRAME_SIDE_LEAST)
        return fail(ERR_UNSUPPORTED,
                    "a picture of %dx%d would be left with %dx%d",
                    (int)shown.width, (int)shown.height, (int)kept.width,
                    (int)kept.height);
    bool lies = p->track.rotation % 180 != 0;
    int32_t width = p->track.coded_width, height = p->track.coded_height;
    to->crop.of = p->coded;
    to->crop.kept =
        (struct recipe_size){coded_side(width, lies ? kept.height : kept.width,
                                        lies ? shown.height : shown.width),
                             coded_side(height, lies ? kept.width : kept.height,
                                        lies ? shown.width : shown.height)};
    to->full = kept;
    to->has_full = !is_ratio(wish->width, wish->height);
    if (to->has_full && wish->width < kept.width && wish->height < kept.height)
        to->full =
            (struct recipe_size){even_up_to(wish->width, 1, kept.width),
                                 even_up_to(wish->height, 1, kept.height)};
    return OK;
}

// The parent may be a part itself.
static struct recipe_cut cut_of(const struct asset *parent, int64_t from,
                                int64_t to)
{
    const struct recipe_cut own = parent->rendition[0].recipe.cut;
    int64_t end = parent->plan->gop_border[parent->plan->gops];
    return (struct recipe_cut){own.from + from,
                               to == end ? own.to : own.from + to};
}

static void describe(const struct asset *parent,
                     const struct asset_reframe *wish, int64_t from, int64_t to,
                     struct asset *ret)
{
    const struct plan *p = parent->plan;
    ret->state = ASSET_READY;
    ret->kind = ASSET_VIDEO;
    ret->source = parent->source;
    ret->source_row = parent->source_row;
    ret->size_bytes = parent->size_bytes;
    ret->tracks = parent->tracks;
    memcpy(ret->track, parent->track, sizeof ret->track);
    ret->reframe = *wish;
    ret->reframe.asset = parent->id;
    ret->reframe.start_us = scale_round(from, MICROSECONDS, p->timescale);
    ret->reframe.end_us = scale_round(to, MICROSECONDS, p->timescale);
}

enum err reframe_lay(const struct asset *parent,
                     const struct asset_reframe *wish,
                     const struct ladder_wish *ladder, struct asset *ret)
{
    struct picture picture;
    TRY(find_picture(parent, &picture));
    int64_t from, to;
    TRY(plan_range(parent->plan, wish->start_us, wish->end_us, &from, &to));
    scoped(mem) struct ladder_wish *own = NEW(struct ladder_wish);
    *own = *ladder;
    TRY(crop(&picture, wish, own));
    own->cut = cut_of(parent, from, to);
    scoped(plan) struct plan *plan = NULL;
    TRY(plan_cut(parent->plan, from, to, &plan));
    plan->is_video_copied = false; // packets cannot be cropped
    plan->takes_edges = false;
    TRY(ladder_build(own, parent->track, parent->tracks, plan, 0,
                     ret->rendition, &ret->renditions));
    describe(parent, wish, from, to, ret);
    ret->plan = take(plan);
    return OK;
}
