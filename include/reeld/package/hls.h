// SPDX-License-Identifier: MIT
// hls.h - HTTP Live Streaming playlists (RFC 8216, rfc8216bis).
//
// Ids such as HLS-07 are those of the project's streaming conformance list.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/package/presentation.h"

// The multivariant playlist. Its URIs are {rendition}/index.m3u8,
// {rendition}/iframes.m3u8, and {rendition}/ts.m3u8 where sound is muxed in,
// each behind `base` ("" or text that ends in a slash).
// ERR_TOO_LARGE when `out` is full.
must_check enum err hls_write_multivariant(const struct presentation *p,
                                           const char *base, struct buf *out);

enum { HLS_INIT_BYTES = 24 };

// One stretch of a playlist.
struct hls_part {
    struct stretch stretch;
    char init[HLS_INIT_BYTES]; // URI of EXT-X-MAP; "": MPEG-TS
    // Time and init go on from the part before, so there is no discontinuity.
    bool runs_on;
};

struct hls_media {
    const struct hls_part *part;
    uint32_t parts;              // > 0
    const char *prefix, *suffix; // around the number in a segment's URI
    int64_t target_seconds;      // from hls_target_seconds()
    bool is_iframes_only;
};

// The playlist of one rendition. ERR_TOO_LARGE when `out` is full.
must_check enum err hls_write_media(const struct hls_media *m, struct buf *out);

// EXT-X-TARGETDURATION for segments of at most `longest` ticks: rounded to
// nearest, at least 1 (HLS-05).
int64_t hls_target_seconds(int64_t longest, uint32_t timescale);
