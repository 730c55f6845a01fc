// SPDX-License-Identifier: MIT
// inbox.h - how other threads hand things to the crew thread, and how the crew
// sends errands to the pool.
//
// A *note* is a function to be run on the crew thread. An *errand* is work for
// the pool that comes back as a note. Errands of one lane run one after the
// other, so that the crew sees their results in the order it sent them.
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "reeld/base/err.h"

struct jobs;

struct note {
    struct note *next;
    void (*run)(struct jobs *j, struct note *n); // owns the note from then on
};

struct inbox {
    int event_fd; // readable while there are notes
    pthread_mutex_t lock;
    // Guarded by lock.
    struct note *first, *last;
    bool is_closed;
};

must_check enum err inbox_open(struct inbox *b);
void inbox_done(struct inbox *b);
// False once the crew has closed it: the note stays the caller's.
bool inbox_post(struct inbox *b, struct note *n);
// Crew thread: all notes in order, linked by `next`.
struct note *inbox_take(struct inbox *b);
void inbox_close(struct inbox *b);

enum lane {
    LANE_FACTS, // the catalog: short
    LANE_BYTES, // pieces onto the disk and off it: long
    LANE_FILES, // parts of downloads put behind one another: longest
    LANES,
};

struct errand {
    struct note note;
    struct errand *next;
    struct jobs *jobs;
    enum lane lane;
    void (*work)(struct errand *e);                 // on the pool
    void (*done)(struct jobs *j, struct errand *e); // on the crew; frees it
    bool was_dropped;                               // `work` never ran
};

struct lane_queue {
    struct errand *first, *last;
    bool is_running; // the errand that was first is with the pool
};

// All on the crew thread.
void errand_add(struct jobs *j, enum lane lane, struct errand *e);
// Sends on what the pool had no room for.
void errands_go_on(struct jobs *j);
// Ends those that have not begun; `done` sees was_dropped.
void errands_drop(struct jobs *j);
bool errands_are_out(const struct jobs *j);
