// SPDX-License-Identifier: MIT
// callbacks.c - calls that are owed to clients, one after the other.
//
//   owed ---> the work is over ---> called: 2xx --------> done
//    ^                                 +--> else, again --+--> dropped
//    +---------------------------------+
#include "callbacks.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

#include "answer.h"
#include "outcomes.h"
#include "work.h"

#define LOOK_STEP_US   INT64_C(200000)
#define FIRST_PAUSE_US INT64_C(1000000)
enum { CALLBACK_URL_BYTES = 2049 };
static const char meta_name[] = "videodb-callbacks";

struct owed {
    struct id work;
    char origin[ANSWER_ORIGIN_BYTES];
    char url[CALLBACK_URL_BYTES];
    bool is_known; // its probe was asked for
    int tries;
    int64_t next_us; // not before
};

struct callbacks {
    struct videodb *v;
    pthread_t thread;
    pthread_mutex_t keeping; // orders what is written to the catalog
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Guarded by lock:
    bool is_stopping;
    size_t count, capacity;
    struct owed *owed; // heap
};

// ---- kept ------------------------------------------------------------------

static size_t text_bytes(const struct callbacks *c)
{
    return (size_t)c->v->o.callbacks_owed * sizeof(struct owed);
}

// One line each; none of the three holds a blank.
static enum err keep(struct callbacks *c)
{
    scoped(buf) struct buf text;
    buf_init(&text, text_bytes(c));
    HOLD(&c->keeping);
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->count; i++)
        buf_printf(&text, "%s %s %s\n", c->owed[i].work.text, c->owed[i].origin,
                   c->owed[i].url);
    pthread_mutex_unlock(&c->lock);
    TRY(buf_end(&text));
    return catalog_set_meta(c->v->catalog, meta_name, text.bytes, text.len);
}

static void add(struct callbacks *c, const struct id *work, struct str origin,
                struct str url)
{
    struct owed one = {.work = *work};
    str_copy(one.origin, sizeof(one.origin), origin);
    str_copy(one.url, sizeof(one.url), url);
    PUSH(c->owed, c->count, c->capacity, one);
    outcomes_expect(c->v->outcomes, work);
}

static void load(struct callbacks *c)
{
    scoped(mem) uint8_t *bytes = mem_new(text_bytes(c), 1);
    size_t len = 0;
    enum err e =
        catalog_meta(c->v->catalog, meta_name, bytes, text_bytes(c), &len);
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn("callbacks.not_read error=%s", err_name(e));
    struct str rest = {(const char *)bytes, e == OK ? len : 0};
    while (rest.len > 0) {
        struct str url = str_cut(&rest, '\n');
        struct str work = str_cut(&url, ' '), origin = str_cut(&url, ' ');
        struct id id;
        if (id_parse(work, &id) == OK && url.len > 0)
            add(c, &id, origin, url);
    }
}

static bool add_if_room(struct callbacks *c, const struct id *work,
                        struct str origin, struct str url)
{
    HOLD(&c->lock);
    if (c->count >= (size_t)c->v->o.callbacks_owed)
        return false;
    add(c, work, origin, url);
    pthread_cond_signal(&c->changed);
    return true;
}

enum err callbacks_owe(struct callbacks *c, const struct id *work,
                       struct str url, const char *origin)
{
    TRY(fetch_check_url(c->v->fetcher, url));
    if (url.len >= CALLBACK_URL_BYTES || memchr(url.ptr, ' ', url.len))
        return fail(ERR_BAD_INPUT, "callback_url is too long, or has a blank");
    if (!add_if_room(c, work, str_of(origin), url))
        return fail(ERR_BUSY, "as many call-backs as allowed are owed");
    return keep(c);
}

// ---- done ------------------------------------------------------------------

static bool call(struct callbacks *c, const struct owed *one, struct str body)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          NULL};
    const struct fetch_request q = {
        .url = one->url,
        .timeout_us = c->v->o.callback_timeout_us,
        .stall_us = c->v->o.callback_timeout_us,
        .post = body.ptr,
        .post_len = body.len,
        .headers = headers,
    };
    int status = 0;
    enum err e = fetch_run(c->v->fetcher, &q, &status);
    bool is_taken = status >= 200 && status < 300;
    log_info("callback.%s work=%s status=%d error=%s",
             is_taken ? "made" : "failed", one->work.text, status, err_name(e));
    return is_taken;
}

// True: nothing more is owed.
static bool try_one(struct callbacks *c, struct owed *one)
{
    if (!one->is_known)
        jobs_look(c->v->jobs);
    one->is_known = true;
    scoped(answer) struct answer a;
    answer_init(&a, str_of(one->origin));
    if (!work_is_over(c->v, &one->work, &a))
        return false;
    if (call(c, one, answer_text(&a)))
        return true;
    int64_t pause_us = FIRST_PAUSE_US << min_i64(one->tries, 12);
    one->next_us = clock_now_us() + pause_us;
    return ++one->tries >= c->v->o.callback_tries;
}

// The one that is due, at or behind *at. False: none. With the lock held.
static bool find_due(struct callbacks *c, size_t *at)
{
    int64_t now_us = clock_now_us();
    while (*at < c->count && c->owed[*at].next_us > now_us)
        ++*at;
    return *at < c->count;
}

// Others may be added behind it meanwhile; none is taken away but here.
static bool take_due(struct callbacks *c, size_t *at, struct owed *ret)
{
    HOLD(&c->lock);
    if (c->is_stopping || !find_due(c, at))
        return false;
    *ret = c->owed[*at];
    return true;
}

static void put_back(struct callbacks *c, size_t at, const struct owed *one)
{
    HOLD(&c->lock);
    c->owed[at] = *one;
}

static void drop(struct callbacks *c, size_t at)
{
    pthread_mutex_lock(&c->lock);
    memmove(&c->owed[at], &c->owed[at + 1],
            (--c->count - at) * sizeof(*c->owed));
    pthread_mutex_unlock(&c->lock);
    enum err e = keep(c);
    if (e != OK)
        log_warn("callbacks.not_kept error=%s", err_name(e));
}

static void look_at_all(struct callbacks *c)
{
    struct owed one;
    for (size_t at = 0; take_due(c, &at, &one);) {
        if (try_one(c, &one))
            drop(c, at);
        else
            put_back(c, at++, &one);
    }
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
    while (c->count == 0 && !c->is_stopping)
        pthread_cond_wait(&c->changed, &c->lock);
    if (!c->is_stopping)
        pthread_cond_clockwait(&c->changed, &c->lock, CLOCK_MONOTONIC, &next);
    return !c->is_stopping;
}

static void *run(void *argument)
{
    struct callbacks *c = argument;
    while (wait(c))
        look_at_all(c);
    return NULL;
}

// ---- life ------------------------------------------------------------------

struct callbacks *callbacks_start(struct videodb *v)
{
    struct callbacks *c = NEW(struct callbacks);
    c->v = v;
    pthread_mutex_init(&c->keeping, NULL);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    load(c);
    c->thread = thread_start("callbacks", ROLE_POOL, run, c);
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
    pthread_mutex_destroy(&c->keeping);
    free(c->owed);
    free(c);
}
