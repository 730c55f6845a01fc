// SPDX-License-Identifier: MIT
// plan_runs.c - folds the times of pictures into runs, GOP by GOP.
//
// A constant frame rate takes one run a GOP; the jitter of a container that
// rounds to milliseconds takes one every few pictures.
#include "plan_runs.h"

#include <stdlib.h>

#include "reeld/base/mem.h"

struct fold {
    struct plan *plan;
    size_t runs, capacity;
    uint32_t first; // run of the GOP under way
};

static void add_step(struct fold *f, int64_t step)
{
    struct plan *p = f->plan;
    if (f->runs > f->first && p->run[f->runs - 1].step == step) {
        p->run[f->runs - 1].count++;
        return;
    }
    struct plan_run run = {step, 1};
    PUSH(p->run, f->runs, f->capacity, run);
}

enum err plan_add_runs(struct plan *p, const struct plan_frame *frames,
                       size_t count)
{
    struct fold f = {.plan = p};
    size_t i = 0;
    free(p->run);
    free(p->gop_run);
    p->run = NULL;
    p->gop_run = NEW_ARRAY((size_t)p->gops + 1, uint32_t);
    for (uint32_t g = 0; g < p->gops; g++) {
        int64_t at = p->gop_border[g], end = p->gop_border[g + 1];
        f.first = p->gop_run[g] = (uint32_t)f.runs;
        while (i < count && frames[i].ticks <= at)
            i++;
        for (; i < count && frames[i].ticks < end; i++) {
            if (!frames[i].is_shown)
                continue;
            add_step(&f, frames[i].ticks - at);
            at = frames[i].ticks;
        }
        add_step(&f, end - at);
        if (f.runs > PLAN_RUNS_MAX)
            return fail(ERR_TOO_LARGE, "more than %d changes of frame rate",
                        PLAN_RUNS_MAX);
    }
    p->gop_run[p->gops] = p->runs = (uint32_t)f.runs;
    return OK;
}
