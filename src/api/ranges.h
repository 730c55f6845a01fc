// SPDX-License-Identifier: MIT
// ranges.h - the parameter ?t=: ranges of an asset, told by whoever asks.
//
// Threads: the request's.
#pragma once

#include "reeld/model/asset.h"
#include "reeld/play.h"

#include "room.h"

// The show of all its ?t=, in order. Answers 400 naming the one that is wrong,
// or 404 where the asset is not READY, and returns false.
bool ranges_open(struct http_request *r, const struct asset *asset,
                 const struct play_show **ret);
