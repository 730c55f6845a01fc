// SPDX-License-Identifier: MIT
// streams.h - what plays, out of what clients say should.
//
// Threads: the pool.
#pragma once

#include "reeld/model/timeline.h"

#include "errand.h"

// Appends a range; the sentence of ERR_BAD_INPUT says which clip it is.
must_check enum err streams_add(struct timeline *t, const struct asset *asset,
                                int64_t start_us, int64_t end_us);
// The bodies of /compile and /timeline. ERR_BAD_INPUT, ERR_NOT_FOUND;
// ERR_UNSUPPORTED names what is not built; ERR_TOO_LARGE.
must_check enum err streams_read_shots(struct videodb *v, const json_t *body,
                                       struct timeline *t);
must_check enum err streams_read_inline(struct videodb *v, const json_t *body,
                                        struct timeline *t);
// Stores the timeline as a stream and answers with its addresses; takes it.
void streams_put(struct errand *e, struct timeline *t);
// `result` of reading a timeline: ERR_UNSUPPORTED is what is not built.
void streams_answer(struct errand *e, enum err result, struct timeline *t);
