// SPDX-License-Identifier: MIT
// keys.c - API keys over the API: list, make, revoke. Scope admin.
#include "room.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"

#include "task.h"

enum { KEY_LABEL_MAX = sizeof(((struct api_key *)0)->label) - 1 };

static void write_scopes(struct json_out *j, unsigned scopes)
{
    json_open(j, "scopes", '[');
    if (scopes & SCOPE_READ)
        json_text(j, NULL, "read");
    if (scopes & SCOPE_INGEST)
        json_text(j, NULL, "ingest");
    if (scopes & SCOPE_ADMIN)
        json_text(j, NULL, "admin");
    json_close(j, ']');
}

// `secret` NULL: it is known to its owner alone.
static void write_one(struct json_out *j, const struct api_key *key,
                      const char *secret)
{
    json_open(j, NULL, '{');
    json_text(j, "id", key->id.text);
    json_text(j, "label", key->label);
    write_scopes(j, key->scopes);
    json_time(j, "created_at", key->created_us);
    if (key->revoked_us != 0)
        json_time(j, "revoked_at", key->revoked_us);
    else
        json_none(j, "revoked_at");
    if (secret)
        json_text(j, "key", secret);
    json_close(j, '}');
}

void key_list(struct http_request *r)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    struct page page;
    if (!parameters_are_known(r, known) || !parameter_page(r, &page))
        return;
    scoped(mem) struct api_key *all = NULL;
    size_t count = 0;
    enum err e = catalog_list_keys(api_of(r)->catalog, &all, &count);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    size_t from = 0;
    for (size_t i = 0; i < count && page.cursor.len > 0; i++)
        if (str_eq(page.cursor, str_of(all[i].id.text)))
            from = i + 1;
    size_t to = from + page.limit < count ? from + page.limit : count;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct json_out j = reply_list_begin(&p);
    for (size_t i = from; i < to; i++)
        write_one(&j, &all[i], NULL);
    reply_list_end(r, &p, &j, to < count ? all[to - 1].id.text : NULL);
    reply_send(r, &p);
}

struct wanted {
    unsigned scopes;
    bool is_wrong;
};

static void add_scope(void *context, struct str text)
{
    struct wanted *w = context;
    unsigned scope = 0;
    if (api_parse_scopes(text, &scope) != OK)
        w->is_wrong = true;
    w->scopes |= scope;
}

static enum err read_wish(struct fields *f, struct str body,
                          struct wanted *scopes, char **ret_label)
{
    TRY(fields_parse(body, f));
    struct str label = STR("");
    fields_text(f, "label", TEXT_LINE, KEY_LABEL_MAX, &label);
    fields_texts(f, "scopes", 3, add_scope, scopes);
    if (scopes->is_wrong || scopes->scopes == 0)
        faults_add(&f->faults, STR("scopes"),
                   "lists at least one of read, ingest, admin");
    TRY(fields_end(f));
    *ret_label = str_dup(label);
    return OK;
}

static void create(struct task *t)
{
    scoped(fields) struct fields f = {0};
    scoped(mem) char *label = NULL;
    struct wanted scopes = {0};
    enum err e = read_wish(&f, task_body(t), &scopes, &label);
    if (e != OK) {
        reply_fields_error(&t->reply, &f, e);
        return;
    }
    struct api_key key;
    char text[API_KEY_TEXT_BYTES];
    e = api_add_key(t->api->catalog, scopes.scopes, label, &key, text);
    if (e != OK) {
        reply_error(&t->reply, e);
        return;
    }
    struct json_out j = reply_json(&t->reply, 201);
    write_one(&j, &key, text);
    explicit_bzero(text, sizeof(text));
}

// A kept answer would keep the secret, which is told once and stored nowhere.
void key_create(struct http_request *r)
{
    if (http_request_header(r, "Idempotency-Key").len > 0)
        refuse(r, "invalid_request",
               "A key is shown once: Idempotency-Key cannot be had here.");
    else
        task_start(r, create);
}

static void revoke(struct task *t)
{
    struct id id;
    enum err e = id_parse(str_of(t->id), &id);
    if (e == OK)
        e = catalog_revoke_key(t->api->catalog, &id);
    if (e == OK)
        reply_nothing(&t->reply);
    else
        reply_not_found(&t->reply, e, "key");
}

void key_revoke(struct http_request *r)
{
    task_start(r, revoke);
}
