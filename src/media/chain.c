// SPDX-License-Identifier: MIT
// chain.c - from one source picture to the pictures of all rungs.
#include "chain.h"

#include <assert.h>
#include <libavutil/imgutils.h>
#include <string.h>

#include "filter.h"
#include "reeld/base/mem.h"

enum { NODES_MAX = CHAIN_RUNGS_MAX * RECIPE_CHAIN_MAX, NO_PARENT = -1 };

struct node {
    int parent; // index, NO_PARENT: a head
    struct recipe_size size;
    const struct recipe *recipe; // a head's
    uint32_t below;              // rungs whose chain runs through it
    uint32_t here;               // rungs that it is the end of
    struct filter *filter;       // NULL until a picture comes
};

struct chain_rung {
    const struct recipe *recipe;
    int64_t least_step; // ticks between two kept pictures
    bool has_kept;      // in this GOP
    int64_t kept;       // the last one's ticks
};

struct chain {
    uint32_t timescale;
    chain_sink *sink;
    void *self;
    int64_t end; // ticks of a frame that is not shown, INT64_MAX none yet
    size_t rungs;
    struct chain_rung rung[CHAIN_RUNGS_MAX];
    int nodes; // parents come before children
    struct node node[NODES_MAX];
};

void chain_free(struct chain *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->nodes; i++)
        filter_free(c->node[i].filter);
    free(c);
}

static bool same_head(const struct recipe *a, const struct recipe *b)
{
    return a->deinterlace == b->deinterlace &&
           memcmp(&a->crop, &b->crop, sizeof a->crop) == 0 &&
           a->rotation == b->rotation && a->is_mirrored == b->is_mirrored &&
           a->is_full_range == b->is_full_range && a->transfer == b->transfer;
}

static int find_node(const struct chain *c, int parent, const struct recipe *r,
                     struct recipe_size size)
{
    for (int i = 0; i < c->nodes; i++) {
        const struct node *n = &c->node[i];
        if (n->parent == parent && n->size.width == size.width &&
            n->size.height == size.height &&
            (parent != NO_PARENT || same_head(n->recipe, r)))
            return i;
    }
    return -1;
}

static void add_rung(struct chain *c, size_t rung)
{
    const struct recipe *r = c->rung[rung].recipe;
    uint32_t bit = UINT32_C(1) << rung;
    int at = NO_PARENT;
    for (int32_t i = 0; i < r->sizes; i++) {
        int found = find_node(c, at, r, r->size[i]);
        if (found < 0) {
            found = c->nodes++;
            c->node[found] =
                (struct node){.parent = at, .size = r->size[i], .recipe = r};
        }
        at = found;
        c->node[at].below |= bit;
    }
    assert(at != NO_PARENT); // a picture has one size at least
    c->node[at].here |= bit;
}

struct chain *chain_new(const struct recipe *const *recipe, size_t rungs,
                        uint32_t timescale, chain_sink *sink, void *self)
{
    struct chain *c = NEW(struct chain);
    c->timescale = timescale;
    c->end = INT64_MAX;
    c->sink = sink;
    c->self = self;
    c->rungs = rungs;
    for (size_t i = 0; i < rungs; i++) {
        const struct recipe *r = recipe[i];
        c->rung[i].recipe = r;
        // Nearer than 0.9 / cap is dropped.
        if (r->frame_rate_cap.num > 0)
            c->rung[i].least_step =
                scale_ceil((int64_t)9 * timescale, r->frame_rate_cap.den,
                           10 * r->frame_rate_cap.num);
        add_rung(c, i);
    }
    return c;
}

// The rungs that keep a picture of this time.
static uint32_t keepers(const struct chain *c, int64_t ticks)
{
    uint32_t keep = 0;
    for (size_t i = 0; i < c->rungs; i++) {
        const struct chain_rung *r = &c->rung[i];
        if (!r->has_kept || ticks - r->kept >= r->least_step)
            keep |= UINT32_C(1) << i;
    }
    return keep;
}

static void note_kept(struct chain *c, uint32_t keep, int64_t ticks)
{
    for (size_t i = 0; i < c->rungs; i++)
        if (keep >> i & 1) {
            c->rung[i].has_kept = true;
            c->rung[i].kept = ticks;
        }
}

static enum err check_size(const struct node *n, const AVFrame *f)
{
    if (f->width != n->size.width || f->height != n->size.height ||
        f->format != AV_PIX_FMT_YUV420P)
        return fail(ERR_IO, "filters made %dx%d of format %d", f->width,
                    f->height, f->format);
    return OK;
}

