// SPDX-License-Identifier: MIT
// play.h - what a player asks for: manifests as text, pieces as bytes.
//
// Everything that plays is a timeline; an asset is a timeline of one clip.
// Manifests are written from facts on each call, nothing is stored.
//
// URIs are relative to /p/{grant}/{id}/ :
//   index.m3u8  index.m3u8?container=ts  manifest.mpd
//   {rendition}/index.m3u8  {rendition}/ts.m3u8  {rendition}/iframes.m3u8
//   {rendition}/init.mp4  {rendition}/{n}.m4s  {rendition}/{n}.ts
//   {rendition}/i{n}.m4s        n: segment number from 0; i: GOP number from 0
//
// Threads: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"
#include "reeld/jobs.h"
#include "reeld/model/asset.h"
#include "reeld/model/piece.h"
#include "reeld/store.h"

enum play_manifest {
    PLAY_HLS_MULTIVARIANT,
    PLAY_HLS_MULTIVARIANT_TS,
    PLAY_HLS_MEDIA,
    PLAY_HLS_MEDIA_TS,
    PLAY_HLS_IFRAMES,
    PLAY_DASH,
};

// One resource below /p/{grant}/{id}/.
struct play_path {
    bool is_manifest;
    enum play_manifest manifest;
    int rendition;         // -1 for those of the whole asset
    enum piece_kind piece; // where !is_manifest
    uint32_t number;
};
// `path` is what follows the id ("720p/3.m4s"). ERR_NOT_FOUND for anything that
// the asset does not have (numbers past the plan too).
must_check enum err play_parse(const struct asset *a, struct str path,
                               bool wants_ts, struct play_path *ret);

// Writes the manifest. Rates are measured where every segment of a rendition is
// made, and declared bounds without an average otherwise, so the text changes
// only when catalog_generation() does. ERR_NOT_FOUND, ERR_IO (catalog),
// ERR_TOO_LARGE when `out` is full.
must_check enum err play_write_manifest(struct catalog *c,
                                        const struct asset *a,
                                        const struct play_path *p,
                                        struct buf *out);

const char *play_content_type(const struct asset *a, const struct play_path *p);

// The bytes of a piece if it is made. ERR_NOT_FOUND: not made yet, ask
// jobs_want(). A fact whose blob is missing or of another size counts as not
// made; on a pool thread it is forgotten and the remains removed, which an HTTP
// thread must not do (GET writes no fact).
must_check enum err play_piece(struct catalog *c, struct store *s,
                               const struct piece *p, struct blob **ret);
