// SPDX-License-Identifier: MIT
// make_video.c - encoded video: one decode, one chain of filters, many GOPs.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "gops.h"
#include "make.h"
#include "reader.h"
#include "reeld/base/mem.h"

// One attempt at a range.
struct attempt {
    struct make *make;
    const struct wire_make *ask;
    struct gops_rung rung[WIRE_OUTPUTS_MAX];
    const struct recipe *recipe[WIRE_OUTPUTS_MAX];
    size_t rungs;
    bool is_iframes; // nothing but the first picture is wanted ...
    int frames_left; // ... for which this many are still to be read
    struct reader **reader;
    struct chain *chain;
    struct gops *gops;
    uint32_t gop;   // being filled
    bool has_frame; // in this GOP
    int64_t newest; // ticks of its last one
    enum reader_start start;
};

static void collect_rungs(struct attempt *a)
{
    a->is_iframes = true;
    for (uint32_t i = 0; i < a->ask->outputs; i++) {
        const struct wire_output *o = &a->ask->output[i];
        if (o->recipe.kind != TRACK_VIDEO || o->recipe.mode != RECIPE_ENCODE ||
            o->recipe.stream < 0 || o->kind == PIECE_INIT)
            continue;
        a->rung[a->rungs] = (struct gops_rung){
            &o->recipe, o->kind == PIECE_IFRAME, &a->make->out[i]};
        a->recipe[a->rungs++] = &o->recipe;
        a->is_iframes = a->is_iframes && o->kind == PIECE_IFRAME;
    }
}

static enum err sink(void *self, size_t rung, AVFrame *picture)
{
    struct attempt *a = self;
    return gops_push(a->gops, rung, picture);
}

// Something has to be shown where a manifest promises a picture. Black and not
// the picture before: that may lie in a range of which this one knows nothing.
static enum err fill_with_black(struct attempt *a)
{
    if (a->is_iframes && a->gop > 0)
        return OK;
    int64_t from = a->ask->border[a->gop];
    snprintf(a->make->note, sizeof a->make->note,
             "no picture could be decoded from %" PRId64 " on", from);
    for (size_t i = 0; i < a->rungs; i++) {
        const struct recipe *r = a->recipe[i];
        scoped(av_frame) AVFrame *f = NULL;
        TRY(chain_black(r->size[r->sizes - 1], &f));
        f->pts = from;
        TRY(gops_push(a->gops, i, take(f)));
    }
    return OK;
}

static enum err end_gop(struct attempt *a, const AVFrame *next)
{
    TRY(chain_end_gop(a->chain, next));
    if (!a->has_frame)
        TRY(fill_with_black(a));
    gops_close(a->gops);
    a->gop++;
    a->has_frame = false;
    return OK;
}

// Times rise inside a GOP and begin at its border, whatever the file says.
// False: there is no room left for this frame.
static bool place(struct attempt *a, int64_t *ticks)
{
    int64_t from = a->ask->border[a->gop];
    if (!a->has_frame)
        *ticks = from;
    else if (*ticks <= a->newest)
        *ticks = a->newest + 1;
    if (*ticks >= a->ask->border[a->gop + 1])
        return false;
    a->newest = *ticks;
    a->has_frame = true;
    return true;
}

static enum err add_frame(struct attempt *a, AVFrame *frame, int64_t ticks)
{
    scoped(av_frame) AVFrame *f = frame;
    f->pts = ticks;
    while (ticks >= a->ask->border[a->gop + 1])
        TRY(end_gop(a, f));
    if (!place(a, &ticks))
        return OK;
    f->pts = ticks;
    return chain_push(a->chain, take(f));
}

static enum err read_frames(struct attempt *a)
{
    for (;;) {
        AVFrame *f = NULL;
        int64_t ticks = 0;
        enum err result = reader_next(*a->reader, &f, &ticks);
        if (result == ERR_NOT_FOUND)
            return OK;
        TRY(result);
        TRY(add_frame(a, f, ticks));
        if (a->is_iframes && --a->frames_left == 0)
            return OK;
        if (a->start != READER_STRICT && reader_is_damaged(*a->reader))
            return OK; // the caller sees it as well
    }
}

static enum err run_attempt(struct attempt *a, enum reader_start start)
{
    TRY(reader_begin(a->reader, a->make->source, a->ask, a->recipe[0]->stream,
                     start));
    a->start = start;
    a->gop = 0;
    a->has_frame = false;
    // Deinterlacing looks at the next one.
    a->frames_left = a->recipe[0]->deinterlace ? 2 : 1;
    a->make->note[0] = '\0';
    scoped(gops) struct gops *gops = gops_new(a->ask, a->rung, a->rungs);
    scoped(chain) struct chain *chain =
        chain_new(a->recipe, a->rungs, a->ask->timescale, sink, a);
    a->gops = gops;
    a->chain = chain;
    TRY(read_frames(a));
    a->make->frames += reader_frames(*a->reader);
    if (start != READER_STRICT && reader_is_damaged(*a->reader))
        return OK;
    scoped(av_frame) AVFrame *next = reader_behind(*a->reader);
    while (a->gop + 1 < a->ask->borders)
        TRY(end_gop(a, next));
    return gops_finish(gops);
}

static enum err make_all(struct attempt *a)
{
    assert(a->rungs > 0);
    bool may_go_on = reader_may_go_on(*a->reader, a->ask, a->recipe[0]->stream);
    enum reader_start start = may_go_on ? READER_ROW : READER_COLD;
    TRY(run_attempt(a, start));
    if (!reader_is_damaged(*a->reader))
        return OK;
    return run_attempt(a, READER_STRICT);
}

static void reader_drop(struct reader *r)
{
    reader_free(r);
}
DEFINE_SCOPED(reader, struct reader *, reader_drop)

enum err make_encoded_video(struct make *m)
{
    struct attempt a = {.make = m, .ask = m->ask};
    collect_rungs(&a);
    // A single picture must not lead the kept decoder away from where
    // somebody watches.
    scoped(reader) struct reader *own = NULL;
    a.reader = a.is_iframes ? &own : &m->source->reader;
    enum err result = make_all(&a);
    if (result != OK)
        reader_free(take(*a.reader)); // nobody knows where it stands
    return result;
}
