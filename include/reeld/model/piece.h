// SPDX-License-Identifier: MIT
// piece.h - one file that a player fetches, and all that its bytes depend on.
//
//   piece_of_asset   INIT, SEGMENT, IFRAME or TS of a rendition, by number
//   piece_of_clip    the same inside a clip: the asset's own where they are
//                    whole, else an edge, which differs in its borders alone
//   piece_of_other   of a rendition that the asset does not have: what a
//                    stream of unlike assets plays (see stand_in.h)
//   piece_of_image   pictures of an asset as an image file (see image.h)
//
// A TS piece is made of one or two others, its parts.
//
// Threads: any; a struct piece is a value, its asset a counted reference.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/model/asset.h"
#include "reeld/model/timeline.h"

struct piece {
    struct digest key;
    const struct asset *asset; // NULL: no piece
    // Index of the rendition; of one that is not the asset's, of that whose
    // place it takes.
    uint32_t rendition;
    struct rendition *other; // NULL: it is the asset's
    struct digest recipe;    // hash of its recipe
    enum piece_kind kind;
    bool is_edge;     // no asset has it by itself: its fact is of PIECE_EDGE
    uint32_t number;  // the asset's own; of an edge, that of the segment of the
                      // asset in which it begins
    uint32_t borders; // as asset_piece_borders() has them; a TS has none
    int64_t border[ASSET_BORDERS_MAX];
    int64_t from, to; // media time shown, ticks of the plan; INIT: 0, 0
    // Where it is in a clip, and of which rendition there: an edge of a copied
    // one is made by another. clip_to is 0 where it is in none.
    int64_t clip_from, clip_to;
    uint32_t clip_segment, clip_rendition;
    struct piece *video, *sound; // parts of a TS, owned; NULL: none
};

// ERR_NOT_FOUND: the asset is not READY or has no such piece. *ret is to be
// released by piece_done(); after a failure it need not be.
must_check enum err piece_of_asset(const struct asset *a, uint32_t r,
                                   enum piece_kind kind, uint32_t number,
                                   struct piece *ret);
// Segment `s` of the clip (any for an INIT). An IFRAME is the first picture of
// that segment, shown for all of it. ERR_NOT_FOUND, ERR_UNSUPPORTED: an edge
// of a copied rendition that nobody makes.
must_check enum err piece_of_clip(const struct clip *c, uint32_t r,
                                  enum piece_kind kind, uint32_t s,
                                  struct piece *ret);
// INIT, SEGMENT or IFRAME. Where the asset has a rendition of the same recipe,
// that one's piece.
must_check enum err piece_of_other(const struct clip *c,
                                   const struct rendition *other,
                                   enum piece_kind kind, uint32_t s,
                                   struct piece *ret);
// What image.h makes of an asset that is READY: pictures between the borders
// (2 to ASSET_BORDERS_MAX, rising) by the recipe of `image`, which the asset
// does not have among its renditions.
void piece_of_image(const struct asset *a, const struct rendition *image,
                    const int64_t *border, uint32_t borders, struct piece *ret);
// The MPEG-TS view of two SEGMENTs of one clip and segment, or of one; copies
// them.
must_check enum err piece_of_parts(const struct piece *video,
                                   const struct piece *sound,
                                   struct piece *ret);
// The INIT that goes with a SEGMENT.
void piece_header(const struct piece *p, struct piece *ret);
// The piece that a player asks for after this one, in the asset or the clip.
// ERR_NOT_FOUND: there is none.
must_check enum err piece_next(const struct piece *p, struct piece *ret);

void piece_copy(const struct piece *p, struct piece *ret);
void piece_done(struct piece *p);
// scoped(piece) struct piece p = {0}; is released in place.
static inline void scoped_release_piece(struct piece *held)
{
    piece_done(held);
}

const struct rendition *piece_rendition(const struct piece *p);
int64_t piece_duration_us(const struct piece *p); // 0 for an INIT
// What its fact is: PIECE_EDGE for what no asset has by itself.
enum piece_kind piece_fact_kind(const struct piece *p);
