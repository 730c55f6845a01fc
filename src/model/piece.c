// SPDX-License-Identifier: MIT
// piece.c - pieces of assets and of clips: borders and names.
#include "reeld/model/piece.h"

#include <assert.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"

enum { MICROSECONDS = 1000000, RECIPE_TEXT_BYTES_MAX = 4096 };

static enum err check_rendition(const struct asset *a, uint32_t r)
{
    if (a->state != ASSET_READY || r >= a->renditions)
        return fail(ERR_NOT_FOUND, "no rendition %u", r);
    return OK;
}

static struct piece new_piece(const struct asset *a, uint32_t r,
                              enum piece_kind kind, uint32_t number)
{
    return (struct piece){.asset = a,
                          .rendition = r,
                          .recipe = a->recipe[r],
                          .kind = kind,
                          .number = number};
}

// Where its media time begins and ends, and its name, are in its borders.
static void set_range(struct piece *p, int64_t from, int64_t to)
{
    p->from = from;
    p->to = to;
    p->key = piece_key(&p->asset->source, &p->recipe, p->kind, p->border,
                       p->borders);
}

static void set_clip(struct piece *p, const struct clip *c, uint32_t r,
                     uint32_t s)
{
    p->clip_rendition = r;
    p->clip_from = c->from;
    p->clip_to = c->to;
    p->clip_segment = s;
}

// ---- of assets -------------------------------------------------------------

static enum err ts_of_asset(const struct asset *a, uint32_t r, uint32_t number,
                            struct piece *ret)
{
    scoped(piece) struct piece own = {0}, sound = {0};
    TRY(piece_of_asset(a, r, PIECE_SEGMENT, number, &own));
    int main = asset_main_audio(a);
    if (a->rendition[r].audio >= 0)
        return piece_of_parts(NULL, &own, ret);
    if (main < 0)
        return piece_of_parts(&own, NULL, ret);
    TRY(piece_of_asset(a, (uint32_t)main, PIECE_SEGMENT, number, &sound));
    return piece_of_parts(&own, &sound, ret);
}

enum err piece_of_asset(const struct asset *a, uint32_t r, enum piece_kind kind,
                        uint32_t number, struct piece *ret)
{
    TRY(check_rendition(a, r));
    if (kind == PIECE_TS)
        return ts_of_asset(a, r, number, ret);
    struct piece p = new_piece(a, r, kind, number);
    TRY(asset_piece_borders(a, r, kind, number, p.border, &p.borders));
    if (kind == PIECE_INIT)
        p.number = 0;
    bool is_segment = kind == PIECE_SEGMENT;
    int64_t from = 0, to = 0;
    if (is_segment) {
        from = plan_segment_from(a->plan, number);
        to = plan_segment_to(a->plan, number);
    } else if (p.borders > 0) {
        from = p.border[0];
        to = p.border[p.borders - 1];
    }
    set_range(&p, from, to);
    *ret = p;
    ret->asset = asset_ref(a);
    return OK;
}

// ---- of clips --------------------------------------------------------------

static enum err segment_of_clip(const struct clip *c, uint32_t r, uint32_t s,
                                struct piece *ret)
{
    uint32_t number;
    if (clip_segment_is_whole(c, s, &number)) {
        TRY(piece_of_asset(c->asset, r, PIECE_SEGMENT, number, ret));
        set_clip(ret, c, r, s);
        return OK;
    }
    uint32_t maker;
    TRY(asset_edge_maker(c->asset, r, &maker));
    struct piece p = new_piece(c->asset, maker, PIECE_SEGMENT, number);
    TRY(clip_piece_borders(c, r, s, p.border, &p.borders));
    p.is_edge = true;
    set_range(&p, c->border[s], c->border[s + 1]);
    set_clip(&p, c, r, s);
    *ret = p;
    ret->asset = asset_ref(c->asset);
    return OK;
}

