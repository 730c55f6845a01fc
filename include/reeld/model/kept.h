// SPDX-License-Identifier: MIT
// kept.h - what an asset plays when its source is dropped.
//
//   kept_piece   all that its own manifests name, the picture that stands for
//                it and its storyboard: numbered from 0 on
//   kept_next    what a timeline plays of it besides: edges, standbys, and what
//                stands in. There is no more of it than was made in time.
//
// TS pieces and downloads are made of these, and so can be at any time.
//
// Threads: any; pure.
#pragma once

#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/model/piece.h"
#include "reeld/model/show.h"

// Of an asset that is READY and no image.
uint32_t kept_pieces(const struct asset *a);
// number < kept_pieces(a); *ret as from piece_of_asset().
must_check enum err kept_piece(const struct asset *a, uint32_t number,
                               struct piece *ret);

// All zero at the beginning.
struct kept_walk {
    uint32_t clip, rung, step;
};
// Of asset[asset] of the show of `t`. ERR_NOT_FOUND behind the last one; as
// show_piece().
must_check enum err kept_next(const struct show *s, const struct timeline *t,
                              uint32_t asset, struct kept_walk *w,
                              struct piece *ret);
