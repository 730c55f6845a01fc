// SPDX-License-Identifier: MIT
// events.c - what happened, and the webhooks that are told.
#include "reeld/catalog/events.h"

#include <stdlib.h>

#include "core.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

const char *const event_types[] = {
    "asset.created", "asset.uploaded",       "asset.ready",    "asset.rejected",
    "asset.deleted", "asset.source_dropped", "job.done",       "job.failed",
    "job.cancelled", "stream.created",       "stream.deleted", NULL,
};

// ---- reading ---------------------------------------------------------------

static void read_event(struct query *q, struct event *e)
{
    e->number = query_get_int(q);
    query_get_text(q, e->id, sizeof(e->id));
    query_get_text(q, e->type, sizeof(e->type));
    e->created_us = query_get_int(q);
    e->data = query_get_heap(q);
}

static void ask_events(struct query *q, struct db *db, const struct id *asset,
                       int64_t after, uint32_t limit)
{
    query_init(q, db, SQL_EVENT_LIST);
    query_text(q, ":asset", asset ? asset->text : NULL);
    query_int(q, ":after", after);
    query_int(q, ":limit", limit);
}

enum err catalog_events(struct catalog *c, const struct id *asset,
                        int64_t after, uint32_t limit,
                        void (*each)(void *context, const struct event *e),
                        void *context)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    ask_events(&q, r.db, asset, after, limit);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            return OK;
        struct event e;
        read_event(&q, &e);
        each(context, &e);
        free(e.data);
    }
}

enum err catalog_last_event(struct catalog *c, int64_t *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_EVENT_LAST);
    TRY(query_one(&q));
    *ret = query_get_int(&q);
    return OK;
}

static void read_webhook(struct query *q, struct webhook *w)
{
    *w = (struct webhook){0};
    query_get_text(q, w->id.text, sizeof(w->id.text));
    query_get_text(q, w->url, sizeof(w->url));
    query_get_text(q, w->events, sizeof(w->events));
    w->is_enabled = query_get_int(q) != 0;
    w->created_us = query_get_int(q);
    w->last_us = query_get_int(q);
    w->last_status = (int)query_get_int(q);
    query_get_text(q, w->last_error, sizeof(w->last_error));
    w->secret = query_get_digest(q);
    w->old_secret = query_get_digest(q);
    w->old_until_us = query_get_int(q);
}

enum err catalog_webhook(struct catalog *c, const struct id *id,
                         struct webhook *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_WEBHOOK_GET);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    read_webhook(&q, ret);
    return OK;
}

enum err catalog_list_webhooks(struct catalog *c, struct webhook **ret,
                               size_t *ret_count)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(mem) struct webhook *list = NULL;
    size_t count = 0, capacity = 0;
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_WEBHOOK_LIST);
    for (;;) {
        bool has_row;
        TRY(query_step(&q, &has_row));
        if (!has_row)
            break;
        struct webhook w;
        read_webhook(&q, &w);
        PUSH(list, count, capacity, w);
    }
    *ret_count = count;
    *ret = take(list);
    return OK;
}

static void read_delivery(struct query *q, struct delivery_fact *d)
{
    d->number = query_get_int(q);
    query_get_text(q, d->event, sizeof(d->event));
    query_get_text(q, d->type, sizeof(d->type));
    query_get_text(q, d->state, sizeof(d->state));
    d->attempts = (uint32_t)query_get_int(q);
    d->next_us = query_get_int(q);
    d->status = (int)query_get_int(q);
    query_get_text(q, d->error, sizeof(d->error));
    d->changed_us = query_get_int(q);
}

