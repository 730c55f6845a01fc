// SPDX-License-Identifier: MIT
// webhooks.c - who is told what happened: make, look, change, remove, and what
// became of each try. Scope admin.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/events.h"
#include "task.h"

enum {
    SECRET_TEXT_BYTES = HASH_BASE64_BYTES + 8,
    EVENTS_MAX = 32,
};

// ---- as JSON ---------------------------------------------------------------

static void write_events(struct json_out *j, const struct webhook *w)
{
    json_open(j, "events", '[');
    struct str rest = str_trim(str_of(w->events));
    while (rest.ptr && rest.len > 0)
        json_str(j, NULL, str_cut(&rest, ' '));
    json_close(j, ']');
}

static void write_last(struct json_out *j, const struct webhook *w)
{
    if (w->last_us == 0) {
        json_none(j, "last");
        return;
    }
    json_open(j, "last", '{');
    json_time(j, "at", w->last_us);
    json_int(j, "status", w->last_status);
    if (w->last_error[0])
        json_text(j, "error", w->last_error);
    else
        json_none(j, "error");
    json_close(j, '}');
}

// As libraries of Standard Webhooks take it.
static void write_secret(struct json_out *j, const struct digest *secret)
{
    char text[SECRET_TEXT_BYTES] = "whsec_";
    base64(secret->bytes, sizeof(secret->bytes), text + strlen(text));
    json_text(j, "secret", text);
    explicit_bzero(text, sizeof(text));
}

static void write_one(struct json_out *j, const struct webhook *w,
                      bool has_secret)
{
    json_open(j, NULL, '{');
    json_text(j, "id", w->id.text);
    json_text(j, "url", w->url);
    write_events(j, w);
    json_bool(j, "enabled", w->is_enabled);
    json_time(j, "created_at", w->created_us);
    write_last(j, w);
    if (has_secret)
        write_secret(j, &w->secret);
    json_close(j, '}');
}

// What PATCH may change, for each delivery changes the rest.
static void set_etag(struct reply *p, const struct webhook *w)
{
    scoped(hash) struct hash *h = hash_new();
    hash_add(h, w->url, strlen(w->url) + 1);
    hash_add(h, w->events, strlen(w->events) + 1);
    hash_add(h, &w->is_enabled, sizeof(w->is_enabled));
    struct digest edits = hash_end(h);
    etag_of_halves(&edits, buf_view(&p->body), p->etag);
}

static void answer(struct reply *p, int status, const struct webhook *w,
                   bool has_secret)
{
    struct json_out j = reply_json(p, status);
    write_one(&j, w, has_secret);
    p->cache = has_secret ? "no-store" : "private, no-cache";
    if (!has_secret)
        set_etag(p, w);
    if (status == 201)
        snprintf(p->location, sizeof(p->location), "%.*s/v1/webhooks/%s", 250,
                 p->origin, w->id.text);
}

// ---- reading ---------------------------------------------------------------

static enum err find(struct api *a, struct str text, struct reply *p,
                     struct webhook *ret)
{
    struct id id;
    enum err e = id_parse(text, &id);
    if (e == OK)
        e = catalog_webhook(a->catalog, &id, ret);
    if (e != OK)
        reply_not_found(p, e, "webhook");
    return e;
}

void webhook_get(struct http_request *r)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct webhook w;
    if (find(api_of(r), http_request_part(r, "id"), &p, &w) == OK)
        answer(&p, 200, &w, false);
    reply_send(r, &p);
}

void webhook_list(struct http_request *r)
{
    scoped(mem) struct webhook *all = NULL;
    size_t count = 0;
    enum err e = catalog_list_webhooks(api_of(r)->catalog, &all, &count);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct json_out j = reply_list_begin(&p);
    for (size_t i = 0; i < count; i++)
        write_one(&j, &all[i], false);
    reply_list_end(r, &p, &j, NULL);
    reply_send(r, &p);
}

static void write_delivery(struct json_out *j, const struct delivery_fact *d)
{
    json_open(j, NULL, '{');
    json_text(j, "event", d->event);
    json_text(j, "type", d->type);
    json_text(j, "state", d->state);
    json_int(j, "attempts", d->attempts);
    json_int(j, "status", d->status);
    if (d->error[0])
        json_text(j, "error", d->error);
    else
        json_none(j, "error");
    if (strcmp(d->state, "waiting") == 0 && d->next_us > 0)
        json_time(j, "next_at", d->next_us);
    else
        json_none(j, "next_at");
    json_time(j, "changed_at", d->changed_us);
    json_close(j, '}');
}

static enum err write_deliveries(struct http_request *r,
                                 const struct page *page,
                                 const struct webhook *w, struct reply *p)
{
    int64_t before = 0;
    if (page->cursor.len > 0)
        TRY(str_to_int(page->cursor, 1, INT64_MAX, &before));
    scoped(mem) struct delivery_fact *list =
        NEW_ARRAY(page->limit, struct delivery_fact);
    uint32_t count;
    bool has_more;
    TRY(catalog_list_deliveries(api_of(r)->catalog, &w->id, before, page->limit,
                                list, &count, &has_more));
    struct json_out j = reply_list_begin(p);
    for (uint32_t i = 0; i < count; i++)
        write_delivery(&j, &list[i]);
    char next[24] = "";
    if (has_more)
        snprintf(next, sizeof(next), "%" PRId64, list[count - 1].number);
    reply_list_end(r, p, &j, has_more ? next : NULL);
    return OK;
}

