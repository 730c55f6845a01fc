// SPDX-License-Identifier: MIT
// maker.c - assets that need no probe.
#include "reeld/jobs/maker.h"

#include <string.h>

#include "crew.h"
#include "reeld/base/log.h"

void jobs_maker_of(struct jobs *j, struct jobs_maker *ret)
{
    struct jobs_counts counts = jobs_counts(j);
    memcpy(ret->build, counts.build, sizeof ret->build);
    ret->ladder_wish = j->options.ladder_wish;
    ret->ladder_in_background = j->options.ladder_in_background;
}

enum err jobs_reframe(const struct jobs_maker *m, struct catalog *c,
                      const struct asset *parent,
                      const struct asset_reframe *wish, struct asset *child)
{
    TRY(reframe_lay(parent, wish, &m->ladder_wish, child));
    // Of a shape only what a timeline shows is ever played.
    bool with_ladder = m->ladder_in_background && !wish->is_shape;
    TRY(catalog_add_reframed(c, child, m->build, with_ladder));
    log_info("asset.reframed id=%s of=%s renditions=%u segments=%u",
             child->id.text, parent->id.text, child->renditions,
             child->plan->segments);
    return OK;
}