enum err catalog_list_deliveries(struct catalog *c, const struct id *webhook,
                                 int64_t before, uint32_t limit,
                                 struct delivery_fact *ret, uint32_t *ret_count,
                                 bool *ret_more)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_DELIVERY_LIST);
    query_text(&q, ":webhook", webhook->text);
    query_int(&q, ":before", before);
    query_int(&q, ":limit", (int64_t)limit + 1);
    uint32_t count = 0;
    bool has_row;
    for (;;) {
        TRY(query_step(&q, &has_row));
        if (!has_row || count == limit)
            break;
        read_delivery(&q, &ret[count++]);
    }
    *ret_count = count;
    *ret_more = has_row;
    return OK;
}

// ---- changes ---------------------------------------------------------------

static void bind_webhook(struct query *q, const struct webhook *w)
{
    query_text(q, ":id", w->id.text);
    query_text(q, ":url", w->url);
    query_text(q, ":events", w->events);
    query_digest(q, ":secret", &w->secret);
    query_int(q, ":is_enabled", w->is_enabled);
}

enum err catalog_add_webhook(struct catalog *c, const struct webhook *w)
{
    scoped(change) struct change change = {0};
    TRY(change_begin(c, DB_DURABLE, &change));
    scoped(query) struct query q;
    query_init(&q, change.db, SQL_WEBHOOK_ADD);
    bind_webhook(&q, w);
    query_int(&q, ":created_us", w->created_us);
    TRY(query_run(&q));
    return change_commit(&change);
}

enum err catalog_change_webhook(struct catalog *c, const struct webhook *w)
{
    scoped(change) struct change change = {0};
    TRY(change_begin(c, DB_DURABLE, &change));
    scoped(query) struct query q;
    query_init(&q, change.db, SQL_WEBHOOK_CHANGE);
    bind_webhook(&q, w);
    query_int(&q, ":old_until_us", w->old_until_us);
    TRY(query_one(&q));
    return change_commit(&change);
}

enum err catalog_remove_webhook(struct catalog *c, const struct id *id)
{
    scoped(change) struct change change = {0};
    TRY(change_begin(c, DB_DURABLE, &change));
    scoped(query) struct query q;
    query_init(&q, change.db, SQL_WEBHOOK_REMOVE);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    return change_commit(&change);
}

enum err callback_add(struct db *db, const struct id *asset,
                      const struct callback *callback)
{
    struct id id = id_new("w");
    scoped(query) struct query q;
    query_init(&q, db, SQL_CALLBACK_ADD);
    query_text(&q, ":id", id.text);
    query_text(&q, ":url", callback->url);
    query_digest(&q, ":secret", &callback->secret);
    query_int(&q, ":created_us", clock_wall_us());
    query_text(&q, ":asset", asset->text);
    query_int(&q, ":is_signed", callback->is_signed);
    return query_run(&q);
}

enum err catalog_owe_answer(struct catalog *c, const struct id *work,
                            const char *origin, const char *url, int64_t most)
{
    struct id id = id_new("w");
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_ANSWER_OWE);
    query_text(&q, ":id", id.text);
    query_text(&q, ":url", url);
    query_int(&q, ":created_us", clock_wall_us());
    query_text(&q, ":work", work->text);
    query_text(&q, ":origin", origin);
    query_int(&q, ":most", most);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_BUSY, "as many call-backs as allowed are owed");
    return change_commit(&w);
}

enum err catalog_next_answer(struct catalog *c, int64_t after,
                             struct answer_owed *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_ANSWER_NEXT);
    query_int(&q, ":after", after);
    bool has_row;
    TRY(query_step(&q, &has_row));
    if (!has_row)
        return fail(ERR_NOT_FOUND, "no further answer is owed");
    *ret = (struct answer_owed){.number = query_get_int(&q)};
    query_get_text(&q, ret->webhook.text, sizeof(ret->webhook.text));
    query_get_text(&q, ret->work.text, sizeof(ret->work.text));
    query_get_text(&q, ret->origin, sizeof(ret->origin));
    return OK;
}

enum err catalog_tell_answer(struct catalog *c, const struct id *webhook,
                             struct str body)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_ANSWER_TELL);
    query_text(&q, ":id", webhook->text);
    query_int(&q, ":now_us", clock_wall_us());
    query_str(&q, ":body", body);
    TRY(query_one(&q));
    return change_commit(&w);
}

