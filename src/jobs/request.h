// SPDX-License-Identifier: MIT
// request.h - what one worker is asked for at a time, from descriptor to
// answer.
//
// All on the crew thread.
#pragma once

#include "flight.h"
#include "roster.h"

struct request {
    uint32_t number;
    enum wire_type type;
    struct worker *worker;
    enum load_lane load;
    bool is_background;    // of the ladder
    struct place end;      // where the worker stands then
    struct probe *probe;   // PROBE; NULL: forgotten
    struct making *making; // FILE; the same
    uint32_t flights;
    struct flight *flight[WIRE_OUTPUTS_MAX]; // NULL: forgotten
    int64_t duration_us[WIRE_OUTPUTS_MAX];   // of what is encoded, for counts
    int output_fd[WIRE_OUTPUTS_MAX];         // in memory; PROBE: the plan
};

// dispatch.c: gives out what can be given out now.
void requests_dispatch(struct jobs *j);

// request.c
struct request *request_new(struct jobs *j, enum wire_type type);
void request_free(struct request *r);
must_check enum err request_open_output(struct request *r, uint32_t i);
// Hands the message to the worker, which is busy then; `fds` stay ours.
must_check enum err request_send(struct jobs *j, struct worker *w,
                                 struct request *r,
                                 const struct wire_message *m, const int *fds,
                                 size_t fd_count, const struct digest *source);
// The answer of a busy worker, which wire_receive() has passed. ERR_BAD_INPUT
// when it is not what was asked: the worker is to be buried.
must_check enum err request_answered(struct jobs *j, struct worker *w,
                                     const struct wire_message *m);
// A flight of it was dropped: its output is not wanted any more.
void request_forget(struct jobs *j, struct request *r, const struct flight *f);
void request_forget_making(struct jobs *j, struct request *r);
// The worker is lost: one attempt of everything in the request is spent,
// unless `is_our_doing`.
void request_lost(struct jobs *j, struct request *r, const char *why,
                  bool is_our_doing);

// link.c: from assets to messages.
// May both be outputs of one MAKE? `f` is what decides the range.
bool link_may_join(const struct flight *f, const struct flight *other);
void link_make(const struct jobs_options *o, struct flight *const *flights,
               uint32_t count, struct wire_make *ret);
void link_ts(const struct flight *f, struct wire_ts *ret);
enum load_lane link_load(const struct flight *f);
// Where a MAKE of this flight begins and ends in the source.
struct place link_begin(const struct flight *f);
struct place link_end(const struct flight *f);
