// SPDX-License-Identifier: MIT
// play_show.h - what stands behind the door's struct play_show.
#pragma once

#include <stdatomic.h>

#include "reeld/play.h"

struct play_show {
    struct show *show;
    const struct asset *asset; // an asset by itself, else NULL
    struct timeline *timeline; // NULL: an asset by itself
    atomic_int references;
};

// The timeline of any show. That of an asset by itself takes time in proportion
// to its length and is laid only for manifests, into *ret_held.
const struct timeline *play_show_lay(const struct play_show *s,
                                     struct timeline **ret_held);
