// SPDX-License-Identifier: MIT
// reader.h - the decoded frames of a video stream with their media times.
//
//   entry                from                       to
//     |--- not given out --|--------- frames ---------|
//
// Threads: one at a time a struct reader; the decoder has threads of its own.
#pragma once

#include "av.h"
#include "source.h"

struct reader;

// How a range is begun.
enum reader_start {
    READER_ROW,    // go on from where the last range ended
    READER_COLD,   // from the range's entry, with a new decoder
    READER_STRICT, // cold, one thread, nothing left over in any buffer: what
                   // is made of damaged packets is always the same
};

// May the range of ask follow what this reader gave out last? (NULL: no.)
bool reader_may_go_on(const struct reader *r, const struct wire_make *ask,
                      int stream);

// Begins ask's range of `stream`. Except for READER_ROW the reader in *keep is
// replaced.
must_check enum err reader_begin(struct reader **keep,
                                 const struct media_source *s,
                                 const struct wire_make *ask, int stream,
                                 enum reader_start start);
void reader_free(struct reader *r);

// The next frame of the range, in order of display; *ret_ticks is not sorted.
// The frame is the caller's. ERR_NOT_FOUND behind the last one.
must_check enum err reader_next(struct reader *r, AVFrame **ret,
                                int64_t *ret_ticks);
// The frame that is shown behind the range, its ticks for pts, once
// reader_next() has found the end. The caller's; NULL: there is none.
AVFrame *reader_behind(struct reader *r);
// What has been given out may depend on how the range was begun.
bool reader_is_damaged(const struct reader *r);
int64_t reader_frames(const struct reader *r); // decoded since it began
