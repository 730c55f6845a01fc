// SPDX-License-Identifier: MIT
// play.h - what a player asks for: manifests as text, pieces by name and bytes.
//
// Everything that plays is a *show*: a timeline and what it offers (show.h). An
// asset is the show of a timeline of one clip. Manifests are written on each
// call, nothing is stored.
//
// Below /p/{grant}/{id}/ there are, of an asset or a stream:
//   index.m3u8  ts.m3u8 (index.m3u8?container=ts)  manifest.mpd
//   {rung}/index.m3u8  {rung}/ts.m3u8  {rung}/iframes.m3u8
//   {rung}/init.mp4       of a show of one asset
//   {rung}/init-{c}.mp4   of several: c is the first clip of each, from 0
//   {rung}/{n}.m4s  {rung}/{n}.ts   n: segment of the timeline, from 0
//   {rung}/i{n}.m4s       of an asset n counts its GOPs, else segments
//   download.mp4  download.m4a  download.mp3
// and the same of clips of an asset below t/{ranges}/, where ranges is
// from-to[,from-to...] in ticks of the asset's plan, both the time of a picture
// or the end. There is one spelling of it: the one that manifests use.
//
//   request --> play_open() --> play_parse() --+--> play_write_manifest()
//                                              +--> play_piece_of() --> jobs.h
//
// Threads: any. A show is counted and not changed once it is made.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/blob.h"
#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"
#include "reeld/model/asset.h"
#include "reeld/model/download.h"
#include "reeld/model/image.h"
#include "reeld/model/piece.h"
#include "reeld/model/show.h"
#include "reeld/model/timeline.h"
#include "reeld/play/npt.h"
#include "reeld/store.h"

// ---- shows -----------------------------------------------------------------

struct play_show;

// Of an asset by itself. ERR_NOT_FOUND: it is not READY.
must_check enum err play_show_of_asset(const struct asset *a,
                                       const struct play_show **ret);
// Of clips of READY assets: takes the timeline, in every case. ERR_BAD_INPUT:
// it has no clips. ERR_UNSUPPORTED: an asset has nothing that could be cut.
must_check enum err play_show_of_timeline(struct timeline *t,
                                          const struct play_show **ret);
// Of ranges of an asset, as ?t= has them. ERR_NOT_FOUND: it is not READY;
// ERR_BAD_INPUT, ERR_TOO_LARGE as timeline_add().
must_check enum err play_show_of_ranges(const struct asset *a,
                                        const struct npt_range *range,
                                        size_t count, enum timeline_snap snap,
                                        const struct play_show **ret);
const struct play_show *play_show_ref(const struct play_show *s);
void play_show_unref(const struct play_show *s);
DEFINE_SCOPED(play_show, const struct play_show *, play_show_unref)

const struct show *play_show_offer(const struct play_show *s);
// NULL: an asset by itself.
const struct timeline *play_show_timeline(const struct play_show *s);
int64_t play_show_duration_us(const struct play_show *s);

// "t/{ranges}/": where the manifests of a show of clips of one asset lie, seen
// from those of the asset. Nothing for an asset by itself.
void play_write_base(const struct play_show *s, struct buf *out);

// What a path below an asset is of: the asset, or the clips that its first
// parts name. *ret_rest is what follows. ERR_NOT_FOUND.
must_check enum err play_open(const struct asset *a, struct str path,
                              const struct play_show **ret,
                              struct str *ret_rest);

// ---- what a path names -----------------------------------------------------

enum play_manifest {
    PLAY_HLS_MULTIVARIANT,
    PLAY_HLS_MULTIVARIANT_TS,
    PLAY_HLS_MEDIA,
    PLAY_HLS_MEDIA_TS,
    PLAY_HLS_IFRAMES,
    PLAY_DASH,
    PLAY_STORYBOARD, // cues of WebVTT: which tile is shown when
};

