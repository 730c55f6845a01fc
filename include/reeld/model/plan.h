// SPDX-License-Identifier: MIT
// plan.h - where GOPs and segments of one asset begin, decided once.
//
//   media time  0        2        4                 8        10
//   GOPs        |---0----|---1----|---2----|---3----|---4----|   made
//   segments    |---0----|---1----|--------2--------|---3----|   fetched
//   audio       ||||||||||||||||||||||||||||||||||||||||||||||   own grid
//
// A *GOP* is the unit that is made: own encoder, own moof+mdat. A *segment* is
// the unit that is fetched: one or more GOPs. A border is the presentation time
// of a frame that exists (or the end); a GOP holds the frames with
// border[i] <= pts < border[i + 1]. All renditions share the borders.
//
// Times are ticks of `timescale` on the *media timeline*: 0 is the first thing
// shown, edit lists applied. The worker computes a plan from the packet index,
// the daemon checks it (plan_check) and keeps it packed; both link this code.
//
// Audio runs on a grid of its own: packet i of track a holds the 1024 samples
// from grid_origin + 1024 * i on (at `rate`, from media zero). Nothing drifts.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/math.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/model/track.h"

enum {
    PLAN_GOPS_MAX = 500000,
    PLAN_RUNS_MAX = 4000000,
    PLAN_SEGMENT_SECONDS_MAX = 1200, // one picture may be shown that long
    PLAN_JUMPS_MAX = 64,
    PLAN_PACKED_BYTES_MAX = 16 << 20,
    PLAN_SEGMENT_GOPS_MAX = 32,
    PLAN_TIMESCALE_MAX = 1 << 30,
    AAC_FRAME_SAMPLES = 1024,
};
// Far beyond what is accepted, and small enough that no sum overflows.
#define PLAN_TICKS_MAX       (INT64_C(1) << 52)
#define PLAN_SOURCE_TIME_MAX (INT64_C(1) << 60)

// Where to begin decoding so that every frame from a border on comes out whole.
// Made by the worker's input and read by it alone: elsewhere only a value.
struct plan_entry {
    int64_t dts;      // of the key packet, source time base of the track (pts
                      // where the container's index is in pts)
    int64_t position; // byte offset of that packet in the file (or of what the
                      // container's index points at), -1 unknown
};

// From byte `position` on, `shift` is added to every timestamp of the file: how
// broken transport streams with jumping clocks are made whole.
struct plan_jump {
    int64_t position;
    int64_t shift; // ticks of 1/90000 s
};

struct plan_audio {
    int32_t track;       // index into the asset's tracks
    uint32_t rate;       // 44100 or 48000 (or the source's, when copied)
    int32_t grid_origin; // samples, 0 <= grid_origin < 1024
    int64_t packets;     // how many packets until the end of the asset
    bool is_copied;      // the source's own AAC packets lie on this grid
};

// `count` shown pictures in a row, each `step` ticks before the next one (the
// last of a GOP: before its border). Runs never cross a GOP border.
struct plan_run {
    int64_t step;
    uint32_t count;
};

struct plan {
    uint32_t timescale;              // ticks a second, > 0
    int32_t video_track;             // index into tracks, -1: audio only
    struct rational source_timebase; // of the video (or first audio) stream
    int64_t origin_pts;              // media zero, in source_timebase
    int64_t first_pts;               // of the first shown frame, same units;
                                     // later than origin_pts: it is shown from
                                     // media zero on all the same
    bool seeks_by_byte;              // entries are reached by position
    bool is_video_copied;            // the "source" rung exists: each segment
                                     // begins with an IDR of the source
    bool takes_edges;                // encoded pictures may stand beside those
                                     // packets: same colours, and no parameter
                                     // set has RECIPE_SET_ID
    uint32_t gops;                   // > 0
    int64_t *gop_border;             // gops + 1 of them, rising, first 0
    struct plan_entry *gop_entry;    // gops of them; audio only: all zero
    uint32_t runs;                   // 0: audio only
    struct plan_run *run;            // when each picture is shown
    uint32_t *gop_run;               // gops + 1: first run of each, runs
    uint32_t segments;               // > 0
    uint32_t *segment_gop;           // segments + 1: first GOP of each, gops
    uint32_t audios;
    struct plan_audio audio[TRACKS_MAX];
    uint32_t jumps;
    struct plan_jump jump[PLAN_JUMPS_MAX];
};

void plan_free(struct plan *p);
DEFINE_SCOPED(plan, struct plan *, plan_free)

// How long segments and GOPs are wished to be. Microseconds.
struct plan_wish {
    int64_t segment_us;      // segment_duration, 4 s
    int64_t segment_max_us;  // segment_duration_max, 6 s: past it no copying
    int64_t gop_us;          // gop_duration, 2 s
    uint32_t bootstraps;     // first segments that may be shorter ...
    int64_t bootstrap_us[8]; // ... and how long: 2 s, 2 s
};

