// SPDX-License-Identifier: MIT
// jobs.h - who makes what, when: workers, urgency, flights, the ladder.
//
// One crew thread talks with all workers and owns the queue. A *flight* is one
// piece being made and everybody who waits for it; a *job* is a row in the
// catalog. Urgency, highest first: NOW (a request waits), NEXT (read-ahead
// behind it), IMAGE (a request waits, but no player does), PROBE, EDGE
// (prefetch), DOWNLOAD, LADDER. A *making* is one download being put together.
//
// The ladder makes what takes an encoder, in every segment. Copied renditions
// are not made ahead: they cost a millisecond on demand and would store the
// upload a second time, so count them as ready.
//
// A DROP job has all made that an asset plays without its source, copied ones
// too, and then takes the source away (reeld/catalog/kept.h).
//
// Threads: any, unless said.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/blob.h"
#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/base/pool.h"
#include "reeld/catalog.h"
#include "reeld/model/asset.h"
#include "reeld/model/download.h"
#include "reeld/model/ladder.h"
#include "reeld/model/piece.h"
#include "reeld/store.h"
#include "reeld/wire.h"

struct jobs;

struct jobs_options {
    const char *worker_path; // of reel-worker
    bool sandbox_required;   // refuse workers whose HELLO lacks seccomp;
                             // false: they do not even try (sandbox = off)
    int workers;             // encode video for somebody at once, at most;
                             // cheap work has one more, the ladder what is
                             // left over
    int image_workers;       // make images at once, beside all these; >= 1
    int spares;              // started ahead of need
    int worker_threads;      // threads of one making
    int64_t worker_memory_bytes;
    int64_t make_timeout_us, probe_timeout_us;
    int64_t worker_cpu_us; // for one task, of all its threads together
    int attempts;          // job_attempts: then rejected or failed; >= 1
    int read_ahead;        // segments made behind one that was asked for
    bool ladder_in_background;
    int ladder_slice;           // segments a slice
    int64_t cache_budget_bytes; // made pieces; 0: no limit. The ladder stops at
                                // 90 %, eviction begins past 100 %
    int64_t keep_free_bytes;    // of the disk: below it no download grows
    int downloads;              // made at once; >= 1
    int downloads_waiting;      // most that wait for their turn
    int download_window;        // parts of one wanted at once; >= 1
    int64_t mp3_bps;            // of an MP3 in stereo
    struct wire_limits limits;
    struct plan_wish plan_wish;
    struct ladder_wish ladder_wish;
};

// Starts the crew thread; jobs of a former life are queued again. `pool` does
// what syncs. ERR_IO when not one worker could be started and sandboxed.
must_check enum err jobs_start(const struct jobs_options *o, struct store *s,
                               struct catalog *c, struct pool *pool,
                               struct jobs **ret);
// Wakes all waiters with ERR_BUSY, ends the workers, requeues what ran, and
// frees `j`. The pool and the catalog must still be there; no other call may be
// under way or follow, but jobs_hang_up() of waiters that were told.
void jobs_stop(struct jobs *j);

// What a waiter is told: the bytes (a reference of its own; NULL for a probe)
// or why not. It must be quick, and must not call jobs_hang_up().
typedef void jobs_done(void *context, enum err result, const char *detail,
                       struct blob *piece);

struct jobs_waiter; // to hang up with

// Wants a piece: joins its flight or starts one, NOW (an image: IMAGE). `done`
// is called exactly once, on the crew or a pool thread, unless jobs_hang_up()
// came first. What follows it in its asset or clip is made ahead. The piece
// stays the caller's. ERR_BUSY when too many wait already. `done` is told
// ERR_GONE when it was not made before the source was dropped.
must_check enum err jobs_want(struct jobs *j, const struct piece *piece,
                              jobs_done *done, void *context,
                              struct jobs_waiter **ret);
// The waiter is gone; `done` will not run afterwards (nor is running). Work
// that nobody else wants and that has not begun is dropped. Also releases the
// waiter: call it once in every case, after `done` too. Hold no lock that
// `done` takes. NULL is fine.
void jobs_hang_up(struct jobs *j, struct jobs_waiter *w);

