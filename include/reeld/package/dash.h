// SPDX-License-Identifier: MIT
// dash.h - DASH media presentation descriptions (ISO/IEC 23009-1:2022).
//
// Ids such as DASH-09 are those of the project's streaming conformance list.
//
// Threads: any; pure.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/package/presentation.h"

// What a player may keep from the Period before (DASH-14).
enum dash_follow {
    DASH_ALONE,     // nothing
    DASH_CONNECTED, // inits
    DASH_CONTINUOUS // and time runs on
};

// Tiles of thumbnails that last equally long, in sheets storyboard-{number}.jpg
// (DASH-16).
struct dash_tiles {
    int32_t columns, rows;
    int32_t width, height; // of a sheet
    uint32_t timescale;
    int64_t sheet_ticks; // that a whole sheet stands for
};

struct dash_period {
    uint32_t id;
    int64_t duration_us; // > 0
    const struct presentation *presentation;
    // One a set: all renditions of a set have the same segments (DASH-11).
    const struct stretch *video;    // NULL: sound alone
    const struct stretch *audio;    // one a track, in the presentation's order
    const char *init;               // "init.mp4", behind the rendition's name
    enum dash_follow follows;       // not of the first one
    const struct dash_tiles *tiles; // NULL: none
};

struct dash_list {
    const struct dash_period *period;
    uint32_t periods;     // > 0
    const char *base_url; // ends in a slash; "": the folder of the MPD
};

// A static MPD whose segments are {rendition}/{number}.m4s behind
// {rendition}/{init}: the files that HLS names, too (CMAF-14).
// ERR_TOO_LARGE when `out` is full, ERR_IO when libxml2 has no memory.
must_check enum err dash_write(const struct dash_list *list, struct buf *out);
