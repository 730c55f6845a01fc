// SPDX-License-Identifier: MIT
// tables.h - which samples a file plays, when, and where its bytes lie: the
// sample tables of one track, put together from CMAF pieces.
//
// Pictures lie where the clock of the file has them. So does sound, but a
// packet is 1024 samples long and clips begin and end where they like:
//
//   clip      .|p0  |  p1 |  p2 |..|        one after the other these packets
//   next                         .|q0  |    would drift from the pictures
//
// A track whose first packet begins a little before 0 plays the rest of it. One
// whose first packet begins after 0 has that packet twice: the first one begins
// before 0, and of it only the end is played, as of the priming packet that
// every encoder gives.
//
// Where the packets so far are half a packet ahead of a clip's first one, the
// last of them is left out; where they are half a packet behind, it is played
// twice. So players that follow the times have each clip in step to the sample,
// and players that only put packets together are never off by more than half of
// one, however many clips there are.
//
// Believes no byte. Threads: one at a time a struct table.
#pragma once

#include "cmaf_read.h"
#include "mux_out.h"
#include "reeld/wire.h"

struct table_run {
    uint32_t count;
    int32_t value;
};
struct table_runs {
    struct table_run *run;
    size_t runs, capacity;
};

struct table_chunk { // samples that lie together
    int64_t offset;
    uint32_t samples, entry;
};

struct table_entry { // a sample entry, a whole box
    uint8_t *bytes;
    size_t len;
};

struct table {
    bool is_sound;
    uint32_t timescale;
    int64_t ticks; // how long the track is to run
    // NULL: samples are played from where they lie. Else they are copied, and
    // before each key picture goes what its decoder has to know.
    struct mux_out *out;

    // The init that holds now, and what it says of its track.
    bool has_init;
    struct read_track init;
    uint32_t entry;
    struct table_entry *entries;
    size_t entry_count, entry_capacity;
    uint32_t width, height; // 16.16, of the largest entry
    uint16_t language;      // of the first

    uint32_t *size; // of each sample
    size_t samples, size_capacity;
    struct table_chunk *chunk;
    size_t chunks, chunk_capacity;
    int64_t start, last; // when the first and the last one is decoded; of sound
                         // `start` may lie less than a packet before 0
    struct table_runs step;        // from one sample to the next
    struct table_runs composition; // of each, decoded to shown
    uint32_t *sync;                // numbers of key pictures, from 0
    size_t syncs, sync_capacity;

    // Of sound: the clip that is being added.
    int64_t clip_at, clip_from;
    int64_t clip_next; // where its next packet begins, own ticks
};

void table_done(struct table *t);
// An INIT or a piece; `bytes` are those of the part.
must_check enum err table_add_init(struct table *t, const uint8_t *bytes,
                                   size_t len);
must_check enum err table_add_piece(struct table *t, const struct wire_part *p,
                                    const uint8_t *bytes);
// Nothing follows. ERR_BAD_INPUT when nothing came.
must_check enum err table_end(struct table *t);

// Behind table_end(): how long the samples run, and until when they are played.
int64_t table_media_ticks(const struct table *t);
int64_t table_shown_ticks(const struct table *t);
