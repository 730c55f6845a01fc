// SPDX-License-Identifier: MIT
// link.c - from the snapshot of an asset to what a worker is asked for.
#include <string.h>

#include "crew.h"
#include "ts.h"

// Sound is read from a little before the range, and containers interleave
// loosely.
static const int64_t AUDIO_LEAD_US = 1000000;

bool link_is_light(const struct flight *f)
{
    const struct recipe *r = &piece_rendition(&f->piece)->recipe;
    return f->piece.kind == PIECE_INIT || f->piece.kind == PIECE_TS ||
           r->kind != TRACK_VIDEO || r->mode == RECIPE_COPY;
}

static bool is_from_same_decode(const struct flight *f,
                                const struct flight *other)
{
    const struct recipe *a = &piece_rendition(&f->piece)->recipe;
    const struct recipe *b = &piece_rendition(&other->piece)->recipe;
    return f->piece.kind == other->piece.kind &&
           f->piece.number == other->piece.number && a->stream == b->stream &&
           a->mode == RECIPE_ENCODE && b->mode == RECIPE_ENCODE;
}

bool link_may_join(const struct flight *f, const struct flight *other)
{
    if (f == other || f->piece.kind == PIECE_TS ||
        other->piece.kind == PIECE_TS ||
        !id_eq(&f->piece.asset->id, &other->piece.asset->id))
        return false;
    const struct rendition *a = piece_rendition(&f->piece);
    const struct rendition *b = piece_rendition(&other->piece);
    if (a->recipe.kind != b->recipe.kind || a->audio != b->audio)
        return false;
    // An INIT costs next to nothing beside anything; nothing may slow it down.
    return other->piece.kind == PIECE_INIT || is_from_same_decode(f, other);
}

static uint32_t gop_before(const struct plan *p, int64_t ticks)
{
    uint32_t segment = plan_segment_at(p, ticks);
    uint32_t gop = p->segment_gop[segment];
    while (gop + 1 < p->segment_gop[segment + 1] &&
           p->gop_border[gop + 1] <= ticks)
        gop++;
    return gop;
}

static void link_audio_entry(const struct plan *p, const struct plan_audio *a,
                             struct wire_make *ret)
{
    if (p->video_track < 0)
        return; // entries of an asset without video are all zero
    int64_t sample = a->grid_origin + AAC_FRAME_SAMPLES * ret->border[0];
    int64_t ticks = scale_floor(sample, p->timescale, a->rate);
    ticks -= scale_ceil(AUDIO_LEAD_US, p->timescale, 1000000);
    ret->entry[0] = p->gop_entry[gop_before(p, max_i64(0, ticks))];
}

static enum err link_range(const struct piece *piece, struct wire_make *ret)
{
    const struct plan *p = piece->asset->plan;
    const struct rendition *r = piece_rendition(piece);
    _Static_assert((int)WIRE_BORDERS_MAX >= (int)ASSET_BORDERS_MAX,
                   "all borders of a segment fit");
    TRY(asset_piece_borders(piece->asset, piece->rendition, piece->kind,
                            piece->number, ret->border, &ret->borders));
    if (ret->borders == 0)
        return OK;
    if (r->audio >= 0) {
        link_audio_entry(p, &p->audio[r->audio], ret);
        return OK;
    }
    uint32_t gop = piece->kind == PIECE_IFRAME ? piece->number
                                               : p->segment_gop[piece->number];
    memcpy(ret->entry, p->gop_entry + gop,
           (ret->borders - 1) * sizeof *ret->entry);
    return OK;
}

enum err link_make(const struct jobs_options *o, struct flight *const *flights,
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
    ret->audio_end = r->audio >= 0 ? p->audio[r->audio].packets : 0;
    TRY(link_range(first, ret));
    ret->outputs = count;
    for (uint32_t i = 0; i < count; i++) {
        ret->output[i].kind = flights[i]->piece.kind;
        ret->output[i].recipe = piece_rendition(&flights[i]->piece)->recipe;
    }
    return OK;
}

void link_ts(const struct flight *f, struct wire_ts *ret)
{
    const struct asset *a = f->piece.asset;
    ret->segment = f->piece.number;
    ret->has_video = ts_has_video(f);
    ret->has_audio = ts_has_audio(f);
    if (ret->has_video)
        ret->video_timescale = piece_rendition(&f->piece)->timescale;
    if (ret->has_audio) {
        uint32_t audio =
            ret->has_video ? (uint32_t)asset_main_audio(a) : f->piece.rendition;
        ret->audio_timescale = a->rendition[audio].timescale;
    }
}

static struct place place_at(const struct flight *f, bool is_end)
{
    const struct recipe *r = &piece_rendition(&f->piece)->recipe;
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count = 0;
    bool has_range =
        f->piece.kind == PIECE_SEGMENT &&
        asset_piece_borders(f->piece.asset, f->piece.rendition, f->piece.kind,
                            f->piece.number, border, &count) == OK;
    if (!has_range || count < 2)
        return (struct place){0};
    return (struct place){true, r->kind, r->mode, r->stream,
                          border[is_end ? count - 1 : 0]};
}

struct place link_begin(const struct flight *f)
{
    return place_at(f, false);
}

struct place link_end(const struct flight *f)
{
    return place_at(f, true);
}
