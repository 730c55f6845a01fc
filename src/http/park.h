// SPDX-License-Identifier: MIT
// park.h - requests that wait, on libmicrohttpd's suspend and resume.
//
//                     park_wait
//     handling ------------------------> waiting
//        ^                                 |  |  |
//        |  woken: http_wake()             |  |  |
//        |  late: deadline, or stopping    |  |  |
//        +---------------------------------+--+  | gone: the client hung up
//                                                v
//                                            released
//
// A suspended connection has no timeout and no hang-up, and none may be left
// when libmicrohttpd stops: so all three are kept here.
//
// Threads: park_wait() on the connection's own thread; all else any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct http_ticket;
struct loop;
struct park;

enum park_outcome { PARK_WAITING, PARK_WOKEN, PARK_LATE, PARK_GONE };

// One request's place. Guarded by the park's lock while PARK_WAITING; whoever
// takes it out of the list owns it until the connection is resumed.
struct park_slot {
    enum park_outcome outcome;
    struct MHD_Connection *mhd;
    struct loop *loop; // that serves it
    int fd;
    int64_t deadline_us;
    struct http_ticket *ticket;
    void (*gone)(void *state); // may be NULL
    void *state;
    struct park_slot *next, *previous;
};

struct park *park_new(int most);
void park_start(struct park *p); // its thread: deadlines and hang-ups
// All that wait are late and resumed; from now on nobody may wait. Ends the
// thread.
void park_stop(struct park *p);
void park_free(struct park *p); // stopped; tickets that are out stay valid
int park_count(struct park *p);

// Suspends the connection. It may be resumed before this returns, which does no
// harm: its thread is the one that is here. NULL when there is no room.
struct http_ticket *park_wait(struct park *p, struct park_slot *slot);
