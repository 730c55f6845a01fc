// SPDX-License-Identifier: MIT
// callbacks.c - clients that are called back: looks for the end of their work,
// and hands the answer to those who tell webhooks (reeld/catalog/events.h).
//
//   owed ---> the work is over ---> a delivery with the answer in it
#include "callbacks.h"

#include <time.h>

#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/videodb/answer.h"

#include "outcomes.h"
#include "work.h"

#define LOOK_STEP_US INT64_C(200000)

struct callbacks {
    struct videodb *v;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Guarded by lock:
    bool is_stopping;
    bool has_some; // that are owed, as far as is known
};

enum err callbacks_owe(struct callbacks *c, const struct id *work,
                       struct str url, const char *origin)
{
    TRY(fetch_check_url(c->v->fetcher, url));
    if (url.len >= WEBHOOK_URL_BYTES)
        return fail(ERR_BAD_INPUT, "callback_url is too long");
    outcomes_expect(c->v->outcomes, work);
    scoped(mem) char *text = str_dup(url);
    TRY(catalog_owe_answer(c->v->catalog, work, origin, text,
                           c->v->o.callbacks_owed));
    jobs_look(c->v->jobs); // its probe was asked for by nobody
    HOLD(&c->lock);
    c->has_some = true;
    pthread_cond_signal(&c->changed);
    return OK;
}

// What cannot be told now is looked at again.
static void look_at(struct callbacks *c, const struct answer_owed *one)
{
    outcomes_expect(c->v->outcomes, &one->work);
    scoped(answer) struct answer a;
    answer_init(&a, str_of(one->origin));
    if (!work_is_over(c->v, &one->work, &a))
        return;
    enum err e =
        catalog_tell_answer(c->v->catalog, &one->webhook, answer_text(&a));
    if (e != OK)
        log_warn("callbacks.not_told error=%s", err_name(e));
}

static bool is_stopping(struct callbacks *c)
{
    HOLD(&c->lock);
    return c->is_stopping;
}

// False: none is owed any more.
static bool look_at_all(struct callbacks *c)
{
    struct answer_owed one = {0};
    bool has_some = false;
    while (!is_stopping(c)) {
        enum err e = catalog_next_answer(c->v->catalog, one.number, &one);
        if (e == ERR_NOT_FOUND)
            return has_some;
        has_some = true;
        if (e != OK) {
            log_warn("callbacks.not_read error=%s", err_name(e));
            return true;
        }
        look_at(c, &one);
    }
    return true;
}

// False: it is over.
static bool wait(struct callbacks *c)
{
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    int64_t us = next.tv_nsec / 1000 + LOOK_STEP_US;
    next.tv_sec += us / 1000000;
    next.tv_nsec = us % 1000000 * 1000;
    HOLD(&c->lock);
    while (!c->has_some && !c->is_stopping)
        pthread_cond_wait(&c->changed, &c->lock);
    if (!c->is_stopping)
        pthread_cond_clockwait(&c->changed, &c->lock, CLOCK_MONOTONIC, &next);
    c->has_some = false; // unless one comes while the others are looked at
    return !c->is_stopping;
}

static void *run(void *argument)
{
    struct callbacks *c = argument;
    while (wait(c)) {
        if (!look_at_all(c))
            continue;
        HOLD(&c->lock);
        c->has_some = true;
    }
    return NULL;
}

struct callbacks *callbacks_start(struct videodb *v)
{
    struct callbacks *c = NEW(struct callbacks);
    c->v = v;
    c->has_some = true; // perhaps, of a former life
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->thread = thread_start("answers", ROLE_POOL, run, c);
    return c;
}

void callbacks_stop(struct callbacks *c)
{
    pthread_mutex_lock(&c->lock);
    c->is_stopping = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
}

void callbacks_free(struct callbacks *c)
{
    if (!c)
        return;
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