static enum err ts_of_clip(const struct clip *c, uint32_t r, uint32_t s,
                           struct piece *ret)
{
    scoped(piece) struct piece own = {0}, sound = {0};
    TRY(segment_of_clip(c, r, s, &own));
    int main = asset_main_audio(c->asset);
    if (c->asset->rendition[r].audio >= 0)
        return piece_of_parts(NULL, &own, ret);
    if (main < 0)
        return piece_of_parts(&own, NULL, ret);
    TRY(segment_of_clip(c, (uint32_t)main, s, &sound));
    return piece_of_parts(&own, &sound, ret);
}

// One that stands for exactly one GOP (copied: segment) of the plan is the
// asset's own.
static enum err iframe_of_clip(const struct clip *c, uint32_t r, uint32_t s,
                               struct piece *ret)
{
    const struct plan *plan = c->asset->plan;
    const struct rendition *rendition = &c->asset->rendition[r];
    int64_t from = c->border[s], to = c->border[s + 1];
    uint32_t number, gop = plan_gop_at(plan, from);
    bool is_whole = clip_segment_is_whole(c, s, &number);
    if (rendition->audio >= 0)
        return fail(ERR_NOT_FOUND, "%s has no I-frames", rendition->name);
    bool is_own = is_whole && rendition->recipe.mode == RECIPE_COPY;
    uint32_t maker = r;
    if (!is_own)
        TRY(asset_edge_maker(c->asset, r, &maker));
    bool is_gop =
        plan->gop_border[gop] == from && plan->gop_border[gop + 1] == to;
    if (is_own || is_gop) {
        TRY(piece_of_asset(c->asset, maker, PIECE_IFRAME, gop, ret));
        set_clip(ret, c, r, s);
        return OK;
    }
    struct piece p = new_piece(c->asset, maker, PIECE_IFRAME, number);
    p.is_edge = true;
    p.border[p.borders++] = from;
    p.border[p.borders++] = to;
    set_range(&p, from, to);
    set_clip(&p, c, r, s);
    *ret = p;
    ret->asset = asset_ref(c->asset);
    return OK;
}

static enum err check_segment(const struct clip *c, uint32_t s)
{
    if (s >= c->segments)
        return fail(ERR_NOT_FOUND, "the clip has no segment %u", s);
    return OK;
}

enum err piece_of_clip(const struct clip *c, uint32_t r, enum piece_kind kind,
                       uint32_t s, struct piece *ret)
{
    TRY(check_rendition(c->asset, r));
    if (kind == PIECE_INIT)
        return piece_of_asset(c->asset, r, kind, 0, ret);
    TRY(check_segment(c, s));
    switch (kind) {
    case PIECE_SEGMENT:
        return segment_of_clip(c, r, s, ret);
    case PIECE_TS:
        return ts_of_clip(c, r, s, ret);
    case PIECE_IFRAME:
        return iframe_of_clip(c, r, s, ret);
    case PIECE_INIT:
    case PIECE_EDGE:
    case PIECE_IMAGE:
    case PIECE_DOWNLOAD:
    case PIECE_KINDS:
        break;
    }
    return fail(ERR_NOT_FOUND, "no such kind of piece");
}

// ---- of stand-ins ----------------------------------------------------------

static bool is_same_recipe(const struct recipe *a, const struct recipe *b)
{
    if (a->kind != b->kind || a->mode != b->mode || a->stream != b->stream)
        return false;
    struct digest one = recipe_hash(a, ""), other = recipe_hash(b, "");
    return digest_eq(&one, &other);
}

