// SPDX-License-Identifier: MIT
// recipe.h - all that decides the bytes of a rendition, and the keys of blobs.
//
// Every segment is a pure function of (source bytes, recipe, range). A recipe
// is plain values of fixed size; it travels to the worker as it is. Its text
// form, hashed, is its name.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/math.h"
#include "reeld/model/track.h"

enum {
    RECIPE_VERSION = 5, // raised when our own code path changes a byte
    // Of the parameter sets of all that is encoded: few sources use it, so that
    // theirs and ours can stand in one init.
    RECIPE_SET_ID = 7,
    RECIPE_CHAIN_MAX = 12,
    RECIPE_PRESET_BYTES = 16,
    RECIPE_BUILD_BYTES = 192,
};

enum recipe_mode {
    RECIPE_COPY,   // the source's own packets; where `sizes` is not 0, what its
                   // edges are encoded by stands here as well, and its init has
                   // the parameter sets of both
    RECIPE_ENCODE, // H.264, AAC
    RECIPE_IMAGE,  // pictures as one image file; of video, and never a rung
    RECIPE_MODES,
};

enum image_form {
    IMAGE_STILL,  // the last picture of the range
    IMAGE_MOVING, // all that the cap of the frame rate leaves of it
    IMAGE_SHEET,  // tiles: one key frame a border, row by row from the top left
    IMAGE_FORMS,
};
enum image_format { IMAGE_JPEG, IMAGE_WEBP, IMAGE_FORMATS };

struct recipe_size {
    int32_t width, height; // even, >= 2
};

// What is kept of the decoder's pictures, about their centre, before anything
// else is done to them. Of pictures of another size than `of`, as much in
// proportion. All 0: everything.
struct recipe_crop {
    struct recipe_size kept, of; // kept: even, or all of that side
};

// The part of the source that the plan covers which borders count in: ticks of
// the source's own plan; `to` 0: its end. Both 0: the plan is the source's own.
// Two parts of one source may have equal borders for other media.
struct recipe_cut {
    int64_t from, to;
};

// MOVING is of WebP alone.
struct recipe_image {
    enum image_form form;
    enum image_format format;
    int32_t quality;       // JPEG: scale of the quantiser, 2 (best) to 31;
                           // WebP: 1 to 100 (best)
    int32_t columns, rows; // SHEET: as many as IMAGE_TILES_MAX; else 1
};
enum { IMAGE_TILES_MAX = 60 };

struct recipe {
    enum track_kind kind; // TRACK_VIDEO or TRACK_AUDIO
    enum recipe_mode mode;
    int32_t stream; // of the source; -1: of none: silence or black pictures
    struct recipe_cut cut;

    // Video, encoded. Pictures come down the chain: deinterlace, crop, rotate,
    // tone-map, then scaled with lanczos from each size to the next; the last
    // size is this rung's. An image has one size, of SHEET that of a tile.
    bool deinterlace;
    struct recipe_crop crop;
    int32_t rotation; // as in struct track
    bool is_mirrored;
    bool is_full_range;
    enum track_transfer transfer;
    int32_t sizes;
    struct recipe_size size[RECIPE_CHAIN_MAX];
    struct rational frame_rate_cap; // 0/1: none. Frames nearer to the last kept
                                    // one than 0.9 / cap s are dropped
    struct rational frame_rate;     // expected, after the cap; for the encoder
    int32_t crf;
    int64_t cap_bps; // VBV maxrate; bufsize is one second of it
    int32_t level;   // H.264 level_idc times nothing: 31 is level 3.1
    char preset[RECIPE_PRESET_BYTES]; // x264: "veryfast"
    struct recipe_image image;        // RECIPE_IMAGE, and then none of these

    // Audio. Packet i starts at sample grid_origin + 1024 * i.
    int32_t sample_rate;
    int32_t channels;
    int64_t bitrate;
    int32_t grid_origin;
};

// Canonical text, one "name=value" a line, versions first. `build` names the
// libraries of the worker (its hello); copied renditions leave it out where no
// encoder touches them. What is written only where it is there (crop, cut) came
// later: recipes without it keep their hash.
void recipe_write(const struct recipe *r, const char *build, struct buf *out);
struct digest recipe_hash(const struct recipe *r, const char *build);
// Zeros, made of nothing.
struct recipe recipe_silence(int32_t sample_rate, int32_t channels,
                             int64_t bitrate);
// Black pictures of the last size and the bounds of `like`, made of nothing.
struct recipe recipe_black(const struct recipe *like, struct rational rate);
// Bounds of every field; ERR_BAD_INPUT names it.
must_check enum err recipe_check(const struct recipe *r);

// How full the VBV buffer is when a GOP of that length begins, in thousandths:
// half, and fuller where a GOP is shorter than a second. x264 wants it half
// full again behind the pictures that it sees ahead, so that out of a half full
// one a GOP of few pictures would get next to nothing.
int32_t recipe_buffer_start(int64_t duration_us);

// The CRF of a GOP of that length, in thousandths: that of the recipe, and as
// much as 6 less where a GOP is shorter than a second. x264 makes pictures
// better that many others refer to, and these with them (macroblock tree); in a
// GOP of few pictures there are not many, and an edge would be worse than the
// same pictures are in their whole GOP. At least 1 is left: 0 is lossless.
// `duration_us` 0: a picture of an I-frame list, which stays small.
int32_t recipe_crf_milli(const struct recipe *r, int64_t duration_us);

enum piece_kind {
    PIECE_INIT,     // ftyp + moov
    PIECE_SEGMENT,  // CMAF fragments of one segment
    PIECE_IFRAME,   // one IDR alone, shown for the whole GOP
    PIECE_TS,       // the MPEG-TS view of video and audio segment
    PIECE_EDGE,     // in facts alone: any of the above but an INIT that is not
                    // an asset's own, as a clip's border cuts it
    PIECE_IMAGE,    // an image file (image.h)
    PIECE_DOWNLOAD, // in facts alone: a whole file (download.h)
    PIECE_KINDS,
};
const char *piece_kind_name(enum piece_kind kind);

// The store key of a piece: SHA-256 over source, recipe hash, kind and all its
// borders (`borders` >= 2 for ranges: from, inner GOP borders, to; 0 for INIT).
struct digest piece_key(const struct digest *source,
                        const struct digest *recipe, enum piece_kind kind,
                        const int64_t *border, uint32_t borders);
// The key of a TS piece: of the CMAF pieces that it shows (audio may be NULL).
struct digest piece_key_ts(const struct digest *video_key,
                           const struct digest *audio_key, uint32_t segment);
