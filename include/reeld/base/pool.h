// SPDX-License-Identifier: MIT
// pool.h - a few threads that do what may block: sync, remove, change facts.
//
// Threads: any may call; the tasks run on threads of ROLE_POOL.
#pragma once

#include "reeld/base/err.h"

struct pool;

// `threads` >= 1; `most_waiting` bounds the queue.
struct pool *pool_new(int threads, int most_waiting);
// Runs `work(argument)` later, in order of arrival. ERR_BUSY when the queue is
// full or the pool is stopping: `work` is then never called.
must_check enum err pool_run(struct pool *p, void (*work)(void *),
                             void *argument);
// Refuses new tasks, does those that wait, joins its threads.
void pool_free(struct pool *p);
