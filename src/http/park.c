// SPDX-License-Identifier: MIT
// park.c - requests that wait, on libmicrohttpd's suspend and resume.
#include "park.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "loop.h"
#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/http.h"

enum { HANG_UP_SWEEP_US = 1000000 };

struct park {
    int most;
    pthread_mutex_t lock;
    pthread_cond_t wake; // a nearer deadline, or the end
    pthread_t thread;
    bool has_thread;
    // Guarded by `lock`:
    int holders; // the server and each ticket
    int count;
    bool is_stopping;     // nobody may wait
    bool is_ending;       // the thread ends
    int64_t next_turn_us; // when the thread looks again
    struct park_slot *slots;
    struct pollfd *polled; // `most` each: scratch of the hang-up sweep
    struct park_slot **swept;
};

// The right to wake one slot. `slot` turns NULL when it no longer waits.
struct http_ticket {
    struct park *park;
    struct park_slot *slot;
};

struct park *park_new(int most)
{
    struct park *p = NEW(struct park);
    p->most = most;
    p->holders = 1;
    p->next_turn_us = INT64_MAX;
    p->polled = NEW_ARRAY((size_t)most + 1, struct pollfd);
    p->swept = NEW_ARRAY((size_t)most + 1, struct park_slot *);
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return p;
}

static void release(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    bool is_last = --p->holders == 0;
    pthread_mutex_unlock(&p->lock);
    if (!is_last)
        return;
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->polled);
    free(p->swept);
    free(p);
}

int park_count(struct park *p)
{
    HOLD(&p->lock);
    return p->count;
}

// Takes the slot out of the list: from here on the caller alone may resume it.
// Lock held.
static void take_out(struct park *p, struct park_slot *slot,
                     enum park_outcome outcome)
{
    if (slot->next)
        slot->next->previous = slot->previous;
    if (slot->previous)
        slot->previous->next = slot->next;
    else
        p->slots = slot->next;
    slot->next = slot->previous = NULL;
    slot->outcome = outcome;
    if (slot->ticket)
        slot->ticket->slot = NULL;
    slot->ticket = NULL;
    p->count--;
}

// The library does not wake a daemon that is driven from outside.
static void go_on(struct park_slot *slot)
{
    struct loop *loop = slot->loop; // the slot may end with the next call
    MHD_resume_connection(slot->mhd);
    loop_wake(loop);
}

struct http_ticket *park_wait(struct park *p, struct park_slot *slot)
{
    HOLD(&p->lock);
    if (p->is_stopping || p->count >= p->most)
        return NULL;
    struct http_ticket *t = NEW(struct http_ticket);
    *t = (struct http_ticket){p, slot};
    p->holders++;
    p->count++;
    slot->outcome = PARK_WAITING;
    slot->ticket = t;
    slot->previous = NULL;
    slot->next = p->slots;
    if (slot->next)
        slot->next->previous = slot;
    p->slots = slot;
    MHD_suspend_connection(slot->mhd);
    if (slot->deadline_us < p->next_turn_us)
        pthread_cond_signal(&p->wake);
    return t;
}

// The connection goes on with the lock held, so that park_stop()
// can promise that no connection is left suspended.
static void wake(struct http_ticket *t)
{
    HOLD(&t->park->lock);
    struct park_slot *slot = t->slot;
    if (!slot)
        return;
    take_out(t->park, slot, PARK_WOKEN);
    go_on(slot);
}

void http_wake(struct http_ticket *t)
{
    if (!t)
        return;
    struct park *p = t->park;
    wake(t);
    free(t);
    release(p);
}

static void forget(struct http_ticket *t)
{
    HOLD(&t->park->lock);
    if (t->slot)
        t->slot->ticket = NULL;
}

void http_drop(struct http_ticket *t)
{
    if (!t)
        return;
    struct park *p = t->park;
    forget(t);
    free(t);
    release(p);
}

// ---- the thread ------------------------------------------------------------

// Wakes those whose deadline has passed; returns the next one. Lock held.
static int64_t expire(struct park *p, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    for (struct park_slot *slot = p->slots, *next; slot; slot = next) {
        next = slot->next;
        if (slot->deadline_us > now_us && !p->is_stopping) {
            next_us = min_i64(next_us, slot->deadline_us);
            continue;
        }
        take_out(p, slot, PARK_LATE);
        go_on(slot);
    }
    return next_us;
}

// Takes out those whose client hung up; leaves them in `swept`. POLLRDHUP sees
// the end of the stream even behind bytes that nobody has read. Lock held.
static int take_out_gone(struct park *p)
{
    nfds_t count = 0;
    for (struct park_slot *slot = p->slots; slot; slot = slot->next) {
        p->polled[count] = (struct pollfd){slot->fd, POLLRDHUP, 0};
        p->swept[count++] = slot;
    }
    if (count == 0 || poll(p->polled, count, 0) <= 0)
        return 0;
    int gone = 0;
    for (nfds_t i = 0; i < count; i++) {
        if (!(p->polled[i].revents & (POLLRDHUP | POLLHUP | POLLERR)))
            continue;
        take_out(p, p->swept[i], PARK_GONE);
        p->swept[gone++] = p->swept[i];
    }
    return gone;
}

// A connection cannot end while it is suspended, so its slot and state stay.
static void tell_gone(struct park *p, int count)
{
    for (int i = 0; i < count; i++) {
        struct park_slot *slot = p->swept[i];
        if (slot->gone)
            slot->gone(slot->state);
        HOLD(&p->lock);
        go_on(slot);
    }
}

static struct timespec at_monotonic(int64_t wait_us)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t us = t.tv_nsec / 1000 + wait_us;
    t.tv_sec += us / 1000000;
    t.tv_nsec = us % 1000000 * 1000;
    return t;
}

// One turn: deadlines, and hang-ups when *hang_ups_us has come. False at the
// end.
static bool turn(struct park *p, int64_t *hang_ups_us)
{
    int gone = 0;
    {
        HOLD(&p->lock);
        int64_t now_us = clock_now_us();
        int64_t next_us = expire(p, now_us);
        p->next_turn_us = min_i64(next_us, *hang_ups_us);
        struct timespec t = at_monotonic(max_i64(0, p->next_turn_us - now_us));
        if (!p->is_ending)
            pthread_cond_timedwait(&p->wake, &p->lock, &t);
        if (p->is_ending)
            return false;
        now_us = clock_now_us();
        if (now_us >= *hang_ups_us) {
            *hang_ups_us = now_us + HANG_UP_SWEEP_US;
            gone = take_out_gone(p);
        }
    }
    tell_gone(p, gone);
    return true;
}

static void *run(void *argument)
{
    struct park *p = argument;
    int64_t hang_ups_us = clock_now_us() + HANG_UP_SWEEP_US;
    while (turn(p, &hang_ups_us))
        continue;
    return NULL;
}

void park_start(struct park *p)
{
    p->thread = thread_start("http-park", ROLE_HTTP, run, p);
    p->has_thread = true;
}

static void end_waiting(struct park *p)
{
    HOLD(&p->lock);
    p->is_stopping = true;
    p->is_ending = true;
    expire(p, INT64_MAX);
    pthread_cond_signal(&p->wake);
}

void park_stop(struct park *p)
{
    end_waiting(p);
    // Whoever hung up is resumed by the thread: joined, all are resumed.
    if (p->has_thread)
        pthread_join(p->thread, NULL);
    p->has_thread = false;
}

void park_free(struct park *p)
{
    if (p)
        release(p);
}
