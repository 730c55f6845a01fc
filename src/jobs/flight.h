// SPDX-License-Identifier: MIT
// flight.h - one piece being made, and everybody who waits for it.
//
//             (TS only)
//   PARTS ----all there----> QUEUED <--attempt failed--> RUNNING
//     |                         |                           |
//     |   nobody wants it       |                    made   |  gave up
//     +-------> dropped <-------+                     +-----+-----+
//                                                     v           v
//                         dropped <--fact is there-- KEPT       FAILED -->
//                         dropped
//                                                                  after a
//                                                                  while
//
// All on the crew thread, but jobs_waiter's lock, which lets any thread leave.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "inbox.h"
#include "reeld/base/blob.h"
#include "reeld/base/table.h"
#include "reeld/jobs.h"

enum urgency {
    URGENCY_NOW,
    URGENCY_NEXT,
    URGENCY_IMAGE,
    URGENCY_PROBE,
    URGENCY_EDGE,
    URGENCY_DOWNLOAD,
    URGENCY_LADDER,
    URGENCIES, // as a flight's floor: nobody wants it ahead of need
};
_Static_assert((int)URGENCIES == (int)JOBS_URGENCIES, "what the door shows");

struct flight;
struct making;
struct probe;
struct request;
struct slice;

struct jobs_waiter {
    struct note want_note, leave_note;
    struct jobs *jobs;
    jobs_done *done;
    void *context;
    bool is_inner;      // of the crew itself: has no caller to release it
    atomic_int holders; // the crew and the caller

    pthread_mutex_t lock;
    bool is_over; // guarded by lock: `done` ran, or the caller left

    // Of the crew thread.
    enum urgency urgency;
    struct piece piece;              // wanted, or
    struct id asset;                 // the one to probe, or
    const struct download *download; // a reference
    struct flight *flight;
    struct making *making;
    struct probe *probe;
    struct slice *slice; // an inner one of the ladder
    struct jobs_waiter *prev, *next;
};

struct jobs_waiter *waiter_new(struct jobs *j, jobs_done *done, void *context);
// Runs `done` unless the caller has left, and gives up the crew's hold. The
// waiter is in no list any more.
void waiter_tell(struct jobs_waiter *w, enum err result, const char *detail,
                 struct blob *blob);
void waiter_release(struct jobs_waiter *w); // gives up one hold

enum flight_state {
    FLIGHT_PARTS,
    FLIGHT_QUEUED,
    FLIGHT_RUNNING,
    FLIGHT_KEPT,
    FLIGHT_FAILED,
};

// The CMAF pieces of a TS, in the order of struct wire_ts.
enum { TS_PARTS_MAX = 4 };

struct ts_part {
    struct flight *flight;      // the TS that it is for
    struct jobs_waiter *waiter; // until it is told
    struct blob *blob;
};

struct flight {
    UT_hash_handle hh; // by piece.key
    struct piece piece;
    enum flight_state state;
    enum urgency urgency; // the highest of its waiters' and floor
    enum urgency floor;   // wanted ahead of need
    int attempts;         // that failed
    struct jobs_waiter *waiters;
    struct request *request; // RUNNING
    struct blob *blob;       // KEPT
    bool is_being_published; // KEPT: an errand has it
    enum err result;         // FAILED: why,
    char *detail;            // and in words
    int64_t forget_at_us;    // FAILED
    uint32_t parts, parts_missing;
    struct ts_part part[TS_PARTS_MAX];
    struct flight *prev, *next; // in a queue, or among the failed
};

// Adds the waiter (with its piece and urgency filled in) to the piece's flight,
// or tells it at once. Consumes the crew's hold.
void flight_join(struct jobs *j, struct jobs_waiter *w);
// Somebody may want it soon: nothing happens if it is made or being made.
void flight_ahead(struct jobs *j, const struct piece *piece,
                  enum urgency urgency);
// Takes a waiter off its flight; what nobody wants and has not begun ends.
void flight_leave(struct jobs *j, struct jobs_waiter *w);

// After a change among its waiters: sets its urgency or drops it.
void flight_weigh(struct jobs *j, struct flight *f);

bool flight_is_made(struct jobs *j, const struct digest *key);
bool flight_exists(const struct jobs *j, const struct digest *key);

// Outcomes of a request.
void flight_begin(struct jobs *j, struct flight *f, struct request *r);
void flight_made(struct jobs *j, struct flight *f, struct blob *blob);
// An attempt failed: again, or given up.
void flight_missed(struct jobs *j, struct flight *f, const char *why);
void flight_fail(struct jobs *j, struct flight *f, enum err result,
                 const char *why);
// The fact is there, or will never be: the catalog answers from now on.
void flight_published(struct jobs *j, struct flight *f);

// Those of one asset; its waiters get ERR_NOT_FOUND.
void flights_forget(struct jobs *j, const struct id *asset);
void flights_expire(struct jobs *j, int64_t now_us); // of the failed
// All waiters get ERR_BUSY; only what is made and not on the disk yet stays.
void flights_stop(struct jobs *j);
void flights_end(struct jobs *j); // drops that, too
