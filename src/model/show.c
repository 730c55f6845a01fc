// SPDX-License-Identifier: MIT
// show.c - what a timeline offers to choose from, and what serves it.
#include "reeld/model/show.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/gap.h"
#include "reeld/model/stand_in.h"

// What sound of unlike assets is encoded at; the first is the main one.
static const int64_t sound_bps[] = {128000, 64000};
enum { SOUNDS = sizeof sound_bps / sizeof *sound_bps };

void show_free(struct show *s)
{
    if (!s)
        return;
    free(s->asset);
    free(s->first_clip);
    free(s->clip_asset);
    free(s->server);
    free(s->stand_in);
    free(s);
}

int show_find(const struct show *s, struct str name)
{
    for (uint32_t i = 0; i < s->rungs; i++)
        if (str_eq(str_of(s->rung[i].name), name))
            return (int)i;
    return -1;
}

const struct show_server *show_server(const struct show *s, uint32_t asset,
                                      uint32_t rung)
{
    assert(asset < s->assets && rung < s->rungs);
    return &s->server[(size_t)asset * s->rungs + rung];
}

uint32_t show_clip_asset(const struct show *s, uint32_t clip)
{
    return s->clip_asset ? s->clip_asset[clip] : 0;
}

uint32_t show_first_video(const struct show *s)
{
    const int64_t start_bps = 2000000;
    int64_t least = INT64_MAX;
    uint32_t found = 0;
    for (uint32_t i = 0; i < s->videos; i++) {
        int64_t off = show_server(s, 0, i)->rendition->declared_bps - start_bps;
        off = off < 0 ? -off : off;
        if (off >= least)
            continue;
        least = off;
        found = i;
    }
    return found;
}

bool show_has_ts(const struct show *s, uint32_t rung)
{
    return !s->rung[rung].is_audio || s->videos == 0;
}

static bool is_copied(const struct rendition *r)
{
    return r->recipe.mode == RECIPE_COPY;
}

static int32_t short_side(const struct rendition *r)
{
    return r->width < r->height ? r->width : r->height;
}

// ---- one asset -------------------------------------------------------------

// The rungs of pictures of one asset, best first, as indexes.
struct pick {
    uint32_t count;
    uint32_t own[RENDITIONS_MAX];
};

// A standby is listed last in the asset and goes where its size belongs.
static void insert(const struct asset *a, struct pick *p, uint32_t r)
{
    int32_t side = short_side(&a->rendition[r]);
    uint32_t at = p->count;
    while (at > 0 && a->rendition[r].is_standby &&
           short_side(&a->rendition[p->own[at - 1]]) < side)
        at--;
    memmove(p->own + at + 1, p->own + at, (p->count - at) * sizeof *p->own);
    p->own[at] = r;
    p->count++;
}

static struct pick pick_encoded(const struct asset *a)
{
    struct pick p = {0};
    for (uint32_t r = 0; r < a->renditions; r++)
        if (a->rendition[r].audio < 0 && !is_copied(&a->rendition[r]))
            insert(a, &p, r);
    return p;
}

// A standby plays only where the copied one, whose place it has, cannot.
static struct pick pick_cuttable(const struct asset *a)
{
    struct pick p = {0};
    bool is_source_in = false;
    for (uint32_t r = 0; r < a->renditions; r++) {
        const struct rendition *own = &a->rendition[r];
        uint32_t maker;
        if (own->audio >= 0 || asset_edge_maker(a, r, &maker) != OK ||
            (own->is_standby && is_source_in))
            continue;
        is_source_in = is_source_in || is_copied(own);
        insert(a, &p, r);
    }
    return p;
}

static struct pick pick_listed(const struct asset *a)
{
    struct pick p = {0};
    for (uint32_t r = 0; r < a->renditions; r++)
        if (a->rendition[r].audio < 0 && !a->rendition[r].is_standby)
            insert(a, &p, r);
    return p;
}

static void add_rung(struct show *s, const struct asset *a, uint32_t r)
{
    const struct rendition *own = &a->rendition[r];
    struct show_rung rung = {.name = own->name, .is_audio = own->audio >= 0};
    if (rung.is_audio)
        rung.track = (uint32_t)own->audio;
    else
        s->videos++;
    s->server[s->rungs] = (struct show_server){own, (int32_t)r};
    s->rung[s->rungs++] = rung;
}

static void offer_asset(struct show *s, const struct asset *a,
                        const struct pick *videos)
{
    s->server = NEW_ARRAY(a->renditions, struct show_server);
    for (uint32_t i = 0; i < videos->count; i++)
        add_rung(s, a, videos->own[i]);
    for (uint32_t r = 0; r < a->renditions; r++)
        if (a->rendition[r].audio >= 0)
            add_rung(s, a, r);
}

