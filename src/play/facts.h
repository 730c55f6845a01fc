// SPDX-License-Identifier: MIT
// facts.h - what manifests say of a show, gathered from model and catalog.
#pragma once

#include "play_show.h"
#include "reeld/package/presentation.h"

enum { FACTS_CODECS_BYTES = 256 }; // of all levels that there are

// A presentation and what it points to. Not to be copied.
struct facts {
    struct presentation presentation;
    struct package_rendition *rendition; // of each rung
    char (*codecs)[FACTS_CODECS_BYTES];  // of each rung, where assets differ
};

void facts_done(struct facts *f);
// scoped(facts) struct facts f = {0}; is released in place.
static inline void scoped_release_facts(struct facts *held)
{
    facts_done(held);
}

// What the facts are for: each question to the catalog costs as much as the
// text of a playlist, so none is asked in vain.
enum facts_use { FACTS_HLS, FACTS_HLS_TS, FACTS_DASH };

// What one gathering works on.
struct facts_source {
    struct catalog *catalog;
    const struct play_show *show;
    enum facts_use use;
    int64_t target_us;
    // GOPs in a thousand seconds of the edge that has most of them.
    int64_t edge_gops;
};
struct facts_source facts_source(struct catalog *c, const struct play_show *s,
                                 enum facts_use use);

// Of asset[asset] of the show alone. ERR_IO.
must_check enum err facts_of_asset(const struct facts_source *source,
                                   uint32_t asset, struct facts *ret);
// Of all of them together: what is true of each rung from end to end. ERR_IO.
must_check enum err facts_of_show(const struct facts_source *source,
                                  struct facts *ret);
