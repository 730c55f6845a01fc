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

// What the facts are for.
enum facts_use { FACTS_HLS, FACTS_HLS_TS, FACTS_DASH };

// What one gathering works on.
struct facts_source {
    const struct play_show *show;
    enum facts_use use;
    int64_t target_us;
    struct source_rates made; // of an asset by itself
    // GOPs in a thousand seconds of the edge that has most of them.
    int64_t edge_gops;
};
// ERR_IO. scoped(facts_source) struct facts_source f = {0}; is released in
// place.
must_check enum err facts_begin(struct catalog *c, const struct play_show *s,
                                enum facts_use use, struct facts_source *ret);
static inline void scoped_release_facts_source(struct facts_source *held)
{
    source_rates_done(&held->made);
}

// Of asset[asset] of the show alone.
void facts_of_asset(const struct facts_source *source, uint32_t asset,
                    struct facts *ret);
// Of all of them together: what is true of each rung from end to end.
void facts_of_show(const struct facts_source *source, struct facts *ret);
