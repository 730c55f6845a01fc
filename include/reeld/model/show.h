// SPDX-License-Identifier: MIT
// show.h - what a timeline offers to choose from, and what serves it.
//
// A *rung* of a show is what a player chooses; over each asset one rendition
// *serves* it: the asset's own or one that stands in (stand_in.h).
//
//   rung         of a film    of a small film   of a song
//   720p         720p         480p              black, 1280x720
//   480p         480p         480p              black, 854x480
//   audio-128k   its sound    silence           its sound, at 48 kHz
//
//   an asset by itself   its renditions as they are
//   clips of one asset   the same; where a border cuts `source` and nobody
//                        makes its edges, the standby in its place
//   of several assets    the encoded rungs of the largest picture, and one
//                        kind of sound
//
// Threads: any; pure. A show is not changed once it is made.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/model/asset.h"
#include "reeld/model/piece.h"
#include "reeld/model/timeline.h"

struct show_rung {
    const char *name; // a part of URLs
    bool is_audio;
    uint32_t track; // of sound: 0 for the main one and what is like it
};

struct show_server {
    const struct rendition *rendition;
    int32_t own; // its index in the asset; -1: it stands in
};

struct show {
    bool is_asset;   // an asset by itself
    uint32_t videos; // so many rungs of pictures come first, best first
    uint32_t rungs;  // > 0
    struct show_rung rung[RENDITIONS_MAX];
    // Each once, in the order in which the timeline plays them first. Lent by
    // whoever made the show, as are the renditions.
    uint32_t assets;
    const struct asset **asset;
    uint32_t *first_clip;       // of each asset: where it is played first
    uint32_t *clip_asset;       // of each clip of the timeline; NULL: all 0
    struct show_server *server; // assets * rungs; see show_server()
    struct rendition *stand_in;
};

// `a` is READY and outlives the show.
struct show *show_of_asset(const struct asset *a);
// The timeline outlives the show. ERR_UNSUPPORTED: an asset of it has pictures
// but none that could be cut or joined with others, or it has nothing but gaps.
must_check enum err show_of_timeline(const struct timeline *t,
                                     struct show **ret);
void show_free(struct show *s);
DEFINE_SCOPED(show, struct show *, show_free)

// The rung of that name, or -1.
int show_find(const struct show *s, struct str name);
// What serves a rung over asset[asset].
const struct show_server *show_server(const struct show *s, uint32_t asset,
                                      uint32_t rung);
uint32_t show_clip_asset(const struct show *s, uint32_t clip);
// The rung of pictures that players begin with, if there is one: playlists list
// it first, and it is made first. The one declared nearest to 2 Mbit/s
// (HLS-34); what is measured does not move it.
uint32_t show_first_video(const struct show *s);
// A rung has an MPEG-TS view: pictures, with the main sound in it, or sound
// where there are no pictures.
bool show_has_ts(const struct show *s, uint32_t rung);

// Segment `segment` of clip `clip` of the timeline that the show was made of
// (any for an INIT). ERR_NOT_FOUND, ERR_UNSUPPORTED as in piece.h.
must_check enum err show_piece(const struct show *s, const struct timeline *t,
                               uint32_t clip, uint32_t rung,
                               enum piece_kind kind, uint32_t segment,
                               struct piece *ret);
