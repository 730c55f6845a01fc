// SPDX-License-Identifier: MIT
// wire.h - what reeld and reel-worker say to each other.
//
//   worker -> reeld   HELLO            sandboxed, ready for a source
//   reeld -> worker   PROBE  +2 fds    source, plan file
//   worker -> reeld   PROBED           tracks; the packed plan is in the file
//   reeld -> worker   MAKE   +fds      [source,] one output a rendition
//   worker -> reeld   MADE             sizes; or why not
//   reeld -> worker   TS     +fds      video piece, audio piece, output
//   worker -> reeld   MADE
//   reeld -> worker   FILE   +3 fds    parts, their list, output
//   worker -> reeld   MADE
//
// A SEQPACKET socket, one message a packet, every message of fixed size: the
// struct itself (both ends are one build on one machine; HELLO carries
// WIRE_VERSION and the struct sizes are asserted). Descriptors ride along with
// SCM_RIGHTS. A worker is bound to one source: the first PROBE or MAKE hands it
// over, later ones leave it out. Requests may be queued; they are answered in
// order. What is made of nothing (recipes with stream -1) needs no source. EOF
// on the socket ends the worker.
//
// Descriptors that a worker reads (the source, the pieces of a TS, the parts of
// a FILE) may be at any offset and shared: they are read with pread() or
// mapped. Outputs are empty.
//
// Each side's word is input to the other: wire_receive() checks length and
// type, wire_check_*() every number, before anything is believed.
//
// Threads: one at a time a socket and direction.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/model/download.h"
#include "reeld/model/plan.h"
#include "reeld/model/recipe.h"
#include "reeld/model/track.h"

enum {
    WIRE_VERSION = 2,
    WIRE_FDS_MAX = 20,
    WIRE_OUTPUTS_MAX = 16,
    WIRE_BORDERS_MAX = 64,
    WIRE_TEXT_BYTES = 256,
    WIRE_CODE_BYTES = 32,
    WIRE_THREADS_MAX = 64,
    WIRE_PIECE_BYTES_MAX = 256 << 20, // of one output in memory
};
#define WIRE_FILE_BYTES_MAX (INT64_C(1) << 42) // of one on the disk

enum wire_type {
    WIRE_HELLO = 1,
    WIRE_PROBE,
    WIRE_PROBED,
    WIRE_MAKE,
    WIRE_TS,
    WIRE_MADE,
    WIRE_FILE,
};

struct wire_hello {
    uint32_t version;
    bool has_seccomp, has_landlock;
    char build[RECIPE_BUILD_BYTES]; // versions of libav* and x264: for recipes
};

struct wire_limits { // what input may cost; see threat-model section 7
    int64_t max_pixels;
    int64_t max_duration_us;
    int32_t max_frame_rate;
    int32_t max_streams;
};

struct wire_probe {
    struct wire_limits limits;
    struct plan_wish wish;
    bool copy_source; // a "source" rung is wished for
};

struct wire_probed {
    enum err result;              // OK, or why the file is refused
    char code[WIRE_CODE_BYTES];   // "unsupported_media" "limits_exceeded"
                                  // "media_error"
    char detail[WIRE_TEXT_BYTES]; // for the uploader: what was found
    char container[TRACK_CODEC_BYTES];
    uint32_t tracks;
    struct track track[TRACKS_MAX];
    int64_t copied_peak_bps; // largest segment of the source's video packets
    bool is_image;           // one picture, and meant to be no more
    int64_t plan_bytes;      // written to the plan file
};

// One output: what to make of the range, and into which descriptor.
struct wire_output {
    enum piece_kind kind; // INIT, SEGMENT, IFRAME or IMAGE
    struct recipe recipe;
};