// One frame of the video track as the packet index has it, in order of pts.
struct plan_frame {
    int64_t ticks;    // media time
    int64_t dts;      // with position: a plan_entry. Decoding from there gives
    int64_t position; // this frame whole, and every frame behind it in pts
    bool is_shown;    // inside the edit list
    bool is_entry;    // a key frame: dts and position are to be believed. They
                      // are its own where it is clean, an earlier key frame's
                      // where frames look back over it (open GOPs)
    bool is_idr;      // an H.264 IDR: a copied segment may begin here
};

// Lays borders over `frames` (count > 0, rising ticks, first shown one at 0):
// fills gops, gop_border, gop_entry, segments, segment_gop and is_video_copied
// of *p. `may_copy`: the codec allows it; whether the IDRs lie close enough is
// decided here. The last border is `end_ticks`. A last segment shorter than
// 1 s is joined to the one before. ERR_TOO_LARGE past PLAN_GOPS_MAX.
must_check enum err plan_lay_video(struct plan *p, const struct plan_wish *wish,
                                   const struct plan_frame *frames,
                                   size_t count, int64_t end_ticks,
                                   bool may_copy);
// The same for an asset without video: timescale is the rate of audio[0],
// borders fall on its grid.
must_check enum err plan_lay_audio(struct plan *p, const struct plan_wish *wish,
                                   int64_t end_ticks);

// source_timebase pts -> media ticks: exact where the timescale is a multiple
// of the time base, which plan_pick_timescale() sees to. A first frame that is
// held (first_pts > origin_pts) is shown from 0 on all the same.
int64_t plan_ticks(const struct plan *p, int64_t pts);
uint32_t plan_pick_timescale(struct rational timebase);

int64_t plan_duration_us(const struct plan *p);
int64_t plan_segment_from(const struct plan *p, uint32_t segment);
int64_t plan_segment_to(const struct plan *p, uint32_t segment);
int64_t plan_longest_segment(const struct plan *p); // ticks
// The packet that sounds at `ticks`, so that sound begins with the pictures or
// up to one packet before them (conformance, "How clips are cut", 8): where it
// begins later, a Period has a hole at its start, which dash.js 5 jumps over by
// a seek, out of the clip before. From 0 to a->packets.
int64_t plan_packet_at(const struct plan *p, const struct plan_audio *a,
                       int64_t ticks);
// Packets of audio[a] in a segment, from border to border; the last one takes
// what is left. *ret_first + *ret_count never passes packets.
void plan_audio_range(const struct plan *p, uint32_t a, uint32_t segment,
                      int64_t *ret_first, int64_t *ret_count);
// The segment whose range holds `ticks`; clamped to the first and last.
uint32_t plan_segment_at(const struct plan *p, int64_t ticks);
// The GOP whose range holds `ticks`; clamped likewise.
uint32_t plan_gop_at(const struct plan *p, int64_t ticks);
// When the first picture at or after `ticks` is shown (audio only: when the
// first packet begins); the last border when there is none.
int64_t plan_frame_from(const struct plan *p, int64_t ticks);
// When the picture that is shown at `ticks` began to be; of those before the
// first and behind the last border, the nearest. Audio only: `ticks`, clamped.
int64_t plan_frame_at(const struct plan *p, int64_t ticks);

// [from, to) of media time in microseconds as ticks: the pictures with
// start <= time < end, a picture's time being rounded to the microsecond.
// `end_us` past the end is cut to it. ERR_BAD_INPUT: reversed, negative, past
// the end, or no picture lies in it.
must_check enum err plan_range(const struct plan *p, int64_t start_us,
                               int64_t end_us, int64_t *ret_from,
                               int64_t *ret_to);

// The part from `from` to `to` as a plan of its own, of the same source: media
// zero is at `from`. Both are the time of a picture (or the end) of `p`, which
// has pictures. GOPs and segments are those of `p`, the first and the last as
// far as they lie inside; where that leaves less than a second, they are joined
// to their neighbours. Copied sound keeps its packets. ERR_BAD_INPUT for other
// times, ERR_UNSUPPORTED when the source's clock cannot tell the zero.
must_check enum err plan_cut(const struct plan *p, int64_t from, int64_t to,
                             struct plan **ret);

// Packed form: varints of differences, a version byte first. plan_unpack()
// believes nothing: every count is bounded before memory is taken, and the
// result has passed plan_check(). ERR_BAD_INPUT.
void plan_pack(const struct plan *p, struct buf *out);
must_check enum err plan_unpack(struct str packed, struct plan **ret);
must_check enum err plan_check(const struct plan *p);
