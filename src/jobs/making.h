// SPDX-License-Identifier: MIT
// making.h - one download being made, and everybody who waits for it.
//
//   WAITING --its turn--> GATHERING --all parts there--> ENDING <--again--+
//      |                      |                            |              |
//      |                      |                          worker        attempt
//      |                      |                            v           failed
//      |                      |                          RUNNING ---------+
//      |                      |                            |              |
//      |                      |                          STORING --> gone, the
//      |                      |                            |       catalog
//      knows
//      +----------------------+----------------------------+--> FAILED --> gone
//                                                                after a while
//
// Parts are wanted like a player wants them, a few at a time, and put behind
// one another in a temp file as they come; what becomes of them in the cache
// does not matter then. A worker reads the boxes of that file and gives the
// head that goes in front (or the MP3).
//
// All on the crew thread but what errands say.
#pragma once

#include "flight.h"
#include "reeld/base/table.h"
#include "reeld/model/download.h"
#include "reeld/store.h"

enum making_state {
    MAKING_WAITING,
    MAKING_GATHERING,
    MAKING_ENDING,
    MAKING_RUNNING,
    MAKING_STORING,
    MAKING_FAILED,
};

// A part that is not in the file yet, in their order.
struct slot {
    struct making *making;
    struct download_part part;
    struct jobs_waiter *waiter; // NULL: it is made
    struct blob *blob;          // NULL: it is in the store
    struct slot *prev, *next;
};

struct making {
    UT_hash_handle hh; // by download->key; in order of coming
    const struct download *download;
    enum making_state state;
    struct jobs_waiter *waiters;
    int errands;     // under way, that hold it
    bool is_dropped; // but for those

    // GATHERING
    struct download_walk walk;
    bool is_walked; // every part was in a slot
    struct slot *slots;
    uint32_t slot_count;
    struct store_writer *parts; // the temp file; NULL until the first errand
    int64_t bytes;              // of it, head and all
    struct wire_part *list;     // what is in it
    size_t listed, list_capacity;
    struct piece_origin *origins; // each once
    size_t origin_count, origin_capacity;

    // What a part or an errand said, until the next look: nothing may end
    // while it is being spoken of.
    enum err trouble;
    char why[256];

    // ENDING and RUNNING
    struct request *request;
    struct store_writer *whole; // what it writes, if it writes all
    int attempts;               // that failed
    struct blob *head;

    enum err result;      // FAILED
    int64_t forget_at_us; // FAILED
};

// making.c
void making_join(struct jobs *j, struct jobs_waiter *w); // as flight_join()
void making_leave(struct jobs *j, struct jobs_waiter *w);
void makings_look(struct jobs *j, int64_t now_us);
void makings_forget(struct jobs *j, const struct id *asset);
void makings_stop(struct jobs *j); // all waiters get ERR_BUSY
void makings_end(struct jobs *j);
void making_fail(struct jobs *j, struct making *m, enum err result,
                 const char *why);
// It is in the catalog now.
void making_done(struct jobs *j, struct making *m);
// An errand that held it is back. False: it is gone.
bool making_errand_is_back(struct jobs *j, struct making *m);
// To be told at the next look.
void making_note(struct making *m, enum err trouble, const char *why);

// gather.c
void gather_look(struct jobs *j, struct making *m);
void gather_let_go(struct jobs *j, struct making *m); // of slots and flights

// finish.c
// True: something was given to a worker.
bool finish_begin(struct jobs *j);
must_check enum err finish_answered(struct jobs *j, struct making *m,
                                    struct request *r,
                                    const struct wire_made *made);
void finish_missed(struct jobs *j, struct making *m, const char *why);
// How much of the work of a worker is done, in thousandths.
int32_t finish_permille(const struct making *m);
