// SPDX-License-Identifier: MIT
// download.h - one progressive file of what a show plays.
//
//   parts   |ftyp|moov   |mdat| vi si | v0 s0 | v1 s1 | ... |
//           +---- head -------+------ parts, as they are ----+
//
// A download is a piece like others: a pure function of the pieces that it
// shows, its *parts*, in the order in which they are played. MP4 and M4A hold
// them byte for byte: each part is a CMAF piece whose samples the tables of the
// head point at. Of an MP3 they are what is encoded.
//
// Where pictures of several assets follow each other, a decoder must be told of
// it. The way of the standard, another sample entry, is not taken by all
// players (Chromium's <video src> fails at the join), so these files have the
// parameter sets before each key picture as well, and for that their samples
// are *copied*.
//
// The clips of the show are joined on one clock that begins at 0: a clip lies
// where the one before it ends, by exact borders, pictures and sound alike.
//
// Threads: any; counted and not changed once it is made.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/model/piece.h"
#include "reeld/model/show.h"
#include "reeld/model/timeline.h"

enum {
    DOWNLOAD_VERSION = 1,           // raised when our own code changes a byte
    DOWNLOAD_PARTS_MAX = 1 << 18,   // 12 h in segments of 2 s are 43,200
    DOWNLOAD_SAMPLES_MAX = 1 << 24, // of a track: 12 h at 240 a second are 10 M
    // Of the clock of the pictures: one shown for 20 minutes fits 32 bits.
    DOWNLOAD_TIMESCALE_MAX = 3500000,
    DOWNLOAD_ENTRY_BYTES_MAX = 5120, // what tells a decoder of one kind of part
    DOWNLOAD_HEAD_BYTES_MAX = 1 << 28,
};

enum download_container {
    DOWNLOAD_MP4,
    DOWNLOAD_M4A,
    DOWNLOAD_MP3,
    DOWNLOAD_CONTAINERS,
};
const char *download_container_name(enum download_container c); // "mp4"

struct download_wish {
    enum download_container container;
    struct str rung;   // of the show; empty: the best that serves the whole
    int64_t mp3_bps;   // of an MP3
    const char *build; // the worker's: whose encoder makes an MP3
};

struct download {
    struct digest key;
    enum download_container container;
    struct timeline *timeline;
    struct show *show;
    int video, sound; // rungs; -1: none of it
    int64_t duration_us;
    // The clock of each track (0: there is none), and how long it runs.
    uint32_t video_timescale, sound_rate;
    int64_t video_ticks, sound_ticks;
    int64_t *clip_at; // of each clip, where it begins: video_timescale, or the
                      // clock that pictures would have
    uint32_t timescale; // of clip_at
    int64_t mp3_bps;    // 0 unless an MP3
    int64_t head_bytes; // room for the head, ending where the parts begin; 0 of
                        // an MP3
    bool is_copied;     // pictures of more than one INIT
    uint32_t parts;     // at most
    atomic_int references;
};

// Takes the timeline, in every case. A rung of sound may be named for M4A and
// MP3, one of pictures for MP4; a show without pictures gives an MP4 of sound.
// ERR_NOT_FOUND: there is no such rung (the text names those that there are),
// or no sound. ERR_UNSUPPORTED: the clips cannot be joined. ERR_TOO_LARGE.
must_check enum err download_new(struct timeline *t,
                                 const struct download_wish *wish,
                                 const struct download **ret);
const struct download *download_ref(const struct download *d);
void download_unref(const struct download *d);
DEFINE_SCOPED(download, const struct download *, download_unref)

bool download_shows(const struct download *d, const struct id *asset);

// One part, and how its clock becomes that of the file: what a piece has at
// `from` (ticks of its own clock) is at `at` (ticks of the track's).
struct download_part {
    struct piece piece; // INIT or SEGMENT
    bool is_sound;
    int64_t from, at;
};
static inline void scoped_release_download_part(struct download_part *held)
{
    piece_done(&held->piece);
}

// Goes through the parts in order; all zero at the beginning.
struct download_walk {
    uint32_t clip, segment;
    int step;
    struct digest init[2]; // of pictures and sound: those that hold now
};
// ERR_NOT_FOUND behind the last one. *ret is to be released by
// scoped(download_part) or piece_done().
must_check enum err download_next(const struct download *d,
                                  struct download_walk *w,
                                  struct download_part *ret);
