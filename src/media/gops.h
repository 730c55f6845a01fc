// SPDX-License-Identifier: MIT
// gops.h - threads that encode the GOPs of one range side by side.
//
//   one thread decodes and filters         some threads encode
//
//     frames -> chain -> gops_push() -> | GOP 0 queue | -> encoders of GOP 0
//                        gops_close()   | GOP 1 queue | -> encoders of GOP 1
//
// GOPs are filled one after the other and taken in the same order, so the one
// being filled always comes to a thread: waiting for room cannot last for ever.
//
// Threads: gops_push(), gops_close() and the rest from one thread.
#pragma once

#include "av.h"
#include "reeld/base/buf.h"
#include "reeld/wire.h"

struct gops;

struct gops_rung {
    const struct recipe *recipe;
    bool is_iframe;  // only the first picture, shown for the whole range
    struct buf *out; // receives the fragments
};

// `rung` and what it points at outlive the gops.
struct gops *gops_new(const struct wire_make *ask, const struct gops_rung *rung,
                      size_t rungs);
// Ends the threads, whatever they were doing.
void gops_free(struct gops *g);
DEFINE_SCOPED(gops, struct gops *, gops_free)

// One picture for the GOP that is being filled; taken over. May wait for room.
// Fails with what went wrong in another thread.
must_check enum err gops_push(struct gops *g, size_t rung, AVFrame *picture);
// The GOP has all its pictures; the next one is filled from now on.
void gops_close(struct gops *g);
// Waits for all GOPs, all closed, and appends their fragments.
must_check enum err gops_finish(struct gops *g);
