// SPDX-License-Identifier: MIT
// image.h - pictures of an asset as image files: pieces like all others.
//
//   still    the picture that is shown at a time
//   moving   those of a range, about ten a second
//   sheet    many small ones, spread evenly over the asset: a storyboard
//
//   tile      |----0----|----1----|--- ... ---|---24----|---25----| ...
//   shows          ^key      ^key                  ^key      ^key
//   sheet     |------------------- 0 -------------------|------ 1 ---
//
// Nothing but these constants decides which tile is where, so that the address
// of a sheet names the same bytes for ever.
//
// Threads: any; pure.
#pragma once

#include "reeld/model/asset.h"
#include "reeld/model/piece.h"

enum {
    IMAGE_WIDTH_MIN = 16,
    IMAGE_WIDTH_MAX = 8192,
    IMAGE_RATE_CAP = 10, // pictures a second of a moving image: 8 to 10 remain
                         // of 24, 25, 30, 50 and 60
    // Storyboards: an interval of 2 to 5 s as long as a sheet is not full, or
    // as few tiles as these.
    IMAGE_TILE_SIDE = 160, // the longer one
    IMAGE_GRID_SIDE = 5,   // tiles a row, rows a sheet
    IMAGE_STORYBOARD_TILES_MAX = 500,
    // A still of which nothing is said, which stands for the asset:
    IMAGE_STILL_WIDTH = 640,
    IMAGE_PERCENT = 10, // of the duration: its time
};

// An image that is `width` wide (even, IMAGE_WIDTH_MIN to IMAGE_WIDTH_MAX), but
// never above the largest rendition.
struct image_wish {
    enum image_format format;
    int32_t width;
};

bool image_has_pictures(const struct asset *a);

// Ticks of the plan. Times have a microsecond at most: whoever asks for that of
// a picture, written with as many digits, gets it, although the picture comes a
// part of one later.
int64_t image_ticks(const struct plan *p, int64_t us);

// The picture that is shown at `at` (ticks of the plan). `black`: NULL, or what
// stands in for the pictures of an asset that has none (stand_in.h).
void image_still(const struct asset *a, const struct rendition *black,
                 const struct image_wish *wish, int64_t at, struct piece *ret);
// The one that stands for an asset that has pictures: thumbnail.jpg.
void image_poster(const struct asset *a, struct piece *ret);
// Those of [from, to), both the time of a picture (or the end).
void image_moving(const struct asset *a, const struct rendition *black,
                  const struct image_wish *wish, int64_t from, int64_t to,
                  struct piece *ret);

// The storyboard of an asset that has pictures.
struct image_board {
    uint32_t tiles, sheets; // > 0
    int64_t step;           // ticks that a tile stands for; the last one: less
    int32_t columns, rows;  // of each sheet, the last one too
    struct recipe_size tile;
};
struct image_board image_board(const struct asset *a);
// ERR_NOT_FOUND: there is no such sheet.
must_check enum err image_sheet(const struct asset *a, uint32_t sheet,
                                struct piece *ret);