void delivery_done(struct delivery *d)
{
    free(d->body);
    d->body = NULL;
    free(d->event.data);
    d->event.data = NULL;
}

// A day longer than the longest pause that callback_pause allows.
static const int64_t horizon_us = INT64_C(8) * 86400 * 1000000;

static enum err claim_row(struct db *db, int64_t lease_us, struct delivery *d)
{
    int64_t now_us = clock_wall_us();
    scoped(query) struct query q;
    query_init(&q, db, SQL_DELIVERY_CLAIM);
    query_int(&q, ":now_us", now_us);
    query_int(&q, ":until_us", now_us + lease_us);
    query_int(&q, ":horizon_us", now_us + horizon_us);
    TRY(query_one(&q));
    d->number = query_get_int(&q);
    d->attempts = (uint32_t)query_get_int(&q);
    return OK;
}

static enum err read_receiver(struct db *db, struct delivery *d,
                              int64_t *ret_event)
{
    struct webhook *w = &d->webhook;
    scoped(query) struct query q;
    query_init(&q, db, SQL_DELIVERY_GET);
    query_int(&q, ":delivery", d->number);
    TRY(query_one(&q));
    query_get_text(&q, w->id.text, sizeof(w->id.text));
    query_get_text(&q, w->url, sizeof(w->url));
    w->secret = query_get_digest(&q);
    w->old_secret = query_get_digest(&q);
    w->old_until_us = query_get_int(&q);
    d->is_signed = query_get_int(&q) != 0;
    *ret_event = query_get_int(&q);
    d->body = query_get_heap(&q);
    return OK;
}

static enum err read_told(struct db *db, int64_t number, struct event *ret)
{
    scoped(query) struct query q;
    ask_events(&q, db, NULL, number - 1, 1);
    TRY(query_one(&q));
    read_event(&q, ret);
    return OK;
}

// A claim that is lost with the power is one try more.
enum err catalog_claim_delivery(struct catalog *c, int64_t lease_us,
                                struct delivery *ret)
{
    scoped(delivery) struct delivery d = {0};
    int64_t event = 0;
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    TRY(claim_row(w.db, lease_us, &d));
    TRY(read_receiver(w.db, &d, &event));
    TRY(read_told(w.db, event, &d.event));
    TRY(change_commit(&w));
    *ret = d;
    d.body = d.event.data = NULL; // the caller's from here on
    return OK;
}

static enum err note_try(struct db *db, int64_t number,
                         const struct delivery_result *r)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_WEBHOOK_TRIED);
    query_int(&q, ":delivery", number);
    query_int(&q, ":now_us", clock_wall_us());
    query_int(&q, ":status", r->status);
    query_text(&q, ":error", r->error);
    query_int(&q, ":is_gone", r->is_gone);
    return query_run(&q);
}

enum err catalog_settle_delivery(struct catalog *c, int64_t number,
                                 const struct delivery_result *r)
{
    static const char *const names[] = {
        [DELIVERY_WAITING] = "waiting",
        [DELIVERY_DELIVERED] = "delivered",
        [DELIVERY_FAILED] = "failed",
    };
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_DELIVERY_SETTLE);
    query_int(&q, ":delivery", number);
    query_text(&q, ":state", names[r->state]);
    query_int(&q, ":next_us", r->next_us);
    query_int(&q, ":status", r->status);
    query_text(&q, ":error", r->error);
    query_int(&q, ":now_us", clock_wall_us());
    TRY(query_one(&q));
    TRY(note_try(w.db, number, r));
    return change_commit(&w);
}

enum err catalog_trim_events(struct catalog *c, int64_t keep)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_LAZY, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_EVENT_TRIM);
    query_int(&q, ":keep", keep);
    TRY(query_run(&q));
    return change_commit(&w);
}
