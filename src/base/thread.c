// SPDX-License-Identifier: MIT
// thread.c - threads with a role.
#include "reeld/base/thread.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/log.h"
#include "reeld/base/mem.h"

enum { NAME_BYTES = 16 }; // pthread_setname_np(3)

static _Thread_local enum thread_role own_role = ROLE_ANY;

void thread_set_role(enum thread_role role)
{
    own_role = role;
}

bool thread_has_role(unsigned roles)
{
    return own_role == ROLE_ANY || ((unsigned)own_role & roles) != 0;
}

struct start {
    char name[NAME_BYTES];
    enum thread_role role;
    void *(*run)(void *);
    void *argument;
};

static void *run_thread(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    // A thread without its name works as well: the name is for people.
    pthread_setname_np(pthread_self(), start.name);
    thread_set_role(start.role);
    return start.run(start.argument);
}

// All but the signals that a thread sends itself by going wrong: blocking them
// would hide the report of a crash.
static void signals_to_block(sigset_t *set)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigfillset(set);
    for (size_t i = 0; i < sizeof(own_faults) / sizeof(*own_faults); i++)
        sigdelset(set, own_faults[i]);
}

pthread_t thread_start(const char *name, enum thread_role role,
                       void *(*run)(void *), void *argument)
{
    assert(strlen(name) < NAME_BYTES);
    struct start *start = NEW(struct start);
    *start = (struct start){.role = role, .run = run, .argument = argument};
    str_copy(start->name, sizeof(start->name), str_of(name));
    // The new thread inherits the mask, so no signal can slip in between.
    sigset_t blocked, before;
    signals_to_block(&blocked);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run_thread, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        log_error("thread.start name=%s error=%d", name, error);
        abort();
    }
    return thread;
}
