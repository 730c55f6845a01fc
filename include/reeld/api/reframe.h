// SPDX-License-Identifier: MIT
// reframe.h - the shape that a client wants a picture cropped to. Pure.
//
// Threads: any.
#pragma once

#include <jansson.h>

#include "reeld/model/asset.h"

// "vertical", "square", "landscape" or {"width": W, "height": H}, into the
// width and height of `to`. NULL if fine, else what is wrong, which is good
// until the next failure on this thread.
const char *reframe_read_target(const json_t *value, struct asset_reframe *to);