// A player asked for this piece, which is made already: read-ahead moves on.
void jobs_saw(struct jobs *j, const struct piece *piece);
// Nobody waits for it yet, but somebody soon may: a manifest that names it was
// asked for. Made at EDGE urgency unless it is there, or 64 are queued already,
// or the same was said within the last 20 s.
void jobs_prefetch(struct jobs *j, const struct piece *piece);

// ---- downloads -------------------------------------------------------------

enum jobs_download_state {
    JOBS_DOWNLOAD_ABSENT, // nobody has asked for it lately
    JOBS_DOWNLOAD_MAKING, // or waiting for its turn
    JOBS_DOWNLOAD_READY,  // in the store, under its key
    JOBS_DOWNLOAD_FAILED, // within the last minute; then ABSENT again
};
struct jobs_download {
    enum jobs_download_state state;
    int32_t permille; // of the work that is done; 1000 when READY
    enum err result;  // FAILED: why
    char why[256];    // FAILED: the same in words
};

// What download_new() has to know of the workers; the rung is lent.
struct download_wish jobs_download_wish(struct jobs *j,
                                        enum download_container container,
                                        struct str rung);
// How far a download is. Does not wait. ERR_IO (catalog).
must_check enum err jobs_download(struct jobs *j, const struct download *d,
                                  struct jobs_download *ret);
// Has it made, unless it is or is being made or failed just now. Does not wait;
// it is ABSENT for a moment longer. Nothing happens when too many wait for
// their turn: say it again.
void jobs_download_start(struct jobs *j, const struct download *d);
// The same, and `done` is told when it is READY (without a piece) or why not.
// The making goes on when the waiter hangs up. ERR_BUSY when too many wait.
must_check enum err jobs_want_download(struct jobs *j, const struct download *d,
                                       jobs_done *done, void *context,
                                       struct jobs_waiter **ret);

// ---- assets ----------------------------------------------------------------

// Probes an UPLOADED asset ahead of all else; `done` runs when it is READY or
// REJECTED (result OK both times), or when the machine failed.
must_check enum err jobs_probe(struct jobs *j, const struct id *asset,
                               jobs_done *done, void *context,
                               struct jobs_waiter **ret);
// The asset is gone or new, or to be dropped: look again at what is to do.
void jobs_look(struct jobs *j);
// Nothing more of it is made ahead: its LADDER job was cancelled.
void jobs_stop_ladder(struct jobs *j, const struct id *asset);
// Stop all work on this asset; its waiters get ERR_NOT_FOUND.
void jobs_forget(struct jobs *j, const struct id *asset);

enum { JOBS_URGENCIES = 7 }; // in the order above

struct jobs_counts {
    int workers_busy, workers_spare;
    bool has_seccomp, has_landlock;
    char build[RECIPE_BUILD_BYTES];
    int64_t waiting[JOBS_URGENCIES];
    int64_t made, failed; // pieces since start
    int64_t worker_deaths;
    int64_t evicted_pieces, evicted_bytes;
    int64_t media_us_made, cpu_us_spent; // their ratio: encode speed
};
struct jobs_counts jobs_counts(struct jobs *j);

// ---- the cache budget, for the command line too ----------------------------

// Bytes of made pieces, and how many of them go for the budget: none up to it,
// past it so many that some room is left. A budget of 0 is no limit.
must_check enum err jobs_past_budget(struct catalog *c, int64_t budget_bytes,
                                     int64_t *ret_made_bytes,
                                     int64_t *ret_past_bytes);
struct jobs_trimmed {
    int64_t pieces, bytes; // that went
    int64_t made_bytes;    // that are left
};
// Removes those, the least recently used first. While jobs run they do so
// themselves. Not on HTTP threads.
must_check enum err jobs_trim(struct store *s, struct catalog *c,
                              int64_t budget_bytes, struct jobs_trimmed *ret);
