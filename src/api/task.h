// SPDX-License-Identifier: MIT
// task.h - a call that changes something: parked while the pool does it.
//
//   handler: task_start() -> parked   pool: run(task) fills the reply -> wake
//
// All that `run` may look at is copied into the task: the request may be gone
// by then.
//
// Threads: as said there.
#pragma once

#include <stdatomic.h>

#include "replay.h"
#include "room.h"

struct task {
    // What the request said:
    struct api *api;
    struct api_key key; // who asks
    char id[64];        // the part "id" of the path
    char *if_match;     // NULL: not sent
    char *body;
    size_t body_len;
    struct replay replay;
    // What becomes of it:
    struct reply reply;
    // How it goes:
    void (*run)(struct task *t);
    bool is_alone;         // no other such task of the same `id` runs meanwhile
    atomic_int references; // the request's and the pool's
    struct http_ticket *ticket;
};

// Ends the handler: parks, runs, answers.
void task_start(struct http_request *r, void (*run)(struct task *t));
// The same where looking and changing belong together: one task at a time an
// id.
void task_start_alone(struct http_request *r, void (*run)(struct task *t));
// The same on a pool of its own choice.
void task_start_on(struct http_request *r, struct pool *pool,
                   void (*run)(struct task *t));
static inline struct str task_body(const struct task *t)
{
    return (struct str){t->body, t->body_len};
}
// Is If-Match met by this ETag (or not sent)? Else *reply is 412. `same` chars
// behind the first quote decide, 0: all of it.
bool task_if_match(struct task *t, const char *etag, size_t same);
