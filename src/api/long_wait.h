// SPDX-License-Identifier: MIT
// long_wait.h - ?wait=: a request that is answered when something changed.
//
//   wait_begin() --> wait_park() --> looked at again: wait_is_over()? --+
//                         ^                                             | no
//                         +---------------------------------------------+
//
// Facts change without a call to whoever waits for them, so they are looked at
// five times a second.
//
// Threads: the request's.
#pragma once

#include "room.h"

// Lives until the request is over.
struct long_wait {
    struct gate *gate;
    struct id key_id;
    int64_t until_us;
};

// The one parameter there may be, in seconds; 0: nobody waits. False: answered.
bool wait_parameter(struct http_request *r, int64_t *ret_seconds);
// Takes one of the places of the request's key. False: none is free.
must_check bool wait_begin(struct http_request *r, int64_t seconds,
                           struct long_wait *ret);
// Gives it back.
void wait_end(struct long_wait *w);
// `then` looks again. False: too many requests are parked.
must_check bool wait_park(struct http_request *r, const struct long_wait *w,
                          void (*then)(struct http_request *r, bool is_late));
// The time is up, or reeld stops.
bool wait_is_over(struct http_request *r, const struct long_wait *w);
