// SPDX-License-Identifier: MIT
// asset.c - snapshots of assets: counting references, naming pieces.
#include "reeld/model/asset.h"

#include <stdatomic.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/base/str.h"

// What callers see is the first member, so the count stays out of the door.
struct counted_asset {
    struct asset asset;
    atomic_int references;
};

const char *asset_state_name(enum asset_state state)
{
    switch (state) {
    case ASSET_UPLOADING:
        return "uploading";
    case ASSET_UPLOADED:
        return "uploaded";
    case ASSET_READY:
        return "ready";
    case ASSET_REJECTED:
        return "rejected";
    case ASSET_STATES:
        break;
    }
    return "unknown";
}

bool asset_may_move(enum asset_state from, enum asset_state to)
{
    static const struct {
        enum asset_state from, to;
    } moves[] = {
        {ASSET_UPLOADING, ASSET_UPLOADED},
        {ASSET_UPLOADING, ASSET_REJECTED},
        {ASSET_UPLOADED,  ASSET_READY   },
        {ASSET_UPLOADED,  ASSET_REJECTED},
    };
    for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
        if (moves[i].from == from && moves[i].to == to)
            return true;
    return false;
}

static const struct {
    const char *name, *prefix;
} kinds[ASSET_KINDS] = {
    [ASSET_VIDEO] = {"video", "m"  },
    [ASSET_AUDIO] = {"audio", "a"  },
    [ASSET_IMAGE] = {"image", "img"},
};

const char *asset_kind_name(enum asset_kind kind)
{
    return kinds[kind].name;
}

const char *asset_kind_prefix(enum asset_kind kind)
{
    return kinds[kind].prefix;
}

struct asset *asset_new(void)
{
    struct counted_asset *counted = NEW(struct counted_asset);
    atomic_init(&counted->references, 1);
    return &counted->asset;
}

static struct counted_asset *counted_of(const struct asset *a)
{
    // The snapshot is the first member of its counted allocation.
    return (struct counted_asset *)(uintptr_t)a;
}

struct asset *asset_namesake(const struct asset *a)
{
    struct asset *same = asset_new();
    same->name = mem_text(a->name);
    same->description = mem_text(a->description);
    same->metadata = mem_text(a->metadata);
    same->filename = mem_text(a->filename);
    same->collection = mem_text(a->collection);
    return same;
}

struct asset *asset_ref(const struct asset *a)
{
    struct counted_asset *counted = counted_of(a);
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return &counted->asset;
}

void asset_unref(const struct asset *a)
{
    if (!a)
        return;
    struct counted_asset *counted = counted_of(a);
    if (atomic_fetch_sub_explicit(&counted->references, 1,
                                  memory_order_acq_rel) != 1)
        return;
    free(counted->asset.name);
    free(counted->asset.description);
    free(counted->asset.metadata);
    free(counted->asset.filename);
    free(counted->asset.collection);
    free(counted->asset.error_code);
    free(counted->asset.error_detail);
    plan_free(counted->asset.plan);
    free(counted);
}

int asset_rendition(const struct asset *a, struct str name)
{
    for (uint32_t i = 0; i < a->renditions; i++)
        if (str_eq(str_of(a->rendition[i].name), name))
            return (int)i;
    return -1;
}

// Silence is no sound of its own.
int asset_main_audio(const struct asset *a)
{
    for (uint32_t i = 0; i < a->renditions; i++)
        if (a->rendition[i].recipe.kind == TRACK_AUDIO &&
            a->rendition[i].recipe.stream >= 0)
            return (int)i;
    return -1;
}

static enum err segment_borders(const struct asset *a,
                                const struct rendition *r, uint32_t number,
                                int64_t *border, uint32_t *ret_count)
{
    const struct plan *p = a->plan;
    if (number >= p->segments)
        return fail(ERR_NOT_FOUND, "%s has no segment %u", r->name, number);
    if (r->audio >= 0) {
        int64_t count;
        plan_audio_range(p, (uint32_t)r->audio, number, &border[0], &count);
        border[1] = border[0] + count;
        *ret_count = 2;
        return OK;
    }
    uint32_t first = p->segment_gop[number];
    uint32_t end = p->segment_gop[number + 1];
    if (r->recipe.mode == RECIPE_COPY) {
        border[0] = p->gop_border[first];
        border[1] = p->gop_border[end];
        *ret_count = 2;
        return OK;
    }
    if (end - first + 1 > ASSET_BORDERS_MAX)
        return fail(ERR_TOO_LARGE, "segment %u has %u GOPs", number,
                    end - first);
    memcpy(border, p->gop_border + first, (end - first + 1) * sizeof *border);
    *ret_count = end - first + 1;
    return OK;
}

