// SPDX-License-Identifier: MIT
// roster.h - the worker processes.
//
//   STARTING --HELLO--> SPARE --first request--> BUSY <--> IDLE
//       |                 |                        |         |
//       +-----------------+---------> GONE <-------+---------+
//
// A worker is bound to the source of its first request. GONE: killed or dead,
// waits to be reaped. All on the crew thread, which must outlive the workers:
// they die with the thread that started them.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "flight.h"
#include "reeld/wire.h"

enum worker_state {
    WORKER_STARTING,
    WORKER_SPARE,
    WORKER_BUSY,
    WORKER_IDLE,
    WORKER_GONE,
};

struct worker;
// One descriptor in the epoll set.
struct watch {
    void (*ready)(struct jobs *j, struct watch *w);
    struct worker *worker;
};

// Where an open decoder (or packet reader) stands.
struct place {
    bool is_set;
    enum track_kind kind;
    enum recipe_mode mode;
    int32_t stream;
    int64_t at; // ticks, or packets of audio
};

struct worker {
    enum worker_state state;
    pid_t pid;
    int pidfd, sock, log_fd;
    struct watch on_exit, on_message, on_log;
    bool is_background; // its nice value was raised
    bool is_bound;      // to the source below
    bool has_source;    // it was handed over
    struct digest source;
    struct place place[TRACK_KINDS][RECIPE_MODES];
    struct request *request; // BUSY
    int64_t deadline_us;     // then it is buried; 0: none
    int64_t cpu_begun_us;    // what it had used when it got idle
    int64_t idle_since_us;   // IDLE
    int64_t log_since_us;    // the lines of this while are counted
    int log_lines, log_lost;
    struct worker *prev, *next;
};

// What a request costs.
enum load_lane {
    LOAD_HEAVY, // video is encoded
    LOAD_LIGHT, // no video is
    LOAD_IMAGE, // but some pictures of it, or decoded
    LOADS,
};

// What a request needs of a worker.
struct need {
    const struct digest *source;
    bool wants_fresh; // a retry: not one that met this source
    bool is_background;
    enum load_lane load;
    struct place place; // where it begins; is_set false: nowhere in particular
};

// process.c
must_check enum err worker_start(struct jobs *j, struct worker **ret);
void worker_kill(struct jobs *j, struct worker *w); // SIGKILL; now GONE
void worker_reap(struct jobs *j, struct worker *w); // its pidfd is readable
void worker_read_log(struct jobs *j, struct worker *w);
// Its nice value; without rights it can only be raised.
void worker_set_background(struct worker *w, bool is_background);
// Lets it write a file of that size, which it cannot do by itself.
must_check enum err worker_allow_file(const struct worker *w, int64_t bytes);

// roster.c
void roster_set_watches(struct worker *w);
void roster_look(struct jobs *j, int64_t now_us); // deadlines, idle, spares
// The best worker for it that is free now, or NULL (then one is started).
struct worker *roster_pick(struct jobs *j, const struct need *n);
// Ends a worker that broke the rules, died or was too slow: its request fails.
void roster_bury(struct jobs *j, struct worker *w, const char *why);
void roster_stop(struct jobs *j); // kills all
void roster_free_reaped(struct jobs *j);
int roster_count(const struct jobs *j, enum worker_state state);
