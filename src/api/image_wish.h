// SPDX-License-Identifier: MIT
// image_wish.h - what is asked of a thumbnail or preview behind the '?'.
//
// Threads: the request's.
#pragma once

#include "reeld/play.h"

#include "room.h"

// Is the last part of the path that of an image, made or not?
bool image_is_named(struct str path);
// ?t= ?width= ?duration= over what is usual. Answers 400 naming what is wrong
// and returns false.
bool image_read_wish(struct http_request *r, const struct play_show *show,
                     struct play_image *image);
