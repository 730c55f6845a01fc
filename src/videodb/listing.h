// SPDX-License-Identifier: MIT
// listing.h - all assets of one kind that are ready, newest first.
//
// Threads: any.
#pragma once

#include "reeld/api/json_out.h"

#include "room.h"

struct listing {
    struct videodb *v;
    enum asset_kind kind;
    struct str collection; // empty: of all
    struct str frame_of;   // images out of this video alone; empty: any
    const char *origin;
    struct json_out *j;
};
// Writes them as items of the list that is open. ERR_IO.
must_check enum err listing_write(const struct listing *l);
