// SPDX-License-Identifier: MIT
// make_black.c - pictures of nothing, for sound among video.
//
// Each GOP has a picture at its border and one a frame time from there on; what
// is left before the next border lasts that much less. So any range can be made
// by itself, as with real pictures.
#include "chain.h"
#include "gops.h"
#include "make.h"

static size_t collect_rungs(const struct make *m, struct gops_rung *rung,
                            bool *ret_is_iframes)
{
    size_t rungs = 0;
    *ret_is_iframes = true;
    for (uint32_t i = 0; i < m->ask->outputs; i++) {
        const struct wire_output *o = &m->ask->output[i];
        if (!make_is_black(o))
            continue;
        bool is_iframe = o->kind == PIECE_IFRAME;
        rung[rungs++] = (struct gops_rung){&o->recipe, is_iframe, &m->out[i]};
        *ret_is_iframes = *ret_is_iframes && is_iframe;
    }
    return rungs;
}

static enum err push_at(struct gops *g, size_t rung, const AVFrame *black,
                        int64_t ticks)
{
    scoped(av_frame) AVFrame *f = av_frame_share(black);
    f->pts = ticks;
    return gops_push(g, rung, take(f));
}

static enum err fill_gop(const struct wire_make *ask, struct gops *g,
                         size_t index, const struct gops_rung *rung,
                         size_t number, const AVFrame *black)
{
    struct rational rate = rung->recipe->frame_rate;
    int64_t from = ask->border[index], to = ask->border[index + 1];
    int64_t at = from;
    for (int64_t i = 1; at < to; i++) {
        TRY(push_at(g, number, black, at));
        if (rung->is_iframe)
            return OK;
        at = from + scale_ceil(i * ask->timescale, rate.den, rate.num);
    }
    return OK;
}

enum err make_black_video(struct make *m)
{
    const struct wire_make *ask = m->ask;
    struct gops_rung rung[WIRE_OUTPUTS_MAX];
    bool is_iframes;
    size_t rungs = collect_rungs(m, rung, &is_iframes);
    scoped(gops) struct gops *g = gops_new(ask, rung, rungs);
    for (uint32_t i = 0; i + 1 < ask->borders; i++) {
        for (size_t r = 0; r < rungs && (i == 0 || !is_iframes); r++) {
            const struct recipe *recipe = rung[r].recipe;
            scoped(av_frame) AVFrame *black = NULL;
            TRY(chain_black(recipe->size[recipe->sizes - 1], &black));
            TRY(fill_gop(ask, g, i, &rung[r], r, black));
        }
        gops_close(g);
    }
    return gops_finish(g);
}
