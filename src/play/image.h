// SPDX-License-Identifier: MIT
// image.h - thumbnails, previews and storyboards of shows.
#pragma once

#include "play_show.h"

// ERR_NOT_FOUND: the show has no pictures, or no such sheet.
must_check enum err play_image_check(const struct play_show *s,
                                     const struct play_path *p);
// What a path of an image names; ERR_NOT_FOUND likewise.
must_check enum err play_image_piece(const struct play_show *s,
                                     const struct play_path *p,
                                     struct piece *ret);
// ERR_TOO_LARGE when `out` is full.
must_check enum err play_write_storyboard(const struct play_show *s,
                                          const char *base, struct buf *out);
