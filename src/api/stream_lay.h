// SPDX-License-Identifier: MIT
// stream_lay.h - streams between JSON, the catalog's text and timelines.
//
// Threads: any.
#pragma once

#include "reeld/api/fields.h"
#include "reeld/catalog/streams.h"
#include "reeld/model/timeline.h"

#include "room.h"

// Field "clips" and "snap" of the body. What is wrong is noted in f->faults,
// with pointers like "/clips/3/start"; a failure is the catalog's.
must_check enum err stream_read_clips(struct api *a, struct fields *f,
                                      struct timeline *to);
// Fills in id, duration_us, clip_count and clips.
must_check enum err stream_of_timeline(const struct timeline *t,
                                       struct stream *ret);
// ERR_NOT_FOUND: an asset is gone; the sentence names clip and asset.
must_check enum err stream_timeline(struct api *a, const struct stream *s,
                                    struct timeline **ret);
