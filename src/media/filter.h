// SPDX-License-Identifier: MIT
// filter.h - one libavfilter graph, described by text, one picture in and out.
//
// Threads: one at a time a struct filter; it starts none.
#pragma once

#include "av.h"
#include "colour.h"

struct filter; // a graph fitted to pictures of one size, format and colour

// What a source picture becomes: deinterlaced, cropped, scaled to the first
// size of the recipe's chain, tone-mapped, turned. Where the picture turns on
// its side the scaling comes before it all the same: a small picture is turned
// faster.
must_check enum err filter_open_head(const struct recipe *r,
                                     const AVFrame *like, uint32_t timescale,
                                     struct filter **ret);
// One step down the chain, from our own pictures of size `from`.
must_check enum err filter_open_step(struct recipe_size from,
                                     struct recipe_size to, uint32_t timescale,
                                     struct filter **ret);
// Our own pictures in the colours of image files: BT.601, of full range for
// JPEG (JFIF 1.02) and limited for WebP (RFC 6386 section 9.2), chroma in the
// middle of four samples.
must_check enum err filter_open_file(struct recipe_size size,
                                     enum image_format format,
                                     uint32_t timescale, struct filter **ret);
void filter_free(struct filter *f);
DEFINE_SCOPED(filter, struct filter *, filter_free)

// True when a picture like `f` may be pushed without opening another filter.
bool filter_fits(const struct filter *filter, const AVFrame *f);

// Frames have pts in ticks of the timescale. `frame` is taken over; NULL: the
// end, whatever was held back comes out.
must_check enum err filter_push(struct filter *filter, AVFrame *frame);
// ERR_NOT_FOUND: nothing until more is pushed. The frame is the caller's.
must_check enum err filter_pull(struct filter *filter, AVFrame **ret);
