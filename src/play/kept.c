// SPDX-License-Identifier: MIT
// kept.c - what plays although a source was dropped: manifests name nothing
// that could not be had.
#include "play_show.h"

#include <inttypes.h>

#include "reeld/model/kept.h"

static enum err check_asset(struct catalog *c, const struct play_show *s,
                            uint32_t asset)
{
    struct kept_walk walk = {0};
    for (;;) {
        scoped(piece) struct piece p = {0};
        struct piece_fact fact;
        enum err e = kept_next(s->show, s->timeline, asset, &walk, &p);
        if (e == ERR_NOT_FOUND)
            return OK;
        TRY(e);
        uint32_t clip = walk.clip; // it stays there until its last piece
        e = catalog_piece(c, &p.key, &fact);
        if (e == ERR_NOT_FOUND)
            return fail(ERR_GONE,
                        "The source of %s was dropped; what clip %" PRIu32
                        " needs of it was not made before",
                        p.asset->id.text, clip);
        TRY(e);
    }
}

enum err play_check_kept(struct catalog *c, const struct play_show *s)
{
    for (uint32_t i = 0; s->timeline && i < s->show->assets; i++)
        if (s->show->asset[i]->source_dropped_us > 0)
            TRY(check_asset(c, s, i));
    return OK;
}
