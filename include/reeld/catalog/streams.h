// SPDX-License-Identifier: MIT
// streams.h - stored streams: which clips of which assets play in a row.
//
// Threads: readers any; functions under "changes" not on HTTP threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"
#include "reeld/model/timeline.h"

struct stream {
    struct id id; // from a hash of `clips`
    char name[ASSET_NAME_BYTES];
    int64_t created_us, duration_us;
    uint32_t clip_count;
    bool has_pictures; // an asset of it has
    char *clips;       // heap: "{asset} {from} {to}\n" for each, or "gap 0
                       // {ticks}\n"; NULL in lists
};
void stream_done(struct stream *s);
// In place, like struct buf.
static inline void scoped_release_stream(struct stream *held)
{
    stream_done(held);
}

// ERR_NOT_FOUND. Release with stream_done().
must_check enum err catalog_stream(struct catalog *c, const struct id *id,
                                   struct stream *ret);
// Newest first, behind the one that `after` names ("": from the beginning), at
// most `limit`, without their clips.
must_check enum err catalog_list_streams(struct catalog *c, struct str after,
                                         uint32_t limit, struct stream *ret,
                                         uint32_t *ret_count, bool *ret_more);

// Fills in all but name and birth.
must_check enum err stream_of_timeline(const struct timeline *t,
                                       struct stream *ret);
// Back again; gaps are made by the workers' `build`. ERR_NOT_FOUND: an asset is
// gone; the sentence names clip and asset.
must_check enum err stream_timeline(struct catalog *c, const struct stream *s,
                                    const char *build, struct timeline **ret);

// ---- changes ---------------------------------------------------------------

// One of the same id takes the name and keeps its birth, which `s` is given.
must_check enum err catalog_put_stream(struct catalog *c, struct stream *s);
must_check enum err catalog_remove_stream(struct catalog *c,
                                          const struct id *id);