// Hands a picture that node `at` has made to its rungs and to the steps below.
// Goes as deep as a chain has sizes.
static enum err deliver(struct chain *c, int at, const AVFrame *f,
                        uint32_t keep)
{
    const struct node *n = &c->node[at];
    TRY(check_size(n, f));
    for (size_t i = 0; i < c->rungs; i++)
        if ((n->here & keep) >> i & 1)
            TRY(c->sink(c->self, i, av_frame_share(f)));
    for (int i = at + 1; i < c->nodes; i++) {
        struct node *child = &c->node[i];
        if (child->parent != at || !(child->below & keep))
            continue;
        if (!child->filter)
            TRY(filter_open_step(n->size, child->size, c->timescale,
                                 &child->filter));
        TRY(filter_push(child->filter, av_frame_share(f)));
        scoped(av_frame) AVFrame *smaller = NULL;
        TRY(filter_pull(child->filter, &smaller));
        TRY(deliver(c, i, smaller, keep));
    }
    return OK;
}

// All that a head has ready.
static enum err pull_head(struct chain *c, int at)
{
    struct node *n = &c->node[at];
    for (;;) {
        scoped(av_frame) AVFrame *f = NULL;
        enum err result = filter_pull(n->filter, &f);
        if (result == ERR_NOT_FOUND)
            return OK;
        TRY(result);
        if (f->pts >= c->end)
            continue;
        uint32_t keep = keepers(c, f->pts) & n->below;
        note_kept(c, keep, f->pts);
        TRY(deliver(c, at, f, keep));
    }
}

static enum err close_head(struct chain *c, int at)
{
    struct node *n = &c->node[at];
    if (!n->filter)
        return OK;
    TRY(filter_push(n->filter, NULL));
    TRY(pull_head(c, at));
    filter_free(take(n->filter));
    return OK;
}

// Shows a head what follows the GOP.
static enum err push_next(struct chain *c, int at, const AVFrame *next)
{
    struct node *n = &c->node[at];
    if (!next || !n->filter || !filter_fits(n->filter, next))
        return OK;
    TRY(filter_push(n->filter, av_frame_share(next)));
    return pull_head(c, at);
}

static enum err push_head(struct chain *c, int at, const AVFrame *frame)
{
    struct node *n = &c->node[at];
    // Deinterlacing looks at the neighbours of a picture: it gets them all.
    if (!n->recipe->deinterlace && !(keepers(c, frame->pts) & n->below))
        return OK;
    if (n->filter && !filter_fits(n->filter, frame))
        TRY(close_head(c, at));
    if (!n->filter)
        TRY(filter_open_head(n->recipe, frame, c->timescale, &n->filter));
    TRY(filter_push(n->filter, av_frame_share(frame)));
    return pull_head(c, at);
}

enum err chain_push(struct chain *c, AVFrame *frame)
{
    scoped(av_frame) AVFrame *f = frame;
    // Nothing but the picture goes on: encoders would obey picture types and
    // regions of interest of the source.
    while (f->nb_side_data > 0)
        av_frame_remove_side_data(f, f->side_data[0]->type);
    f->pict_type = AV_PICTURE_TYPE_NONE;
    for (int i = 0; i < c->nodes; i++)
        if (c->node[i].parent == NO_PARENT)
            TRY(push_head(c, i, f));
    return OK;
}

enum err chain_end_gop(struct chain *c, const AVFrame *next)
{
    c->end = next ? next->pts : INT64_MAX;
    for (int i = 0; i < c->nodes; i++) {
        if (c->node[i].parent != NO_PARENT || !c->node[i].recipe->deinterlace)
            continue;
        TRY(push_next(c, i, next));
        TRY(close_head(c, i));
    }
    c->end = INT64_MAX;
    for (size_t i = 0; i < c->rungs; i++)
        c->rung[i].has_kept = false;
    return OK;
}

enum err chain_black(struct recipe_size size, AVFrame **ret)
{
    scoped(av_frame) AVFrame *f = av_frame_new();
    f->width = size.width;
    f->height = size.height;
    f->format = AV_PIX_FMT_YUV420P;
    int got = av_frame_get_buffer(f, 0);
    if (got >= 0) {
        ptrdiff_t strides[4] = {f->linesize[0], f->linesize[1], f->linesize[2]};
        got = av_image_fill_black(f->data, strides, AV_PIX_FMT_YUV420P,
                                  AVCOL_RANGE_MPEG, f->width, f->height);
    }
    if (got < 0)
        return av_fail(got, "black picture");
    colour_tag(f);
    *ret = take(f);
    return OK;
}
