// SPDX-License-Identifier: MIT
// errand.h - a request that waits while the pool changes something for it.
//
//   handler: errand_start() -> parked   pool: run(errand) fills the answer
//
// All that `run` may look at is copied: the request may be gone by then.
//
// Threads: as said there.
#pragma once

#include <jansson.h>
#include <stdatomic.h>

#include "reeld/videodb/answer.h"

#include "room.h"

struct errand {
    struct videodb *v;
    struct api_key key;
    enum asset_kind kind; // of the route
    char id[64];          // the part "id" of the path
    json_t *body;         // an object or a list; {} where there was none
    struct answer answer;
    struct id made; // an asset that is to be waited for, instead of the answer
    void (*run)(struct errand *e);
    atomic_int references; // the request's and the pool's
    struct http_ticket *ticket;
};

// "callback_url" of the body, checked; "" where there is none. ERR_BAD_INPUT.
must_check enum err errand_callback(const struct errand *e, struct str *ret);
// Answers that the work is accepted, and calls `url` once it is over. On the
// pool. ERR_BUSY, ERR_IO.
must_check enum err errand_call_back(struct errand *e, const struct id *work,
                                     struct str url);
// Ends the handler: reads the body, parks, runs, answers.
void errand_start(struct http_request *r, void (*run)(struct errand *e));
// The same on a pool of its own, for what waits for workers.
void errand_start_on(struct http_request *r, void (*run)(struct errand *e),
                     struct pool *pool);