struct show *show_of_asset(const struct asset *a)
{
    assert(a->state == ASSET_READY && a->renditions > 0);
    struct show *s = NEW(struct show);
    s->is_asset = true;
    s->assets = 1;
    s->asset = NEW_ARRAY(1, const struct asset *);
    s->asset[0] = a;
    s->first_clip = NEW_ARRAY(1, uint32_t);
    struct pick videos = pick_listed(a);
    offer_asset(s, a, &videos);
    return s;
}

// Only the first and the last segment of a clip can be cut by its borders.
static bool is_whole(const struct clip *c)
{
    uint32_t number;
    return clip_segment_is_whole(c, 0, &number) &&
           clip_segment_is_whole(c, c->segments - 1, &number);
}

static enum err offer_one(struct show *s, const struct timeline *t)
{
    const struct asset *a = s->asset[0];
    bool all_whole = true;
    for (uint32_t i = 0; i < t->clips && all_whole; i++)
        all_whole = is_whole(&t->clip[i]);
    struct pick videos = all_whole ? pick_listed(a) : pick_cuttable(a);
    if (a->plan->video_track >= 0 && videos.count == 0)
        return fail(ERR_UNSUPPORTED, "%s cannot be cut", a->id.text);
    offer_asset(s, a, &videos);
    return OK;
}

// ---- several assets --------------------------------------------------------

// The asset whose pictures are largest speaks for all; -1: there are none.
static int find_lead(const struct show *s, struct pick *ret)
{
    int lead = -1;
    int32_t most = 0;
    for (uint32_t i = 0; i < s->assets; i++) {
        struct pick p = pick_encoded(s->asset[i]);
        if (p.count == 0)
            continue;
        int32_t side = short_side(&s->asset[i]->rendition[p.own[0]]);
        if (side <= most)
            continue;
        most = side;
        lead = (int)i;
        *ret = p;
    }
    return lead;
}

// The largest that is not above `like`, else the smallest.
static uint32_t nearest(const struct asset *a, const struct pick *p,
                        const struct rendition *like)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (short_side(&a->rendition[p->own[i]]) <= short_side(like))
            return p->own[i];
    return p->own[p->count - 1];
}

static bool has_sound(const struct show *s)
{
    for (uint32_t i = 0; i < s->assets; i++)
        if (asset_main_audio(s->asset[i]) >= 0)
            return true;
    return false;
}

// What offering several assets works on.
struct several {
    struct show *show;
    const struct asset *lead; // NULL: nothing has pictures
    struct pick like;         // its rungs of pictures
    struct rendition *next;   // in show->stand_in
};

static struct show_server stand_in(struct several *v, struct rendition r)
{
    *v->next = r;
    return (struct show_server){v->next++, -1};
}

static enum err serve(struct several *v, const struct asset *a,
                      struct show_server *to)
{
    struct pick own = pick_encoded(a);
    if (a->plan->video_track >= 0 && own.count == 0)
        return fail(ERR_UNSUPPORTED, "%s cannot be joined with others",
                    a->id.text);
    for (uint32_t i = 0; i < v->like.count; i++) {
        const struct rendition *rung = &v->lead->rendition[v->like.own[i]];
        if (own.count == 0) {
            *to++ = stand_in(v, stand_in_black(a, rung));
            continue;
        }
        uint32_t r = nearest(a, &own, rung);
        *to++ = (struct show_server){&a->rendition[r], (int32_t)r};
    }
    for (uint32_t i = 0; v->show->videos + i < v->show->rungs; i++)
        *to++ = stand_in(v, stand_in_sound(a, sound_bps[i]));
    return OK;
}

static size_t count_stand_ins(const struct show *s)
{
    size_t count = 0;
    for (uint32_t i = 0; i < s->assets; i++) {
        bool is_black = s->asset[i]->plan->video_track < 0;
        count += is_black ? s->rungs : s->rungs - s->videos;
    }
    return count;
}