// The rendition of the asset that comes nearest: facts need one to refer to,
// and the recipe of an encoded one names the libraries that make this one, too.
static uint32_t place_of(const struct asset *a, const struct rendition *other)
{
    uint32_t found = 0;
    for (uint32_t i = a->renditions; i-- > 0;) {
        const struct recipe *r = &a->rendition[i].recipe;
        const struct recipe *best = &a->rendition[found].recipe;
        bool is_kind = r->kind == other->recipe.kind;
        bool is_better = best->mode == RECIPE_COPY || is_kind ||
                         best->kind != other->recipe.kind;
        if (r->mode == RECIPE_ENCODE && is_better)
            found = i;
    }
    return found;
}

static struct digest other_recipe(const struct asset *a, uint32_t place,
                                  const struct rendition *other)
{
    scoped(buf) struct buf text;
    buf_init(&text, RECIPE_TEXT_BYTES_MAX);
    char hex[HASH_HEX_BYTES];
    digest_hex(&a->recipe[place], hex);
    buf_printf(&text, "reeld-stand-in of %s\n", hex);
    recipe_write(&other->recipe, "", &text);
    return hash_of(text.bytes, text.len);
}

static enum err other_borders(const struct clip *c,
                              const struct rendition *other, uint32_t s,
                              struct piece *p)
{
    switch (p->kind) {
    case PIECE_INIT:
        return OK;
    case PIECE_SEGMENT:
        return clip_other_borders(c, other, s, p->border, &p->borders);
    case PIECE_IFRAME:
        if (other->audio >= 0)
            break;
        p->border[p->borders++] = c->border[s];
        p->border[p->borders++] = c->border[s + 1];
        return OK;
    case PIECE_TS:
    case PIECE_EDGE:
    case PIECE_IMAGE:
    case PIECE_DOWNLOAD:
    case PIECE_KINDS:
        break;
    }
    return fail(ERR_NOT_FOUND, "no such kind of piece");
}

enum err piece_of_other(const struct clip *c, const struct rendition *other,
                        enum piece_kind kind, uint32_t s, struct piece *ret)
{
    const struct asset *a = c->asset;
    TRY(check_rendition(a, 0));
    for (uint32_t r = 0; r < a->renditions; r++)
        if (is_same_recipe(&a->rendition[r].recipe, &other->recipe))
            return piece_of_clip(c, r, kind, s, ret);
    bool is_init = kind == PIECE_INIT;
    if (!is_init)
        TRY(check_segment(c, s));
    uint32_t place = place_of(a, other), number = 0;
    if (!is_init)
        clip_segment_is_whole(c, s, &number);
    struct piece p = new_piece(a, place, kind, number);
    p.recipe = other_recipe(a, place, other);
    p.is_edge = true;
    TRY(other_borders(c, other, s, &p));
    set_range(&p, is_init ? 0 : c->border[s], is_init ? 0 : c->border[s + 1]);
    if (!is_init)
        set_clip(&p, c, place, s);
    *ret = p;
    ret->asset = asset_ref(a);
    ret->other = NEW(struct rendition);
    *ret->other = *other;
    return OK;
}

// ---- images ----------------------------------------------------------------

void piece_of_image(const struct asset *a, const struct rendition *image,
                    const int64_t *border, uint32_t borders, struct piece *ret)
{
    assert(borders >= 2 && borders <= ASSET_BORDERS_MAX);
    uint32_t place = place_of(a, image);
    uint32_t number = plan_segment_at(a->plan, border[0]);
    struct piece p = new_piece(a, place, PIECE_IMAGE, number);
    p.recipe = other_recipe(a, place, image);
    p.borders = borders;
    memcpy(p.border, border, borders * sizeof *border);
    set_range(&p, border[0], border[borders - 1]);
    *ret = p;
    ret->asset = asset_ref(a);
    ret->other = NEW(struct rendition);
    *ret->other = *image;
}

// ---- of two others ---------------------------------------------------------

static struct piece *keep_copy(const struct piece *p)
{
    if (!p)
        return NULL;
    struct piece *copy = NEW(struct piece);
    piece_copy(p, copy);
    return copy;
}

