// SPDX-License-Identifier: MIT
// errand.c - requests that change something, run on the pool.
#include "errand.h"

#include "reeld/api/fields.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/videodb/read.h"

#include "callbacks.h"
#include "work.h"

// Python gives up after 30 s without a byte.
#define ERRAND_WAIT_US INT64_C(25000000)
enum { CALLBACK_URL_MOST = 2048 };

static void unref(void *held)
{
    struct errand *e = held;
    if (atomic_fetch_sub(&e->references, 1) != 1)
        return;
    answer_done(&e->answer);
    json_decref(e->body);
    free(e);
}

static void run_on_pool(void *argument)
{
    struct errand *e = argument;
    e->run(e);
    struct http_ticket *ticket = e->ticket;
    unref(e);
    http_wake(ticket);
}

// The pool may still be at it when it is late: then its answer is not touched.
static void after(struct http_request *r, bool is_late)
{
    struct errand *e = visit_of(r)->work;
    if (is_late) {
        answer_refuse(r, "busy",
                      "This took too long; it may still come about.");
        return;
    }
    struct id made = e->made;
    if (made.text[0] == '\0') {
        answer_send(r, &e->answer);
        return;
    }
    unref(e);
    work_hold(r, &made);
}

enum err errand_callback(const struct errand *e, struct str *ret)
{
    struct str url = STR("");
    TRY(read_text(e->body, "callback_url", TEXT_LINE, CALLBACK_URL_MOST, &url));
    if (url.len > 0)
        TRY(fetch_check_url(e->v->fetcher, url));
    *ret = url;
    return OK;
}

enum err errand_call_back(struct errand *e, const struct id *work,
                          struct str url)
{
    TRY(callbacks_owe(e->v->callbacks, work, url, e->answer.origin));
    answer_accepted(&e->answer);
    return OK;
}

static enum err read_body(struct http_request *r, json_t **ret)
{
    // Python claims a type and sends nothing, Node sends {}.
    struct str body = http_request_body(r);
    return json_value_parse(body.len > 0 ? body : STR("{}"), ret);
}

void errand_start_on(struct http_request *r, void (*run)(struct errand *e),
                     struct pool *pool)
{
    json_t *body = NULL;
    if (read_body(r, &body) != OK) {
        answer_refuse(r, "invalid_request", "The body is %s.", fail_text());
        return;
    }
    struct errand *e = NEW(struct errand);
    e->v = videodb_of(r);
    e->key = visit_of(r)->key;
    e->kind = kind_of(r);
    e->body = body;
    e->run = run;
    atomic_init(&e->references, 1);
    answer_init(&e->answer, origin_of(r));
    str_copy(e->id, sizeof(e->id), http_request_part(r, "id"));
    visit_keep(r, e, unref);
    e->ticket = http_park(r, clock_now_us() + ERRAND_WAIT_US, after);
    if (!e->ticket) {
        answer_refuse(r, "busy", "Too many requests wait already.");
        return;
    }
    atomic_fetch_add(&e->references, 1);
    if (pool_run(pool, run_on_pool, e) == OK)
        return;
    answer_problem(&e->answer, "busy", "The server has too much to do.");
    struct http_ticket *ticket = e->ticket;
    unref(e);
    http_wake(ticket);
}

void errand_start(struct http_request *r, void (*run)(struct errand *e))
{
    errand_start_on(r, run, videodb_of(r)->pool);
}
