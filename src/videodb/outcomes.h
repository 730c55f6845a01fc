// SPDX-License-Identifier: MIT
// outcomes.h - how work ended whose asset does not tell it any more.
//
//               begin               settle
//   EXPECTED ----------> SETTLING ----------> SETTLED
//       ^                    |
//       +--------------------+  give back
//
// Work is known by the id of the asset that it makes, so the catalog tells
// nearly all. Two ends leave no trace there: a file that turned out to be of
// another kind has another id now, and one that was rejected is removed. Polls
// may be repeated, so both are remembered here for a while, in memory. What was
// not begun here is nobody's to move or remove: it is told as it is.
//
// Threads: any.
#pragma once

#include <stdbool.h>

#include "reeld/base/id.h"

enum { OUTCOME_CODE_BYTES = 32, OUTCOME_TEXT_BYTES = 300 };

enum outcome_stage { OUTCOME_EXPECTED, OUTCOME_SETTLING, OUTCOME_SETTLED };

struct outcome {
    struct id asked; // of the work
    enum outcome_stage stage;
    // SETTLED:
    struct id now; // the asset it made; "" where it failed
    char code[OUTCOME_CODE_BYTES];
    char text[OUTCOME_TEXT_BYTES];
};

struct outcomes;
struct outcomes *outcomes_new(void);
void outcomes_free(struct outcomes *o);

// The work is begun; the oldest one that is remembered may be forgotten.
void outcomes_expect(struct outcomes *o, const struct id *asked);
// False: nothing is known.
bool outcomes_find(struct outcomes *o, const struct id *asked,
                   struct outcome *ret);
// The caller is the one who brings this work to its end. False: another is, or
// it has one.
bool outcomes_begin(struct outcomes *o, const struct id *asked);
void outcomes_settle(struct outcomes *o, const struct outcome *end);
// It did not come about: whoever looks next may try.
void outcomes_give_back(struct outcomes *o, const struct id *asked);
