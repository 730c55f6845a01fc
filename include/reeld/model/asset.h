// SPDX-License-Identifier: MIT
// asset.h - one uploaded source file and all that is known about it.
//
// A struct asset is an immutable snapshot: the catalog gives out references,
// and a change of facts makes a new snapshot.
//
//   UPLOADING --pull--> UPLOADED --probe--> READY
//       |                   |
//       +-------------------+-------------> REJECTED
//
// Threads: any; the reference count is atomic.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/scoped.h"
#include "reeld/model/ladder.h"
#include "reeld/model/plan.h"
#include "reeld/model/track.h"

enum {
    ASSET_NAME_BYTES = 201,
    ASSET_DESCRIPTION_BYTES = 5001,
    ASSET_METADATA_BYTES = 65537,
    ASSET_FILENAME_BYTES = 256,
};

enum asset_state {
    ASSET_UPLOADING, // the bytes are on their way
    ASSET_UPLOADED,
    ASSET_READY,
    ASSET_REJECTED,
    ASSET_STATES
};
const char *asset_state_name(enum asset_state state);
bool asset_may_move(enum asset_state from, enum asset_state to);

// Until an asset is READY, what its name promises.
enum asset_kind { ASSET_VIDEO, ASSET_AUDIO, ASSET_IMAGE, ASSET_KINDS };
const char *asset_kind_name(enum asset_kind kind);   // "video"
const char *asset_kind_prefix(enum asset_kind kind); // of ids: "m" "a" "img"

// Where an asset that is a part of another one came from (reframe.h). What the
// parent is now says nothing: it may be gone.
struct asset_reframe {
    struct id asset;          // the parent; text "": the asset was uploaded
    int64_t start_us, end_us; // of the parent
    int32_t width, height;    // as asked for: a ratio or a size
    // It stands for the whole of its parent on a timeline of another shape: it
    // is there once, and goes with its parent.
    bool is_shape;
};

struct asset {
    struct id id;
    enum asset_state state;
    enum asset_kind kind;
    char *name, *description, *metadata, *filename; // metadata: JSON object
    char *collection;
    int64_t created_us;
    // What was uploaded; all zero without a source: while UPLOADING, and when
    // REJECTED as the bytes never came.
    int64_t size_bytes;
    struct digest source; // SHA-256 of the bytes and their key in the store
    int64_t source_row;   // catalog's number of the source, > 0
    // 0: the bytes are in the store. Else they were dropped then, and what was
    // made of them is all that there is (kept.h).
    int64_t source_dropped_us;
    int64_t epoch;                   // raised: all grants of the asset end
    char *error_code, *error_detail; // NULL unless rejected

    // READY only:
    struct asset_reframe reframe;
    uint32_t tracks;
    struct track track[TRACKS_MAX];
    struct plan *plan;
    uint32_t renditions;
    struct rendition rendition[RENDITIONS_MAX];
    struct digest recipe[RENDITIONS_MAX]; // hash of each rendition's recipe
    int64_t recipe_row[RENDITIONS_MAX];   // catalog's number of that recipe
};

struct asset *asset_new(void); // one reference, all zero
// One that has the texts of `a` (name, description, metadata, filename,
// collection), and nothing else of it.
struct asset *asset_namesake(const struct asset *a);
struct asset *asset_ref(const struct asset *a);
void asset_unref(const struct asset *a);
DEFINE_SCOPED(asset, const struct asset *, asset_unref)

// The rendition of that name, or -1.
int asset_rendition(const struct asset *a, struct str name);
// The main audio rendition (the first of the first audio track), or -1.
int asset_main_audio(const struct asset *a);

// Who makes what a clip's border cuts out of a segment of rendition `r`:
// itself; for a copied one, the encoded one whose pictures may stand beside its
// own. ERR_UNSUPPORTED: there is none, and it takes no part in such a clip.
must_check enum err asset_edge_maker(const struct asset *a, uint32_t r,
                                     uint32_t *ret);

// The borders that make up a piece of rendition `r` (see piece_key): for a
// video segment its GOP borders (a copied one has only from and to), for audio
// packet numbers first and end; for an IFRAME `number` counts GOPs. Returns how
// many were written to `border` (room for ASSET_BORDERS_MAX); 0 for INIT.
// ERR_NOT_FOUND when there is no such number, ERR_TOO_LARGE past the maximum.
enum { ASSET_BORDERS_MAX = 64 };
must_check enum err asset_piece_borders(const struct asset *a, uint32_t r,
                                        enum piece_kind kind, uint32_t number,
                                        int64_t *border, uint32_t *ret_count);
must_check enum err asset_piece_key(const struct asset *a, uint32_t r,
                                    enum piece_kind kind, uint32_t number,
                                    struct digest *ret);
