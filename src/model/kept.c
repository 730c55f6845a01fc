// SPDX-License-Identifier: MIT
// kept.c - what an asset plays when its source is dropped.
//
//   inits      of each rendition
//   segments   0 of each rendition, 1 of each, ...: one decode serves them all
//   I-frames   of pictures: GOP by GOP, or of a copied one segment by segment
//   sheets     of the storyboard, and the poster behind them
#include "reeld/model/kept.h"

#include <assert.h>

#include "reeld/model/image.h"

// Standbys are listed last.
static uint32_t listed(const struct asset *a)
{
    uint32_t count = a->renditions;
    while (count > 0 && a->rendition[count - 1].is_standby)
        count--;
    return count;
}

static uint32_t iframes(const struct asset *a, uint32_t r)
{
    if (a->rendition[r].audio >= 0)
        return 0;
    bool is_copied = a->rendition[r].recipe.mode == RECIPE_COPY;
    return is_copied ? a->plan->segments : a->plan->gops;
}

static uint32_t images(const struct asset *a)
{
    return image_has_pictures(a) ? image_board(a).sheets + 1 : 0;
}

uint32_t kept_pieces(const struct asset *a)
{
    uint32_t renditions = listed(a);
    uint32_t count = renditions * (a->plan->segments + 1) + images(a);
    for (uint32_t r = 0; r < renditions; r++)
        count += iframes(a, r);
    return count;
}

static enum err iframe(const struct asset *a, uint32_t number,
                       struct piece *ret)
{
    for (uint32_t r = 0; r < listed(a); r++) {
        uint32_t own = iframes(a, r);
        if (number >= own) {
            number -= own;
            continue;
        }
        bool is_copied = a->rendition[r].recipe.mode == RECIPE_COPY;
        uint32_t gop = is_copied ? a->plan->segment_gop[number] : number;
        return piece_of_asset(a, r, PIECE_IFRAME, gop, ret);
    }
    return fail(ERR_NOT_FOUND, "%s has no such I-frame", a->id.text);
}

enum err kept_piece(const struct asset *a, uint32_t number, struct piece *ret)
{
    assert(number < kept_pieces(a));
    uint32_t renditions = listed(a);
    if (number < renditions)
        return piece_of_asset(a, number, PIECE_INIT, 0, ret);
    number -= renditions;
    if (number < renditions * a->plan->segments)
        return piece_of_asset(a, number % renditions, PIECE_SEGMENT,
                              number / renditions, ret);
    number -= renditions * a->plan->segments;
    uint32_t behind =
        kept_pieces(a) - renditions * (a->plan->segments + 1) - images(a);
    if (number < behind)
        return iframe(a, number, ret);
    number -= behind;
    if (number + 1 < images(a))
        return image_sheet(a, number, ret);
    image_poster(a, ret);
    return OK;
}

// ---- of timelines ----------------------------------------------------------

// Step 0 is the INIT, 1 the first segment. Of a rendition that is kept whole
// only what the borders of the clip cut can be missing.
static bool is_kept_anyway(const struct show_server *server,
                           const struct clip *c, uint32_t step)
{
    uint32_t number;
    if (server->own < 0 || server->rendition->is_standby)
        return false;
    return step == 0 || clip_segment_is_whole(c, step - 1, &number);
}

// What makes the edges of a copied rendition, where that is not kept itself:
// MPEG-TS of an edge is made of its INIT, too. -1: there is none.
static int standby_maker(const struct show_server *server, const struct clip *c)
{
    if (server->own < 0)
        return -1;
    uint32_t own = (uint32_t)server->own, maker;
    if (asset_edge_maker(c->asset, own, &maker) != OK || maker == own)
        return -1;
    return c->asset->rendition[maker].is_standby ? (int)maker : -1;
}

// Of this clip and rung.
static enum err next_step(const struct show *s, const struct timeline *t,
                          struct kept_walk *w, struct piece *ret)
{
    const struct clip *c = &t->clip[w->clip];
    const struct show_server *server =
        show_server(s, show_clip_asset(s, w->clip), w->rung);
    while (w->step <= c->segments) {
        uint32_t step = w->step++;
        int maker = step == 0 ? standby_maker(server, c) : -1;
        if (maker >= 0)
            return piece_of_asset(c->asset, (uint32_t)maker, PIECE_INIT, 0,
                                  ret);
        if (is_kept_anyway(server, c, step))
            continue;
        return show_piece(s, t, w->clip, w->rung,
                          step == 0 ? PIECE_INIT : PIECE_SEGMENT,
                          step == 0 ? 0 : step - 1, ret);
    }
    return fail(ERR_NOT_FOUND, "no further piece");
}

enum err kept_next(const struct show *s, const struct timeline *t,
                   uint32_t asset, struct kept_walk *w, struct piece *ret)
{
    for (; w->clip < t->clips; w->clip++, w->rung = 0) {
        if (show_clip_asset(s, w->clip) != asset)
            continue;
        for (; w->rung < s->rungs; w->rung++, w->step = 0) {
            enum err e = next_step(s, t, w, ret);
            if (e != ERR_NOT_FOUND)
                return e;
        }
    }
    return fail(ERR_NOT_FOUND, "no further piece");
}