// An I-frame stands for its GOP. A copied rendition has IDRs at the borders of
// segments alone, so its picture stands for the whole segment.
static enum err iframe_borders(const struct asset *a, const struct rendition *r,
                               uint32_t gop, int64_t *border,
                               uint32_t *ret_count)
{
    const struct plan *p = a->plan;
    if (r->audio >= 0 || gop >= p->gops)
        return fail(ERR_NOT_FOUND, "%s has no I-frame %u", r->name, gop);
    uint32_t end = gop + 1;
    if (r->recipe.mode == RECIPE_COPY) {
        uint32_t segment = plan_segment_at(p, p->gop_border[gop]);
        if (p->segment_gop[segment] != gop)
            return fail(ERR_NOT_FOUND, "%s has no I-frame %u", r->name, gop);
        end = p->segment_gop[segment + 1];
    }
    border[0] = p->gop_border[gop];
    border[1] = p->gop_border[end];
    *ret_count = 2;
    return OK;
}

enum err asset_edge_maker(const struct asset *a, uint32_t r, uint32_t *ret)
{
    const struct rendition *own = &a->rendition[r];
    *ret = r;
    if (own->audio >= 0 || own->recipe.mode != RECIPE_COPY)
        return OK;
    // Its recipe is that of its edges but for the mode (ladder.c).
    for (uint32_t i = 0; i < a->renditions && own->recipe.sizes > 0; i++) {
        const struct rendition *other = &a->rendition[i];
        *ret = i;
        if (other->audio < 0 && other->recipe.mode == RECIPE_ENCODE &&
            other->width == own->width && other->height == own->height &&
            other->recipe.cap_bps == own->recipe.cap_bps)
            return OK;
    }
    return fail(ERR_UNSUPPORTED, "an edge of %s cannot be copied", own->name);
}

enum err asset_piece_borders(const struct asset *a, uint32_t r,
                             enum piece_kind kind, uint32_t number,
                             int64_t *border, uint32_t *ret_count)
{
    const struct rendition *rendition = &a->rendition[r];
    switch (kind) {
    case PIECE_INIT:
        *ret_count = 0;
        return OK;
    case PIECE_SEGMENT:
    case PIECE_TS:
        return segment_borders(a, rendition, number, border, ret_count);
    case PIECE_IFRAME:
        return iframe_borders(a, rendition, number, border, ret_count);
    case PIECE_EDGE:
    case PIECE_IMAGE:
    case PIECE_DOWNLOAD:
    case PIECE_KINDS:
        break;
    }
    return fail(ERR_NOT_FOUND, "no such kind of piece");
}

static enum err ts_key(const struct asset *a, uint32_t r, uint32_t number,
                       struct digest *ret)
{
    struct digest own, sound;
    TRY(asset_piece_key(a, r, PIECE_SEGMENT, number, &own));
    int audio = asset_main_audio(a);
    bool is_muxed = a->rendition[r].audio < 0 && audio >= 0;
    if (is_muxed)
        TRY(asset_piece_key(a, (uint32_t)audio, PIECE_SEGMENT, number, &sound));
    *ret = piece_key_ts(&own, is_muxed ? &sound : NULL, number);
    return OK;
}

enum err asset_piece_key(const struct asset *a, uint32_t r,
                         enum piece_kind kind, uint32_t number,
                         struct digest *ret)
{
    if (kind == PIECE_TS)
        return ts_key(a, r, number, ret);
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    TRY(asset_piece_borders(a, r, kind, number, border, &count));
    *ret = piece_key(&a->source, &a->recipe[r], kind, border, count);
    return OK;
}
