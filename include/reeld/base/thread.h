// SPDX-License-Identifier: MIT
// thread.h - threads with a role, and locks that end with their scope.
//
// A role says what a thread may do; assert_role() at a blocking call turns a
// slip into a crash in tests.
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "reeld/base/scoped.h"

enum thread_role {
    ROLE_ANY = 0, // tests and short programs: may do everything
    ROLE_MAIN = 1,
    ROLE_HTTP = 2, // never changes a fact, syncs, or waits for a worker
    ROLE_CREW = 4, // never syncs
    ROLE_POOL = 8, // never talks to workers
};

void thread_set_role(enum thread_role role);
// The calling thread has one of `roles` (or'ed), or ROLE_ANY.
bool thread_has_role(unsigned roles);
#define assert_role(roles) assert(thread_has_role(roles))

// Starts a joinable thread called `name` (at most 15 characters) with all
// signals blocked. Aborts if the machine gives none.
pthread_t thread_start(const char *name, enum thread_role role,
                       void *(*run)(void *), void *argument);

static inline pthread_mutex_t *mutex_hold(pthread_mutex_t *m)
{
    pthread_mutex_lock(m);
    return m;
}
static inline void mutex_release(pthread_mutex_t *m)
{
    if (m)
        pthread_mutex_unlock(m);
}
DEFINE_SCOPED(mutex, pthread_mutex_t *, mutex_release)
// Holds `m` until the scope ends.
#define HOLD_NAME_(line) hold_##line##_
#define HOLD_JOIN_(line) HOLD_NAME_(line)
#define HOLD(m)                                                                \
    scoped(mutex) pthread_mutex_t *HOLD_JOIN_(__LINE__) = mutex_hold(m)
