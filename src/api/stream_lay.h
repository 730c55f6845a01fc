// SPDX-License-Identifier: MIT
// stream_lay.h - from JSON to a timeline.
//
// Threads: any.
#pragma once

#include "reeld/api/fields.h"
#include "reeld/model/timeline.h"

#include "room.h"

// Field "clips" and "snap" of the body. What is wrong is noted in f->faults,
// with pointers like "/clips/3/start"; a failure is the catalog's.
must_check enum err stream_read_clips(struct api *a, struct fields *f,
                                      struct timeline *to);
