// SPDX-License-Identifier: MIT
// courier.c - the threads: each takes what is due, or sleeps.
#include "courier.h"

#include <assert.h>
#include <time.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/catalog/events.h"

// What was put off becomes due without a call.
enum { IDLE_S = 1 };
static const int64_t TRIM_US = 60000000;

static uint64_t looks_of(struct courier *c)
{
    HOLD(&c->lock);
    return c->looks;
}

// Until somebody called since `seen`, or a while has passed.
static void sleep_idle(struct courier *c, uint64_t seen)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_S;
    HOLD(&c->lock);
    while (c->looks == seen && !atomic_load(&c->is_stopping))
        if (pthread_cond_timedwait(&c->wake, &c->lock, &until) != 0)
            return;
}

bool courier_pauses(struct courier *c)
{
    sleep_idle(c, looks_of(c));
    return !atomic_load(&c->is_stopping);
}

static void *run_pulls(void *argument)
{
    struct courier *c = argument;
    while (!atomic_load(&c->is_stopping)) {
        uint64_t seen = looks_of(c);
        if (!pull_one(c))
            sleep_idle(c, seen);
    }
    return NULL;
}

static void trim_events(struct courier *c)
{
    int64_t now_us = clock_now_us(), due_us = atomic_load(&c->trim_at_us);
    if (now_us < due_us || !atomic_compare_exchange_strong(
                               &c->trim_at_us, &due_us, now_us + TRIM_US))
        return;
    if (catalog_trim_events(c->catalog, c->options.event_history) != OK)
        log_warn("events.not_trimmed why=\"%s\"", fail_text());
}

static void *run_callbacks(void *argument)
{
    struct courier *c = argument;
    while (!atomic_load(&c->is_stopping)) {
        uint64_t seen = looks_of(c);
        if (!deliver_one(c)) {
            trim_events(c);
            sleep_idle(c, seen);
        }
    }
    return NULL;
}

static void start_threads(struct courier *c, int count, const char *name,
                          void *(*run)(void *))
{
    for (int i = 0; i < count; i++)
        c->threads[c->thread_count++] = thread_start(name, ROLE_POOL, run, c);
}

enum err courier_start(const struct courier_options *o, struct fetcher *f,
                       struct store *s, struct catalog *catalog,
                       struct courier **ret)
{
    assert(o->pulls >= 1 && o->callbacks >= 1 &&
           o->pulls + o->callbacks <= COURIER_THREADS_MAX);
    struct courier *c = NEW(struct courier);
    *c = (struct courier){
        .options = *o, .fetcher = f, .store = s, .catalog = catalog};
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    start_threads(c, o->pulls, "pull", run_pulls);
    start_threads(c, o->callbacks, "callback", run_callbacks);
    *ret = c;
    return OK;
}

enum err courier_check_url(const struct courier *c, struct str url)
{
    return fetch_check_url(c->fetcher, url);
}

void courier_look(struct courier *c)
{
    HOLD(&c->lock);
    c->looks++;
    pthread_cond_broadcast(&c->wake);
}

void courier_stop(struct courier *c)
{
    if (!c)
        return;
    atomic_store(&c->is_stopping, true);
    courier_look(c);
    for (int i = 0; i < c->thread_count; i++)
        pthread_join(c->threads[i], NULL);
}

void courier_free(struct courier *c)
{
    if (!c)
        return;
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
