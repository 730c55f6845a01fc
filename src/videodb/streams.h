// SPDX-License-Identifier: MIT
// streams.h - what plays, out of what clients say should.
//
// Threads: the pool.
#pragma once

#include "reeld/model/timeline.h"

#include "errand.h"

// Stores the timeline as a stream and answers with its addresses; takes it.
void streams_put(struct errand *e, struct timeline *t);
// `result` of reading a timeline: ERR_UNSUPPORTED is what is not built.
void streams_answer(struct errand *e, enum err result, struct timeline *t);
