// SPDX-License-Identifier: MIT
// encoder.h - one GOP of one rung: pictures in, one CMAF fragment out.
//
// Threads: one at a time a struct encoder; it starts none.
#pragma once

#include "av.h"
#include "reeld/base/buf.h"
#include "reeld/model/recipe.h"

struct encoder;

// For a GOP that is shown so long; 0: for one picture of an I-frame list.
must_check enum err encoder_open(const struct recipe *r, uint32_t timescale,
                                 int64_t duration_us, struct encoder **ret);
void encoder_free(struct encoder *e);
DEFINE_SCOPED(encoder, struct encoder *, encoder_free)

// The avcC record, the same for every GOP of a recipe. Valid as long as `e`.
struct str encoder_avcc(const struct encoder *e);

// One picture, yuv420p of the rung's size; pts in ticks, rising. Lent.
must_check enum err encoder_push(struct encoder *e, const AVFrame *picture);
// Ends the encoding and appends the fragment, shown for [from, to).
must_check enum err encoder_finish(struct encoder *e, int64_t from, int64_t to,
                                   struct buf *out);
