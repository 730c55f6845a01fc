// SPDX-License-Identifier: MIT
// timelines.h - what the readers of timelines share.
#pragma once

#include "reeld/videodb/timelines.h"

// Appends a range; the sentence of ERR_BAD_INPUT says which clip it is.
must_check enum err timelines_add(struct timeline *t, const struct asset *asset,
                                  int64_t start_us, int64_t end_us);
