// SPDX-License-Identifier: MIT
// link.c - from the snapshot of an asset to what a worker is asked for.
#include <string.h>

#include "crew.h"
#include "reeld/model/stand_in.h"

// Sound is read from a little before the range, and containers interleave
// loosely.
static const int64_t AUDIO_LEAD_US = 1000000;

enum load_lane link_load(const struct flight *f)
{
    const struct recipe *r = &piece_rendition(&f->piece)->recipe;
    if (f->piece.kind == PIECE_IMAGE)
        return LOAD_IMAGE;
    bool is_light = f->piece.kind == PIECE_INIT || f->piece.kind == PIECE_TS ||
                    r->kind != TRACK_VIDEO || r->mode == RECIPE_COPY;
    return is_light ? LOAD_LIGHT : LOAD_HEAVY;
}

static bool has_same_borders(const struct piece *a, const struct piece *b)
{
    return a->borders == b->borders &&
           memcmp(a->border, b->border, a->borders * sizeof *a->border) == 0;
}

static bool is_from_same_decode(const struct flight *f,
                                const struct flight *other)
{
    const struct recipe *a = &piece_rendition(&f->piece)->recipe;
    const struct recipe *b = &piece_rendition(&other->piece)->recipe;
    return f->piece.kind == other->piece.kind &&
           has_same_borders(&f->piece, &other->piece) &&
           a->stream == b->stream && a->mode == RECIPE_ENCODE &&
           b->mode == RECIPE_ENCODE;
}

static bool is_alone(const struct flight *f)
{
    return f->piece.kind == PIECE_TS || f->piece.kind == PIECE_IMAGE;
}

bool link_may_join(const struct flight *f, const struct flight *other)
{
    if (f == other || is_alone(f) || is_alone(other) ||
        !id_eq(&f->piece.asset->id, &other->piece.asset->id))
        return false;
    const struct rendition *a = piece_rendition(&f->piece);
    const struct rendition *b = piece_rendition(&other->piece);
    if (a->recipe.kind != b->recipe.kind || a->audio != b->audio)
        return false;
    // An INIT costs next to nothing beside anything; nothing may slow it down.
    return other->piece.kind == PIECE_INIT || is_from_same_decode(f, other);
}

static void link_audio_entry(const struct plan *p, const struct plan_audio *a,
                             struct wire_make *ret)
{
    if (p->video_track < 0)
        return; // entries of an asset without video are all zero
    int64_t sample = a->grid_origin + AAC_FRAME_SAMPLES * ret->border[0];
    int64_t ticks = scale_floor(sample, p->timescale, a->rate);
    ticks -= scale_ceil(AUDIO_LEAD_US, p->timescale, 1000000);
    ret->entry[0] = p->gop_entry[plan_gop_at(p, max_i64(0, ticks))];
}

// A picture comes out whole when decoding begins where its GOP does: so an edge
// is decoded from the entries of the GOPs that its borders lie in.
static void link_range(const struct piece *piece, struct wire_make *ret)
{
    const struct plan *p = piece->asset->plan;
    const struct rendition *r = piece_rendition(piece);
    _Static_assert((int)WIRE_BORDERS_MAX >= (int)ASSET_BORDERS_MAX,
                   "all borders of a segment fit");
    ret->borders = piece->borders;
    memcpy(ret->border, piece->border, piece->borders * sizeof *piece->border);
    if (ret->borders == 0 || r->recipe.stream < 0)
        return;
    if (r->audio >= 0) {
        struct plan_audio grid = rendition_grid(piece->asset, r);
        link_audio_entry(p, &grid, ret);
        return;
    }
    for (uint32_t i = 0; i + 1 < ret->borders; i++)
        ret->entry[i] = p->gop_entry[plan_gop_at(p, ret->border[i])];
}

void link_make(const struct jobs_options *o, struct flight *const *flights,
               uint32_t count, struct wire_make *ret)
{
    const struct piece *first = &flights[0]->piece;
    const struct plan *p = first->asset->plan;
    const struct rendition *r = piece_rendition(first);
    ret->threads = (uint32_t)o->worker_threads;
    ret->limits = o->limits;
    ret->timescale = p->timescale;
    ret->source_timebase = p->source_timebase;
    ret->origin_pts = p->origin_pts;
    ret->first_pts = p->first_pts;
    ret->seeks_by_byte = p->seeks_by_byte;
    ret->jumps = p->jumps;
    memcpy(ret->jump, p->jump, p->jumps * sizeof *p->jump);
    ret->plan_end = p->gop_border[p->gops];
    if (r->audio >= 0)
        ret->audio_end = rendition_grid(first->asset, r).packets;
    link_range(first, ret);
    ret->outputs = count;
    for (uint32_t i = 0; i < count; i++) {
        ret->output[i].kind = flights[i]->piece.kind;
        ret->output[i].recipe = piece_rendition(&flights[i]->piece)->recipe;
    }
}

void link_ts(const struct flight *f, struct wire_ts *ret)
{
    const struct piece *p = &f->piece;
    ret->segment = p->number;
    ret->has_video = p->video != NULL;
    ret->has_audio = p->sound != NULL;
    if (ret->has_video)
        ret->video_timescale = piece_rendition(p->video)->timescale;
    if (ret->has_audio)
        ret->audio_timescale = piece_rendition(p->sound)->timescale;
}

static struct place place_at(const struct flight *f, bool is_end)
{
    const struct piece *p = &f->piece;
    const struct recipe *r = &piece_rendition(p)->recipe;
    if (p->kind != PIECE_SEGMENT || r->stream < 0)
        return (struct place){0};
    return (struct place){true, r->kind, r->mode, r->stream,
                          p->border[is_end ? p->borders - 1 : 0]};
}

struct place link_begin(const struct flight *f)
{
    return place_at(f, false);
}

struct place link_end(const struct flight *f)
{
    return place_at(f, true);
}
