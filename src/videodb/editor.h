// SPDX-License-Identifier: MIT
// editor.h - the editor's timeline as a row of clips.
//
// Threads: the pool.
#pragma once

#include <jansson.h>

#include "reeld/model/timeline.h"

#include "room.h"

// Lays the clips of all tracks out, by time. ERR_BAD_INPUT, ERR_NOT_FOUND;
// ERR_UNSUPPORTED names what is not built; ERR_TOO_LARGE.
must_check enum err editor_read(struct videodb *v, const json_t *timeline,
                                struct timeline *t);
