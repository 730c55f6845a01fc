// SPDX-License-Identifier: MIT
// facts.h - what manifests say of an asset, gathered from model and catalog.
#pragma once

#include "reeld/catalog.h"
#include "reeld/model/asset.h"
#include "reeld/package/presentation.h"

// A presentation and what it points to. Not to be copied.
struct facts {
    struct presentation presentation;
    struct package_rendition rendition[RENDITIONS_MAX]; // in the asset's order
};

// What the facts are for: each question to the catalog costs as much as the
// text of a playlist, so none is asked in vain.
enum facts_use { FACTS_HLS, FACTS_HLS_TS, FACTS_DASH };

// ERR_IO.
must_check enum err facts_gather(struct catalog *c, const struct asset *a,
                                 enum facts_use use, struct facts *ret);

// The segments of rendition `r`. *ret_border keeps the borders; the caller
// frees it after the stretch was used.
struct stretch facts_segments(const struct asset *a, uint32_t r,
                              int64_t **ret_border);
// Its I-frames. They may be the plan's own borders, then *ret_border is NULL.
struct stretch facts_iframes(const struct asset *a, uint32_t r,
                             int64_t **ret_border);
