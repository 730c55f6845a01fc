// SPDX-License-Identifier: MIT
// maker.h - assets that need no probe: what they are made with, and making
// them.
//
// Threads: jobs_maker_of() any; a struct jobs_maker is a value, so that what
// outlives the crew (tasks of the pool) can go on with it.
#pragma once

#include <stdbool.h>

#include "reeld/base/err.h"
#include "reeld/catalog.h"
#include "reeld/jobs.h"
#include "reeld/model/reframe.h"

// The same for the life of a struct jobs.
struct jobs_maker {
    char build[RECIPE_BUILD_BYTES]; // of the workers: in all recipes
    struct ladder_wish ladder_wish;
    bool ladder_in_background;
};
void jobs_maker_of(struct jobs *j, struct jobs_maker *ret);

// Adds `child`, a part of `parent` (reframe.h), to the catalog. No media is
// touched. The caller has filled in what belongs to people: id ("m-..."), name,
// description, collection, metadata, created_us, epoch; the rest is filled in
// here. Pool only. Call jobs_look() afterwards, for the ladder. A shape gets
// none: its pieces are made when they are asked for.
//
// ERR_NOT_FOUND: the parent is gone; otherwise as reframe_lay() and the
// catalog.
must_check enum err jobs_reframe(const struct jobs_maker *m, struct catalog *c,
                                 const struct asset *parent,
                                 const struct asset_reframe *wish,
                                 struct asset *child);
