// SPDX-License-Identifier: MIT
// long_wait.c - ?wait=: a request that is answered when something changed.
#include "long_wait.h"

#include "reeld/base/clock.h"
#include "reeld/base/math.h"

enum { WAIT_MAX_S = 60 };
#define WAIT_STEP_US INT64_C(200000)

bool wait_parameter(struct http_request *r, int64_t *ret_seconds)
{
    static const char *const known[] = {"wait", NULL};
    return parameters_are_known(r, known) &&
           parameter_int(r, "wait", 0, WAIT_MAX_S, 0, ret_seconds);
}

bool wait_begin(struct http_request *r, int64_t seconds, struct long_wait *ret)
{
    struct gate *gate = api_of(r)->waits;
    struct id key_id = call_of(r)->key.id;
    if (!gate_enter(gate, str_of(key_id.text)))
        return false;
    *ret = (struct long_wait){.gate = gate,
                              .key_id = key_id,
                              .until_us = clock_now_us() + seconds * 1000000};
    return true;
}

void wait_end(struct long_wait *w)
{
    gate_leave(w->gate, str_of(w->key_id.text));
}

bool wait_park(struct http_request *r, const struct long_wait *w,
               void (*then)(struct http_request *r, bool is_late))
{
    int64_t next_us = min_i64(clock_now_us() + WAIT_STEP_US, w->until_us);
    struct http_ticket *ticket = http_park(r, next_us, then);
    if (!ticket)
        return false;
    http_drop(ticket); // nobody will wake it: the deadline does
    return true;
}

bool wait_is_over(struct http_request *r, const struct long_wait *w)
{
    return clock_now_us() >= w->until_us ||
           atomic_load(&api_of(r)->is_stopping);
}
