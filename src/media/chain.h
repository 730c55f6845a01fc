// SPDX-License-Identifier: MIT
// chain.h - from one source picture to the pictures of all rungs.
//
//   source -> head -> 1080p -> 720p -> 480p -> 360p
//                       |               |
//                     rung 0          rung 1
//
// Each size comes from the one above, whether somebody wants that one or not:
// so a rung's picture is the same made alone or together with others.
//
// Threads: one at a time a struct chain.
#pragma once

#include "av.h"
#include "reeld/model/recipe.h"

enum { CHAIN_RUNGS_MAX = 32 };

struct chain;

// Receives a picture of a rung, which becomes its own.
typedef enum err chain_sink(void *self, size_t rung, AVFrame *picture);

// `recipe` has `rungs` entries, which outlive the chain.
struct chain *chain_new(const struct recipe *const *recipe, size_t rungs,
                        uint32_t timescale, chain_sink *sink, void *self);
void chain_free(struct chain *c);
DEFINE_SCOPED(chain, struct chain *, chain_free)

// One decoded frame, pts in rising ticks; taken over.
must_check enum err chain_push(struct chain *c, AVFrame *frame);
// The GOP ends: what was held back comes out, nothing carries over. `next`: the
// frame shown behind it, with its pts, or NULL; not shown, but deinterlacing
// looks at it. Else the GOP's last picture would be taken for one that stands
// still, and a GOP of a single picture come out combed.
must_check enum err chain_end_gop(struct chain *c, const AVFrame *next);
// A black picture, for a GOP of which nothing can be decoded.
must_check enum err chain_black(struct recipe_size size, AVFrame **ret);
