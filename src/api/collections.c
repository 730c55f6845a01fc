// SPDX-License-Identifier: MIT
// collections.c - folders of assets: list, make, change, remove.
#include "room.h"

#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

#include "task.h"

enum {
    COLLECTION_NAME_MAX = ASSET_NAME_BYTES - 1,
    COLLECTION_DESCRIPTION_MAX = 1023,
};
// The largest whole number that every JSON reader takes as it is.
static const int64_t QUOTA_MAX = (INT64_C(1) << 53) - 1;

static void write_limit(struct json_out *j, const char *name, int64_t limit)
{
    if (limit > 0)
        json_int(j, name, limit);
    else
        json_none(j, name);
}

static void write_one(struct json_out *j, const struct collection *c)
{
    json_open(j, NULL, '{');
    json_text(j, "id", c->id);
    json_text(j, "name", c->name);
    json_text(j, "description", c->description);
    json_time(j, "created_at", c->created_us);
    write_limit(j, "quota_bytes", c->quota_bytes);
    write_limit(j, "quota_assets", c->quota_assets);
    json_int(j, "used_bytes", c->used_bytes);
    json_int(j, "used_assets", c->used_assets);
    json_close(j, '}');
}

static void answer_one(struct reply *p, int status, const struct collection *c)
{
    struct json_out j = reply_json(p, status);
    write_one(&j, c);
    struct str body = buf_view(&p->body);
    struct digest digest = hash_of(body.ptr, body.len);
    char hex[HASH_HEX_BYTES];
    digest_hex(&digest, hex);
    snprintf(p->etag, sizeof(p->etag), "\"%.32s\"", hex);
    p->cache = "private, no-cache";
    if (status == 201)
        snprintf(p->location, sizeof(p->location), "%.*s/v1/collections/%s",
                 240, p->origin, c->id);
}

// Newest last, the order in which the catalog gives them; a cursor is the last
// id seen.
void collection_list(struct http_request *r)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    struct page page;
    if (!parameters_are_known(r, known) || !parameter_page(r, &page))
        return;
    scoped(mem) struct collection *all = NULL;
    size_t count = 0;
    enum err e = catalog_list_collections(api_of(r)->catalog, &all, &count);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    size_t from = 0;
    for (size_t i = 0; i < count && page.cursor.len > 0; i++)
        if (str_eq(page.cursor, str_of(all[i].id)))
            from = i + 1;
    size_t to = from + page.limit < count ? from + page.limit : count;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct json_out j = reply_list_begin(&p);
    for (size_t i = from; i < to; i++)
        write_one(&j, &all[i]);
    reply_list_end(r, &p, &j, to < count ? all[to - 1].id : NULL);
    reply_send(r, &p);
}

static bool find(struct catalog *c, struct str id, struct reply *p,
                 struct collection *ret)
{
    char text[ID_TEXT_BYTES];
    str_copy(text, sizeof(text), id);
    enum err e = id.len < sizeof(text) ? catalog_collection(c, text, ret)
                                       : fail(ERR_NOT_FOUND, "no such id");
    if (e == ERR_NOT_FOUND)
        reply_problem(p, "not_found", "There is no such collection.");
    else if (e != OK)
        reply_error(p, e);
    return e == OK;
}

void collection_get(struct http_request *r)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct collection found = {0};
    if (find(api_of(r)->catalog, http_request_part(r, "id"), &p, &found))
        answer_one(&p, 200, &found);
    reply_send(r, &p);
}

// Null is no limit.
static void read_limit(struct fields *f, const char *name, int64_t *limit)
{
    if (fields_takes_null(f, name))
        *limit = 0;
    else
        (void)fields_int(f, name, 1, QUOTA_MAX, limit);
}

// Lays the fields of the body over *c. Null empties a text.
static enum err read_fields(struct fields *f, struct str body,
                            struct collection *c)
{
    TRY(fields_parse(body, f));
    struct str text = STR("");
    if (fields_takes_null(f, "name") ||
        fields_text(f, "name", TEXT_LINE, COLLECTION_NAME_MAX, &text))
        str_copy(c->name, sizeof(c->name), text);
    text = STR("");
    if (fields_takes_null(f, "description") ||
        fields_text(f, "description", TEXT_LINES, COLLECTION_DESCRIPTION_MAX,
                    &text))
        str_copy(c->description, sizeof(c->description), text);
    read_limit(f, "quota_bytes", &c->quota_bytes);
    read_limit(f, "quota_assets", &c->quota_assets);
    if (c->name[0] == '\0')
        faults_add(&f->faults, STR("name"), "must not be empty");
    return fields_end(f);
}

static void put(struct task *t, struct collection *c, int status)
{
    scoped(fields) struct fields f = {0};
    enum err e = read_fields(&f, task_body(t), c);
    if (e != OK) {
        reply_fields_error(&t->reply, &f, e);
        return;
    }
    e = catalog_put_collection(t->api->catalog, c);
    if (e == OK)
        answer_one(&t->reply, status, c);
    else
        reply_error(&t->reply, e);
}

static void create(struct task *t)
{
    struct collection c = {.created_us = clock_wall_us()};
    struct id id = id_new("c");
    str_copy(c.id, sizeof(c.id), str_of(id.text));
    put(t, &c, 201);
}

void collection_create(struct http_request *r)
{
    task_start(r, create);
}

// The one that the path names, if it is as If-Match says.
static bool find_unchanged(struct task *t, struct collection *ret)
{
    scoped(reply) struct reply now;
    reply_init(&now, STR(""));
    if (!find(t->api->catalog, str_of(t->id), &t->reply, ret))
        return false;
    answer_one(&now, 200, ret);
    return task_if_match(t, now.etag, 0);
}

static void patch(struct task *t)
{
    struct collection c = {0};
    if (find_unchanged(t, &c))
        put(t, &c, 200);
}

void collection_patch(struct http_request *r)
{
    task_start_alone(r, patch);
}

static void delete (struct task *t)
{
    struct collection c = {0};
    if (!find_unchanged(t, &c))
        return;
    enum err e = catalog_remove_collection(t->api->catalog, c.id);
    if (e == OK)
        reply_nothing(&t->reply);
    else if (e == ERR_CONFLICT)
        reply_problem(&t->reply, "conflict",
                      "A collection is removed when it is empty; \"default\" "
                      "stays.");
    else
        reply_error(&t->reply, e);
}

void collection_delete(struct http_request *r)
{
    task_start_alone(r, delete);
}
