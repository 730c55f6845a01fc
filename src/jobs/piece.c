// SPDX-License-Identifier: MIT
// piece.c - what is to be made, by name.
#include "flight.h"

enum err piece_init(struct piece *p, const struct asset *a, uint32_t r,
                    enum piece_kind kind, uint32_t number)
{
    if (a->state != ASSET_READY || r >= a->renditions)
        return fail(ERR_NOT_FOUND, "no rendition %u", r);
    struct digest key;
    TRY(asset_piece_key(a, r, kind, number, &key));
    *p = (struct piece){key, asset_ref(a), r, kind, number};
    return OK;
}

void piece_done(struct piece *p)
{
    asset_unref(p->asset);
    p->asset = NULL;
}

const struct rendition *piece_rendition(const struct piece *p)
{
    return &p->asset->rendition[p->rendition];
}

int64_t piece_duration_us(const struct piece *p)
{
    const struct plan *plan = p->asset->plan;
    int64_t from = 0, to = 0;
    switch (p->kind) {
    case PIECE_INIT:
    case PIECE_KINDS:
        return 0;
    case PIECE_SEGMENT:
    case PIECE_TS:
        from = plan_segment_from(plan, p->number);
        to = plan_segment_to(plan, p->number);
        break;
    case PIECE_IFRAME:
        from = plan->gop_border[p->number];
        to = plan->gop_border[p->number + 1];
        break;
    }
    return scale_round(to - from, 1000000, plan->timescale);
}