static enum err offer_several(struct show *s)
{
    struct several v = {.show = s};
    int lead = find_lead(s, &v.like);
    if (lead >= 0)
        v.lead = s->asset[lead];
    s->videos = v.like.count;
    s->rungs = s->videos + (has_sound(s) ? SOUNDS : 0);
    if (s->rungs == 0)
        return fail(ERR_UNSUPPORTED, "%s cannot be cut", s->asset[0]->id.text);
    s->server = NEW_ARRAY((size_t)s->assets * s->rungs, struct show_server);
    s->stand_in = NEW_ARRAY(count_stand_ins(s), struct rendition);
    v.next = s->stand_in;
    for (uint32_t i = 0; i < s->assets; i++)
        TRY(serve(&v, s->asset[i], s->server + (size_t)i * s->rungs));
    for (uint32_t i = 0; i < s->rungs; i++) {
        bool is_audio = i >= s->videos;
        const char *name = is_audio ? s->server[i].rendition->name
                                    : v.lead->rendition[v.like.own[i]].name;
        s->rung[i] = (struct show_rung){.name = name, .is_audio = is_audio};
    }
    return OK;
}

// ---- any timeline ----------------------------------------------------------

struct place {
    const struct asset *asset;
    uint32_t clip;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = strcmp(a->asset->id.text, b->asset->id.text);
    if (order != 0)
        return order;
    return a->clip < b->clip ? -1 : a->clip > b->clip;
}

// Numbers the assets in the order in which they are played first.
static void list_assets(struct show *s, const struct timeline *t)
{
    scoped(mem) struct place *place = NEW_ARRAY(t->clips, struct place);
    for (uint32_t i = 0; i < t->clips; i++)
        place[i] = (struct place){t->clip[i].asset, i};
    qsort(place, t->clips, sizeof *place, compare_places);
    // First of all: of each clip, the first one of its asset.
    s->clip_asset = NEW_ARRAY(t->clips, uint32_t);
    for (uint32_t i = 0, first = 0; i < t->clips; i++) {
        if (!id_eq(&place[i].asset->id, &place[first].asset->id))
            first = i;
        s->clip_asset[place[i].clip] = place[first].clip;
    }
    s->asset = NEW_ARRAY(t->clips, const struct asset *);
    s->first_clip = NEW_ARRAY(t->clips, uint32_t);
    for (uint32_t i = 0; i < t->clips; i++) {
        uint32_t first = s->clip_asset[i];
        if (first < i) {
            s->clip_asset[i] = s->clip_asset[first];
            continue;
        }
        s->asset[s->assets] = t->clip[i].asset;
        s->first_clip[s->assets] = i;
        s->clip_asset[i] = s->assets++;
    }
}

static bool is_nothing(const struct timeline *t)
{
    for (uint32_t i = 0; i < t->clips; i++)
        if (!asset_is_gap(t->clip[i].asset))
            return false;
    return true;
}

enum err show_of_timeline(const struct timeline *t, struct show **ret)
{
    assert(t->clips > 0);
    if (is_nothing(t))
        return fail(ERR_UNSUPPORTED, "there is nothing but gaps");
    scoped(show) struct show *s = NEW(struct show);
    list_assets(s, t);
    TRY(s->assets == 1 ? offer_one(s, t) : offer_several(s));
    *ret = take(s);
    return OK;
}

// ---- pieces ----------------------------------------------------------------

static enum err served_piece(const struct clip *c,
                             const struct show_server *server,
                             enum piece_kind kind, uint32_t segment,
                             struct piece *ret)
{
    if (server->own < 0)
        return piece_of_other(c, server->rendition, kind, segment, ret);
    return piece_of_clip(c, (uint32_t)server->own, kind, segment, ret);
}

// The first rung of sound is the main one.
static enum err ts_piece(const struct show *s, const struct clip *c,
                         uint32_t asset, uint32_t rung, uint32_t segment,
                         struct piece *ret)
{
    scoped(piece) struct piece own = {0}, sound = {0};
    if (!show_has_ts(s, rung))
        return fail(ERR_NOT_FOUND, "sound is muxed with pictures");
    TRY(served_piece(c, show_server(s, asset, rung), PIECE_SEGMENT, segment,
                     &own));
    if (s->videos == 0)
        return piece_of_parts(NULL, &own, ret);
    if (s->rungs == s->videos)
        return piece_of_parts(&own, NULL, ret);
    TRY(served_piece(c, show_server(s, asset, s->videos), PIECE_SEGMENT,
                     segment, &sound));
    return piece_of_parts(&own, &sound, ret);
}

enum err show_piece(const struct show *s, const struct timeline *t,
                    uint32_t clip, uint32_t rung, enum piece_kind kind,
                    uint32_t segment, struct piece *ret)
{
    if (clip >= t->clips || rung >= s->rungs)
        return fail(ERR_NOT_FOUND, "there is no such clip or rung");
    uint32_t asset = show_clip_asset(s, clip);
    const struct clip *c = &t->clip[clip];
    if (kind == PIECE_TS)
        return ts_piece(s, c, asset, rung, segment, ret);
    return served_piece(c, show_server(s, asset, rung), kind, segment, ret);
}
