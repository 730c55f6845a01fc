// SPDX-License-Identifier: MIT
// task.c - calls that change something, run on the pool.
#include "task.h"

#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

#define TASK_WAIT_US INT64_C(60000000)

static void unref(void *held)
{
    struct task *t = held;
    if (atomic_fetch_sub(&t->references, 1) != 1)
        return;
    reply_done(&t->reply);
    free(t->if_match);
    free(t->body);
    free(t);
}

static void perform(struct task *t)
{
    struct digest claim = hash_of(t->id, strlen(t->id));
    if (t->is_alone)
        claims_own(t->api->claims, &claim);
    t->run(t);
    if (t->is_alone)
        claims_release(t->api->claims, &claim);
}

static void run_on_pool(void *argument)
{
    struct task *t = argument;
    struct api *a = t->api;
    if (replay_begin(&t->replay, a->claims, a->catalog, &t->reply, NULL, 0)) {
        perform(t);
        replay_end(&t->replay, a->claims, a->catalog, &t->reply);
    }
    struct http_ticket *ticket = t->ticket;
    unref(t);
    http_wake(ticket);
}

// The pool may still be at it when it is late: then its reply is not touched.
static void answer(struct http_request *r, bool is_late)
{
    struct task *t = call_of(r)->work;
    if (is_late)
        refuse(r, "busy", "This took too long; it may still come about.");
    else
        reply_send(r, &t->reply);
}

static struct task *task_new(struct http_request *r, void (*run)(struct task *))
{
    struct task *t = NEW(struct task);
    t->api = api_of(r);
    t->key = call_of(r)->key;
    t->run = run;
    atomic_init(&t->references, 1);
    reply_init(&t->reply, api_origin(r));
    str_copy(t->id, sizeof(t->id), http_request_part(r, "id"));
    struct str if_match = http_request_header(r, "If-Match");
    t->if_match = if_match.len > 0 ? str_dup(if_match) : NULL;
    struct str body = http_request_body(r);
    t->body = str_dup(body);
    t->body_len = body.len;
    return t;
}

static void start(struct http_request *r, struct task *t, struct pool *pool)
{
    call_keep(r, t, unref);
    if (str_eq(http_request_method(r), STR("POST"))) {
        struct digest body = hash_of(t->body, t->body_len);
        enum err e = replay_of(r, t->key.id.text, &body, &t->replay);
        if (e != OK) {
            refuse_error(r, e);
            return;
        }
    }
    t->ticket = http_park(r, clock_now_us() + TASK_WAIT_US, answer);
    if (!t->ticket) {
        refuse(r, "busy", "Too many requests wait already.");
        return;
    }
    atomic_fetch_add(&t->references, 1);
    if (pool_run(pool, run_on_pool, t) == OK)
        return;
    reply_problem(&t->reply, "busy", "The server has too much to do.");
    struct http_ticket *ticket = t->ticket;
    unref(t);
    http_wake(ticket);
}

void task_start_on(struct http_request *r, struct pool *pool,
                   void (*run)(struct task *t))
{
    start(r, task_new(r, run), pool);
}

void task_start(struct http_request *r, void (*run)(struct task *t))
{
    task_start_on(r, api_of(r)->pool, run);
}

void task_start_alone(struct http_request *r, void (*run)(struct task *t))
{
    struct task *t = task_new(r, run);
    t->is_alone = true;
    start(r, t, api_of(r)->pool);
}

bool task_if_match(struct task *t, const char *etag, size_t same)
{
    if (!t->if_match)
        return true;
    struct str rest = str_of(t->if_match);
    size_t len = same > 0 ? same + 1 : strlen(etag);
    while (rest.ptr) {
        struct str one = str_trim(str_cut(&rest, ','));
        if (str_eq(one, STR("*")) ||
            (one.len == strlen(etag) && memcmp(one.ptr, etag, len) == 0))
            return true;
    }
    reply_problem(&t->reply, "changed",
                  "It is not any more as If-Match says it was.");
    return false;
}