// All outputs of one MAKE share the range and the decode. Video and audio are
// never mixed in one MAKE. An IMAGE is its only output; a sheet has a border
// (and an entry) a tile and one more behind the last.
struct wire_make {
    uint32_t request;   // counts up; MADE repeats it
    uint32_t threads;   // >= 1; never changes a byte
    bool has_source_fd; // fd 0 is the source, outputs follow
    struct wire_limits limits;
    // From the plan: how the source's clock becomes media time.
    uint32_t timescale;
    struct rational source_timebase;
    int64_t origin_pts, first_pts;
    bool seeks_by_byte;
    uint32_t jumps;
    struct plan_jump jump[PLAN_JUMPS_MAX];
    int64_t plan_end;  // last border of the plan, ticks of `timescale`
    int64_t audio_end; // packets in the whole audio track
    // Range. Video: GOP borders in ticks of timescale; borders - 1 GOPs, each
    // with the entry to decode from; a copied rendition and an I-frame have two
    // borders and one entry. Audio: border[0] first packet, border[1] end
    // packet, one entry (of the video GOP before it, or zero). No borders: only
    // INITs are wanted.
    uint32_t borders;
    int64_t border[WIRE_BORDERS_MAX];
    struct plan_entry entry[WIRE_BORDERS_MAX];
    uint32_t outputs; // 1 to WIRE_OUTPUTS_MAX
    struct wire_output output[WIRE_OUTPUTS_MAX];
};

// fds: [video init, video piece,] [audio init, audio piece,] output.
struct wire_ts {
    uint32_t request;
    bool has_video; // at least one of the two
    bool has_audio;
    uint32_t segment; // number: for continuity counters
    uint32_t video_timescale, audio_timescale;
};

// A download: its parts lie one behind the other in fd 0, from head_bytes to
// file_bytes; fd 1 lists them, `parts` of struct wire_part. Into fd 2 goes the
// head of an MP4 or M4A, of exactly head_bytes; or, where it is copied, the
// whole of it; or the whole MP3.
struct wire_file {
    uint32_t request;
    enum download_container container;
    bool is_copied;                       // struct download; never an MP3
    uint32_t parts;                       // 1 to DOWNLOAD_PARTS_MAX
    int64_t head_bytes, file_bytes;       // head_bytes is 0 for an MP3
    uint32_t video_timescale, sound_rate; // 0: no such track
    int64_t video_ticks, sound_ticks;     // how long each track runs
    int64_t mp3_bps;                      // 0 unless an MP3
};

struct wire_part {
    int64_t offset, bytes; // in fd 0
    int64_t from, at;      // struct download_part
    uint32_t is_init;      // 1: holds for what follows in its track
    uint32_t is_sound;
};

struct wire_made {
    uint32_t request;
    enum err result;
    char detail[WIRE_TEXT_BYTES];
    uint32_t outputs;
    int64_t size_bytes[WIRE_OUTPUTS_MAX]; // the crew believes fstat, not this
    int64_t cpu_us;                       // spent by all threads of the worker
    int64_t frames;                       // source frames decoded
};

struct wire_message {
    enum wire_type type;
    union {
        struct wire_hello hello;
        struct wire_probe probe;
        struct wire_probed probed;
        struct wire_make make;
        struct wire_ts ts;
        struct wire_file file;
        struct wire_made made;
    };
};

// Sends one message; `fds` stay with the caller. ERR_IO (also: peer is gone),
// ERR_BUSY on a non-blocking socket whose queue is full.
must_check enum err wire_send(int sock, const struct wire_message *m,
                              const int *fds, size_t fd_count);
// Receives one. Descriptors (close-on-exec) become the caller's.
// ERR_NOT_FOUND at EOF, ERR_BUSY when a non-blocking socket has nothing,
// ERR_BAD_INPUT for anything malformed: length, type, checks, descriptor count.
must_check enum err wire_receive(int sock, struct wire_message *ret, int *fds,
                                 size_t *ret_fd_count);
// What wire_receive() applies: each number in bounds, each text terminated.
must_check enum err wire_check(const struct wire_message *m);
// The same for one part of the list of a FILE.
must_check enum err wire_check_part(const struct wire_file *ask,
                                    const struct wire_part *p);
// How many descriptors belong to a message that wire_check() has passed.
size_t wire_fd_count(const struct wire_message *m);
// How many bytes a message of this type has on the socket; 0: no such type.
size_t wire_message_bytes(enum wire_type type);
