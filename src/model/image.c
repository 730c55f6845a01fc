// SPDX-License-Identifier: MIT
// image.c - which picture an image shows, and by what recipe.
#include "reeld/model/image.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    MICROSECONDS = 1000000,
    TILE_US_MIN = 2 * MICROSECONDS, // key frames are seldom nearer
    TILE_US_MAX = 5 * MICROSECONDS,
    SHEET_TILES = IMAGE_GRID_SIDE * IMAGE_GRID_SIDE,
    QUALITY_JPEG = 4,
    QUALITY_TILE = 5,
    QUALITY_WEBP = 80,
    QUALITY_MOVING = 60,
};
_Static_assert((int)SHEET_TILES <= (int)IMAGE_TILES_MAX &&
                   (int)SHEET_TILES < (int)ASSET_BORDERS_MAX,
               "a sheet is one piece");

bool image_has_pictures(const struct asset *a)
{
    return a->state == ASSET_READY && a->plan->video_track >= 0;
}

// ---- sizes -----------------------------------------------------------------

static int32_t even(int64_t pixels)
{
    return (int32_t)max_i64(2, (pixels + 1) & ~INT64_C(1));
}

static struct recipe_size largest(const struct asset *a)
{
    struct recipe_size most = {2, 2};
    for (uint32_t i = 0; i < a->renditions; i++)
        if (a->rendition[i].audio < 0 && a->rendition[i].width > most.width)
            most = (struct recipe_size){a->rendition[i].width,
                                        a->rendition[i].height};
    return most;
}

static struct recipe_size scaled(struct recipe_size full, int32_t width)
{
    if (width >= full.width)
        return full;
    return (struct recipe_size){
        width, even(scale_round(full.height, width, full.width))};
}

// ---- recipes ---------------------------------------------------------------

// The best one that is encoded: images come down the same chain of filters.
static const struct recipe *encoded(const struct asset *a)
{
    const struct recipe *found = NULL;
    for (uint32_t i = a->renditions; i-- > 0;)
        if (a->rendition[i].audio < 0 &&
            a->rendition[i].recipe.mode == RECIPE_ENCODE)
            found = &a->rendition[i].recipe;
    assert(found); // ladder_build() sees to it
    return found;
}

static struct rendition new_image(const struct recipe *like,
                                  struct recipe_size size,
                                  struct recipe_image image)
{
    struct recipe r = *like;
    r.mode = RECIPE_IMAGE;
    r.sizes = 1;
    memset(r.size, 0, sizeof r.size);
    r.size[0] = size;
    r.image = image;
    bool is_moving = image.form == IMAGE_MOVING;
    r.frame_rate_cap = (struct rational){is_moving ? IMAGE_RATE_CAP : 0, 1};
    // A tile is so small that scaling alone blends the two fields.
    r.deinterlace = r.deinterlace && image.form != IMAGE_SHEET;
    r.crf = r.level = 0;
    r.cap_bps = 0;
    memset(r.preset, 0, sizeof r.preset);
    struct rendition made = {.audio = -1,
                             .width = size.width,
                             .height = size.height,
                             .frame_rate = r.frame_rate,
                             .recipe = r};
    snprintf(made.name, sizeof made.name, "image");
    return made;
}

static struct rendition picture(const struct asset *a,
                                const struct rendition *black,
                                const struct image_wish *wish,
                                enum image_form form)
{
    struct recipe_size full =
        black ? (struct recipe_size){black->width, black->height} : largest(a);
    bool is_jpeg = wish->format == IMAGE_JPEG;
    int32_t webp = form == IMAGE_MOVING ? QUALITY_MOVING : QUALITY_WEBP;
    struct recipe_image image = {form, wish->format,
                                 is_jpeg ? QUALITY_JPEG : webp, 1, 1};
    struct rendition r = new_image(black ? &black->recipe : encoded(a),
                                   scaled(full, wish->width), image);
    r.timescale = a->plan->timescale;
    return r;
}