enum err piece_of_parts(const struct piece *video, const struct piece *sound,
                        struct piece *ret)
{
    const struct piece *lead = video ? video : sound;
    if (!lead || lead->kind != PIECE_SEGMENT ||
        (sound && (sound->kind != PIECE_SEGMENT || sound->from != lead->from ||
                   sound->to != lead->to)))
        return fail(ERR_NOT_FOUND, "not the parts of one segment");
    struct piece p = *lead;
    p.asset = asset_ref(lead->asset);
    p.kind = PIECE_TS;
    p.borders = 0;
    memset(p.border, 0, sizeof p.border);
    p.is_edge = lead->is_edge || (sound && sound->is_edge);
    p.other = NULL;
    if (lead->other) {
        p.other = NEW(struct rendition);
        *p.other = *lead->other;
    }
    p.key =
        piece_key_ts(&lead->key, video && sound ? &sound->key : NULL, p.number);
    p.video = keep_copy(video);
    p.sound = keep_copy(sound);
    *ret = p;
    return OK;
}

// ---- from one piece to others ----------------------------------------------

void piece_header(const struct piece *p, struct piece *ret)
{
    struct piece header = new_piece(p->asset, p->rendition, PIECE_INIT, 0);
    header.recipe = p->recipe;
    header.is_edge = p->other != NULL;
    set_range(&header, 0, 0);
    piece_copy(&header, ret);
    if (p->other) {
        ret->other = NEW(struct rendition);
        *ret->other = *p->other;
    }
}

static enum err next_of_parts(const struct piece *p, struct piece *ret)
{
    scoped(piece) struct piece video = {0}, sound = {0};
    if (p->video)
        TRY(piece_next(p->video, &video));
    if (p->sound)
        TRY(piece_next(p->sound, &sound));
    return piece_of_parts(p->video ? &video : NULL, p->sound ? &sound : NULL,
                          ret);
}

enum err piece_next(const struct piece *p, struct piece *ret)
{
    if (p->kind == PIECE_INIT || p->kind == PIECE_IMAGE)
        return fail(ERR_NOT_FOUND, "nothing follows it");
    if (p->kind == PIECE_TS)
        return next_of_parts(p, ret);
    if (p->clip_to == 0)
        return piece_of_asset(p->asset, p->rendition, p->kind, p->number + 1,
                              ret);
    scoped(timeline) struct timeline *t = timeline_new();
    TRY(timeline_add_ticks(t, p->asset, p->clip_from, p->clip_to));
    uint32_t s = p->clip_segment + 1;
    if (p->other)
        return piece_of_other(&t->clip[0], p->other, p->kind, s, ret);
    return piece_of_clip(&t->clip[0], p->clip_rendition, p->kind, s, ret);
}

void piece_copy(const struct piece *p, struct piece *ret)
{
    *ret = *p;
    if (p->asset)
        ret->asset = asset_ref(p->asset);
    if (p->other) {
        ret->other = NEW(struct rendition);
        *ret->other = *p->other;
    }
    ret->video = keep_copy(p->video);
    ret->sound = keep_copy(p->sound);
}

void piece_done(struct piece *p)
{
    struct piece *part[] = {p->video, p->sound};
    for (int i = 0; i < 2; i++)
        if (part[i]) {
            piece_done(part[i]);
            free(part[i]);
        }
    free(p->other);
    asset_unref(p->asset);
    p->asset = NULL;
    p->other = NULL;
    p->video = p->sound = NULL;
}

const struct rendition *piece_rendition(const struct piece *p)
{
    return p->other ? p->other : &p->asset->rendition[p->rendition];
}

int64_t piece_duration_us(const struct piece *p)
{
    return scale_round(p->to - p->from, MICROSECONDS,
                       p->asset->plan->timescale);
}

enum piece_kind piece_fact_kind(const struct piece *p)
{
    return p->is_edge && p->kind != PIECE_INIT ? PIECE_EDGE : p->kind;
}