// What is wished of a thumbnail or a preview.
struct play_image {
    enum image_form form;
    enum image_format format;
    int64_t at_us;       // on the show's own timeline
    int64_t duration_us; // > 0, of a preview
    int32_t width;       // see struct image_wish
};
enum {
    PLAY_PREVIEW_WIDTH = 320,
    PLAY_PREVIEW_US = 3000000,
};

struct play_path {
    bool is_manifest;
    enum play_manifest manifest;
    int rung;              // of the show; -1 for those of the whole
    enum piece_kind piece; // where !is_manifest
    uint32_t number;       // of an INIT: the clip; of a SHEET: over all assets
    struct play_image image; // of an IMAGE, with what is usual filled in
};
// `rest` is what play_open() left ("720p/3.m4s"); of a stream, what follows the
// id. ERR_NOT_FOUND for anything that the show does not have (numbers past its
// end too). `image` of a thumbnail or preview may be changed before what it
// names is asked for; its time has to lie in the show.
must_check enum err play_parse(const struct play_show *s, struct str rest,
                               bool wants_ts, struct play_path *ret);

const char *play_content_type(const struct play_show *s,
                              const struct play_path *p);

// ---- downloads -------------------------------------------------------------

// "download.mp4" .m4a .mp3: what file a path asks for. False: it is none.
bool play_parse_download(struct str rest, enum download_container *ret);
const char *play_download_type(const struct download *d); // media type
// The file of what the show plays; errors as download_new() has them.
must_check enum err play_download(const struct play_show *s,
                                  const struct download_wish *wish,
                                  const struct download **ret);
// The bytes, if it is made: a descriptor of the caller's. ERR_NOT_FOUND: ask
// jobs_want_download(). What is lost is treated as play_piece() does.
must_check enum err play_open_download(struct catalog *c, struct store *s,
                                       const struct download *d, int *ret_fd,
                                       int64_t *ret_bytes);

// ERR_GONE: a clip is of an asset whose source was dropped, and plays what was
// not made before; the sentence names it. An asset by itself always has all.
must_check enum err play_check_kept(struct catalog *c,
                                    const struct play_show *s);

// ---- manifests -------------------------------------------------------------

// Writes the manifest. `base` goes before the URIs of a multivariant playlist
// and into the BaseURL of an MPD: "" where it is asked for at its own place,
// else play_write_base() or an absolute one, ending in a slash.
//
// An asset by itself: rates are measured where every segment of a rendition is
// made, and declared bounds without an average otherwise, so the text changes
// only when catalog_generation() does. Any other show: bounds, so that it never
// changes and the catalog is not asked. ERR_NOT_FOUND, ERR_IO (catalog),
// ERR_TOO_LARGE when `out` is full, ERR_GONE as play_check_kept().
must_check enum err play_write_manifest(struct catalog *c,
                                        const struct play_show *s,
                                        const struct play_path *p,
                                        const char *base, struct buf *out);

// ---- pieces ----------------------------------------------------------------

// What a path with !is_manifest names. To be released by piece_done().
// ERR_NOT_FOUND.
must_check enum err play_piece_of(const struct play_show *s,
                                  const struct play_path *p, struct piece *ret);

// What a player is likely to ask for first, once it has the manifest: the first
// segment of the rung that it begins with, of pictures and of sound apart
// (pictures alone in MPEG-TS). Room for two, to be released by piece_done();
// returns how many there are.
uint32_t play_first_pieces(const struct play_show *s, bool wants_ts,
                           struct piece ret[static 2]);

// Read-ahead goes on inside a clip by itself (jobs.h); this is what it does not
// know of: behind the last segment of a clip, the first one of the next.
// ERR_NOT_FOUND: the path is of something else.
must_check enum err play_piece_behind_join(const struct play_show *s,
                                           const struct play_path *p,
                                           struct piece *ret);

// The bytes of a piece if it is made. ERR_NOT_FOUND: not made yet, ask
// jobs_want(). A fact whose blob is missing or of another size counts as not
// made; on a pool thread it is forgotten and the remains removed, which an HTTP
// thread must not do (GET writes no fact).
must_check enum err play_piece(struct catalog *c, struct store *s,
                               const struct piece *p, struct blob **ret);