void image_still(const struct asset *a, const struct rendition *black,
                 const struct image_wish *wish, int64_t at, struct piece *ret)
{
    const struct plan *p = a->plan;
    struct rendition r = picture(a, black, wish, IMAGE_STILL);
    int64_t border[2] = {0, p->gop_border[p->gops]};
    if (!black) {
        border[0] = plan_frame_at(p, at);
        border[1] = plan_frame_from(p, border[0] + 1);
    }
    piece_of_image(a, &r, border, 2, ret);
}

int64_t image_ticks(const struct plan *p, int64_t us)
{
    return scale_ceil(us + 1, p->timescale, MICROSECONDS) - 1;
}

void image_poster(const struct asset *a, struct piece *ret)
{
    const struct image_wish wish = {IMAGE_JPEG, IMAGE_STILL_WIDTH};
    int64_t us = scale_floor(plan_duration_us(a->plan), IMAGE_PERCENT, 100);
    image_still(a, NULL, &wish, image_ticks(a->plan, us), ret);
}

void image_moving(const struct asset *a, const struct rendition *black,
                  const struct image_wish *wish, int64_t from, int64_t to,
                  struct piece *ret)
{
    struct rendition r = picture(a, black, wish, IMAGE_MOVING);
    int64_t border[2] = {from, to};
    piece_of_image(a, &r, border, 2, ret);
}

// ---- storyboards -----------------------------------------------------------

static struct recipe_size tile_of(const struct asset *a)
{
    struct recipe_size full = largest(a);
    int64_t width = IMAGE_TILE_SIDE;
    if (full.height > full.width)
        width = scale_round(IMAGE_TILE_SIDE, full.width, full.height);
    return scaled(full, even(width));
}

struct image_board image_board(const struct asset *a)
{
    const struct plan *p = a->plan;
    int64_t end = p->gop_border[p->gops];
    int64_t us =
        clamp_i64(plan_duration_us(p) / SHEET_TILES, TILE_US_MIN, TILE_US_MAX);
    int64_t step = max_i64(scale_ceil(us, p->timescale, MICROSECONDS),
                           scale_ceil(end, 1, IMAGE_STORYBOARD_TILES_MAX));
    struct image_board b = {.step = step, .tile = tile_of(a)};
    b.tiles = (uint32_t)scale_ceil(end, 1, step);
    b.columns = (int32_t)min_i64(b.tiles, IMAGE_GRID_SIDE);
    b.rows =
        (int32_t)min_i64(scale_ceil(b.tiles, 1, b.columns), IMAGE_GRID_SIDE);
    b.sheets = (uint32_t)scale_ceil(b.tiles, 1, (int64_t)b.columns * b.rows);
    return b;
}

enum err image_sheet(const struct asset *a, uint32_t sheet, struct piece *ret)
{
    if (!image_has_pictures(a))
        return fail(ERR_NOT_FOUND, "%s has no pictures", a->id.text);
    struct image_board b = image_board(a);
    if (sheet >= b.sheets)
        return fail(ERR_NOT_FOUND, "the storyboard has %u sheets", b.sheets);
    int64_t end = a->plan->gop_border[a->plan->gops];
    uint32_t first = sheet * (uint32_t)(b.columns * b.rows), count = 0;
    int64_t border[SHEET_TILES + 1];
    for (uint32_t i = first; i < b.tiles && i - first < SHEET_TILES; i++) {
        int64_t from = i * b.step, to = min_i64(end, from + b.step);
        border[count++] = from + (to - from) / 2;
    }
    border[count] = min_i64(end, (int64_t)(first + count) * b.step);
    struct recipe_image image = {IMAGE_SHEET, IMAGE_JPEG, QUALITY_TILE,
                                 b.columns, b.rows};
    struct rendition r = new_image(encoded(a), b.tile, image);
    r.timescale = a->plan->timescale;
    piece_of_image(a, &r, border, count + 1, ret);
    return OK;
}
