// SPDX-License-Identifier: MIT
// image.c - thumbnails, previews and storyboards of shows.
//
// An image of a clip is one of its asset: where two clips show the same time
// of an asset, they share the file.
#include "image.h"

#include "reeld/base/mem.h"
#include "reeld/package/storyboard.h"

enum { MICROSECONDS = 1000000 };

// Where in an asset a time of the show lies.
struct spot {
    const struct asset *asset;
    uint32_t index;          // of the asset in the show
    int64_t from, to, ticks; // of the clip, and in it
};

static struct spot find_spot(const struct play_show *s, int64_t at_us)
{
    const struct timeline *t = s->timeline;
    if (!t) {
        const struct plan *p = s->asset->plan;
        return (struct spot){s->asset, 0, 0, p->gop_border[p->gops],
                             image_ticks(p, at_us)};
    }
    int64_t start_us = 0;
    for (uint32_t i = 0;; i++) {
        const struct clip *c = &t->clip[i];
        const struct plan *p = c->asset->plan;
        int64_t us = scale_round(c->to - c->from, MICROSECONDS, p->timescale);
        if (at_us < start_us + us || i + 1 == t->clips) {
            int64_t ticks = c->from + image_ticks(p, at_us - start_us);
            return (struct spot){c->asset, show_clip_asset(s->show, i), c->from,
                                 c->to, min_i64(ticks, c->to - 1)};
        }
        start_us += us;
    }
}

// What stands in for the pictures of an asset of the show that has none.
static const struct rendition *black_of(const struct show *s, uint32_t asset)
{
    const struct rendition *r = show_server(s, asset, 0)->rendition;
    return r->recipe.stream < 0 ? r : NULL;
}

static uint32_t sheets_of(const struct asset *a)
{
    return image_has_pictures(a) ? image_board(a).sheets : 0;
}

// Sheets are counted over the assets of the show, in its order.
static enum err find_sheet(const struct play_show *s, uint32_t number,
                           const struct asset **ret, uint32_t *ret_sheet)
{
    uint32_t left = number;
    for (uint32_t i = 0; i < s->show->assets; i++) {
        uint32_t sheets = sheets_of(s->show->asset[i]);
        if (left < sheets) {
            *ret = s->show->asset[i];
            *ret_sheet = left;
            return OK;
        }
        left -= sheets;
    }
    return fail(ERR_NOT_FOUND, "there is no sheet %u", number);
}

enum err play_image_check(const struct play_show *s, const struct play_path *p)
{
    const struct asset *a;
    uint32_t sheet;
    if (s->show->videos == 0)
        return fail(ERR_NOT_FOUND, "there are no pictures");
    return p->image.form == IMAGE_SHEET ? find_sheet(s, p->number, &a, &sheet)
                                        : OK;
}

static enum err sheet_piece(const struct play_show *s, uint32_t number,
                            struct piece *ret)
{
    const struct asset *a;
    uint32_t sheet;
    TRY(find_sheet(s, number, &a, &sheet));
    return image_sheet(a, sheet, ret);
}

enum err play_image_piece(const struct play_show *s, const struct play_path *p,
                          struct piece *ret)
{
    TRY(play_image_check(s, p));
    const struct play_image *image = &p->image;
    if (image->form == IMAGE_SHEET)
        return sheet_piece(s, p->number, ret);
    struct spot at = find_spot(s, image->at_us);
    const struct plan *plan = at.asset->plan;
    const struct rendition *black = black_of(s->show, at.index);
    struct image_wish wish = {image->format, image->width};
    if (image->form == IMAGE_STILL) {
        image_still(at.asset, black, &wish, at.ticks, ret);
        return OK;
    }
    // Not over a join: what follows may be another asset's.
    int64_t length =
        scale_ceil(image->duration_us, plan->timescale, MICROSECONDS);
    int64_t from = plan_frame_at(plan, at.ticks);
    int64_t to = plan_frame_from(plan, from + length);
    image_moving(at.asset, black, &wish, from, min_i64(to, at.to), ret);
    return OK;
}

// ---- storyboards -----------------------------------------------------------

struct cues {
    struct storyboard_cue *cue;
    size_t count, capacity;
};

// `us` is when the clip begins. A cue lasts `least_us` at least: many short
// looks at long assets have no more of them than one asset has.
static void add_clip(const struct asset *a, int64_t from, int64_t to,
                     int64_t us, int64_t least_us, uint32_t first_sheet,
                     struct cues *c)
{
    struct image_board b = image_board(a);
    uint32_t scale = a->plan->timescale,
             in_sheet = (uint32_t)(b.columns * b.rows);
    int64_t least = scale_ceil(least_us, scale, MICROSECONDS);
    for (int64_t at = from, next; at < to; at = next) {
        uint32_t tile = (uint32_t)(at / b.step), place = tile % in_sheet;
        next = min_i64(to, max_i64((tile + 1) * b.step, at + least));
        struct storyboard_cue cue = {
            .from_us = us + scale_round(at - from, MICROSECONDS, scale),
            .to_us = us + scale_round(next - from, MICROSECONDS, scale),
            .sheet = first_sheet + tile / in_sheet,
            .x = (int32_t)place % b.columns * b.tile.width,
            .y = (int32_t)place / b.columns * b.tile.height,
            .width = b.tile.width,
            .height = b.tile.height,
        };
        PUSH(c->cue, c->count, c->capacity, cue);
    }
}

enum err play_write_storyboard(const struct play_show *s, const char *base,
                               struct buf *out)
{
    scoped(timeline) struct timeline *held = NULL;
    const struct timeline *t = play_show_lay(s, &held);
    scoped(mem) uint32_t *first = NEW_ARRAY(s->show->assets, uint32_t);
    for (uint32_t i = 1; i < s->show->assets; i++)
        first[i] = first[i - 1] + sheets_of(s->show->asset[i - 1]);
    struct cues c = {0};
    int64_t us = 0, least_us = t->duration_us / IMAGE_STORYBOARD_TILES_MAX;
    for (uint32_t i = 0; i < t->clips; i++) {
        const struct clip *clip = &t->clip[i];
        if (image_has_pictures(clip->asset))
            add_clip(clip->asset, clip->from, clip->to, us, least_us,
                     first[show_clip_asset(s->show, i)], &c);
        us += scale_round(clip->to - clip->from, MICROSECONDS,
                          clip->asset->plan->timescale);
    }
    enum err result = storyboard_write(c.cue, c.count, base, out);
    free(c.cue);
    return result;
}