void webhook_deliveries(struct http_request *r)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    struct page page;
    if (!parameters_are_known(r, known) || !parameter_page(r, &page))
        return;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct webhook w;
    if (find(api_of(r), http_request_part(r, "id"), &p, &w) == OK) {
        enum err e = write_deliveries(r, &page, &w, &p);
        if (e == ERR_BAD_INPUT)
            reply_problem(&p, "invalid_request", "That is no cursor.");
        else if (e != OK)
            reply_error(&p, e);
    }
    reply_send(r, &p);
}

// ---- changing --------------------------------------------------------------

struct filter {
    struct buf text; // " asset.ready job.done "
    struct fields *fields;
};

static bool is_event_type(struct str text)
{
    for (size_t i = 0; event_types[i]; i++)
        if (str_eq(text, str_of(event_types[i])))
            return true;
    return false;
}

static void add_event(void *context, struct str text)
{
    struct filter *f = context;
    if (!is_event_type(text)) {
        faults_add(&f->fields->faults, STR("events"),
                   "there are no events \"%.*s\"", STR_ARG(text));
        return;
    }
    buf_printf(&f->text, "%s%.*s ", f->text.len > 0 ? "" : " ", STR_ARG(text));
}

static void read_events(struct fields *f, struct webhook *w)
{
    if (fields_takes_null(f, "events")) {
        w->events[0] = '\0';
        return;
    }
    struct filter filter = {.fields = f};
    buf_init(&filter.text, WEBHOOK_EVENTS_BYTES - 1);
    if (fields_texts(f, "events", EVENTS_MAX, add_event, &filter)) {
        if (buf_end(&filter.text) != OK)
            faults_add(&f->faults, STR("events"), "names too many");
        str_copy(w->events, sizeof(w->events), buf_view(&filter.text));
    }
    buf_done(&filter.text);
}

// Lays the fields of the body over *w.
static enum err read_fields(struct api *a, struct fields *f, struct str body,
                            struct webhook *w)
{
    TRY(fields_parse(body, f));
    struct str url;
    if (fields_text(f, "url", TEXT_LINE, WEBHOOK_URL_BYTES - 1, &url)) {
        if (courier_check_url(a->courier, url) != OK)
            faults_add(&f->faults, STR("url"), "%s", fail_text());
        str_copy(w->url, sizeof(w->url), url);
    }
    if (w->url[0] == '\0' && f->faults.count == 0)
        faults_add(&f->faults, STR("url"), "is missing");
    read_events(f, w);
    fields_bool(f, "enabled", &w->is_enabled);
    return fields_end(f);
}

static void create(struct task *t)
{
    struct webhook w = {
        .id = id_new("w"), .is_enabled = true, .created_us = clock_wall_us()};
    random_bytes(w.secret.bytes, sizeof(w.secret.bytes));
    scoped(fields) struct fields f = {0};
    enum err e = read_fields(t->api, &f, task_body(t), &w);
    if (e != OK) {
        reply_fields_error(&t->reply, &f, e);
        return;
    }
    e = catalog_add_webhook(t->api->catalog, &w);
    if (e == OK)
        answer(&t->reply, 201, &w, true);
    else
        reply_error(&t->reply, e);
}

static bool refuses_replay(struct http_request *r)
{
    if (http_request_header(r, "Idempotency-Key").len == 0)
        return false;
    refuse(r, "invalid_request",
           "A secret is shown once: Idempotency-Key cannot be had here.");
    return true;
}

void webhook_create(struct http_request *r)
{
    if (!refuses_replay(r))
        task_start(r, create);
}

// The one that the path names, if it is as If-Match says.
static bool find_unchanged(struct task *t, struct webhook *ret)
{
    scoped(reply) struct reply now;
    reply_init(&now, STR(""));
    if (find(t->api, str_of(t->id), &t->reply, ret) != OK)
        return false;
    answer(&now, 200, ret, false);
    return task_if_match(t, now.etag, ETAG_EDITS);
}

static void change(struct task *t)
{
    struct webhook w;
    if (!find_unchanged(t, &w))
        return;
    scoped(fields) struct fields f = {0};
    enum err e = read_fields(t->api, &f, task_body(t), &w);
    if (e != OK) {
        reply_fields_error(&t->reply, &f, e);
        return;
    }
    e = catalog_change_webhook(t->api->catalog, &w);
    if (e == OK)
        answer(&t->reply, 200, &w, false);
    else
        reply_error(&t->reply, e);
    courier_look(t->api->courier);
}

void webhook_patch(struct http_request *r)
{
    task_start_alone(r, change);
}

static void rotate(struct task *t)
{
    struct webhook w;
    if (find(t->api, str_of(t->id), &t->reply, &w) != OK)
        return;
    random_bytes(w.secret.bytes, sizeof(w.secret.bytes));
    w.old_until_us = clock_wall_us() + t->api->o.secret_overlap_us;
    enum err e = catalog_change_webhook(t->api->catalog, &w);
    if (e == OK)
        answer(&t->reply, 200, &w, true);
    else
        reply_error(&t->reply, e);
}

void webhook_rotate(struct http_request *r)
{
    if (!refuses_replay(r))
        task_start_alone(r, rotate);
}

static void delete (struct task *t)
{
    struct webhook w;
    if (find(t->api, str_of(t->id), &t->reply, &w) != OK)
        return;
    enum err e = catalog_remove_webhook(t->api->catalog, &w.id);
    if (e != OK && e != ERR_NOT_FOUND)
        reply_error(&t->reply, e);
    else
        reply_nothing(&t->reply);
}

void webhook_delete(struct http_request *r)
{
    task_start(r, delete);
}
