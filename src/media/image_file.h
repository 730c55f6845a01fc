// SPDX-License-Identifier: MIT
// image_file.h - pictures in, a JPEG or WebP file out.
//
// Threads: one at a time a struct image_file; it starts none, as what encoders
// write may depend on how many they have.
#pragma once

#include "av.h"
#include "reeld/base/buf.h"
#include "reeld/model/recipe.h"

struct image_file;

// Pictures of `size` as the chain of filters gives them out.
must_check enum err image_file_open(const struct recipe_image *image,
                                    struct recipe_size size, uint32_t timescale,
                                    struct image_file **ret);
void image_file_free(struct image_file *f);
DEFINE_SCOPED(image_file, struct image_file *, image_file_free)

// `picture` is taken over; its pts, in ticks from 0 on, rise. All but MOVING
// take exactly one.
must_check enum err image_file_push(struct image_file *f, AVFrame *picture);
// Appends the file to `out`.
must_check enum err image_file_finish(struct image_file *f, struct buf *out);
