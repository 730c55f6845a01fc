// SPDX-License-Identifier: MIT
// collections.c - collections: list, get, create, change, delete.
#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/videodb/read.h"

#include "errand.h"
#include "view.h"

static void write_members(struct json_out *j, const struct collection *c)
{
    json_text(j, "id", c->id);
    json_text(j, "name", c->name);
    json_text(j, "description", c->description);
    json_bool(j, "is_public", false);
}

void vdb_collection_list(struct http_request *r)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    scoped(mem) struct collection *all = NULL;
    size_t count = 0;
    enum err e = catalog_list_collections(videodb_of(r)->catalog, &all, &count);
    if (e != OK) {
        answer_error(&a, e);
    } else {
        struct json_out *j = answer_data(&a, '{');
        json_text(j, "default_collection", "default");
        json_open(j, "collections", '[');
        for (size_t i = 0; i < count; i++) {
            json_open(j, NULL, '{');
            write_members(j, &all[i]);
            json_close(j, '}');
        }
        json_close(j, ']');
    }
    answer_send(r, &a);
}

static void tell(struct answer *a, enum err e, const struct collection *c)
{
    if (e == OK)
        write_members(answer_data(a, '{'), c);
    else
        answer_error(a, e);
}

void vdb_collection_get(struct http_request *r)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    struct collection found = {0};
    enum err e =
        view_find_collection(videodb_of(r), http_request_part(r, "id"), &found);
    tell(&a, e, &found);
    answer_send(r, &a);
}

// Lays what the body says over *c.
static enum err read_members(const json_t *body, struct collection *c,
                             bool *ret_is_public)
{
    struct str name = str_of(c->name), description = str_of(c->description);
    TRY(read_text(body, "name", TEXT_LINE, sizeof(c->name) - 1, &name));
    TRY(read_text(body, "description", TEXT_LINES, sizeof(c->description) - 1,
                  &description));
    TRY(read_bool(body, "is_public", ret_is_public));
    if (name.len == 0)
        return fail(ERR_BAD_INPUT, "a collection needs a name");
    if (name.ptr != c->name)
        str_copy(c->name, sizeof(c->name), name);
    if (description.ptr != c->description)
        str_copy(c->description, sizeof(c->description), description);
    return OK;
}

static void put(struct errand *e, struct collection *c)
{
    bool is_public = false;
    enum err result = read_members(e->body, c, &is_public);
    if (result == OK && is_public) {
        answer_problem(&e->answer, "not_implemented",
                       "Public collections are not in this server: hand out "
                       "stream URLs instead.");
        return;
    }
    if (result == OK)
        result = catalog_put_collection(e->v->catalog, c);
    tell(&e->answer, result, c);
}

static void create(struct errand *e)
{
    struct collection c = {.created_us = clock_wall_us()};
    struct id id = id_new("c");
    str_copy(c.id, sizeof(c.id), str_of(id.text));
    put(e, &c);
}

void vdb_collection_create(struct http_request *r)
{
    errand_start(r, create);
}

static void change(struct errand *e)
{
    struct collection c = {0};
    enum err result = view_find_collection(e->v, str_of(e->id), &c);
    if (result == OK)
        put(e, &c);
    else
        answer_error(&e->answer, result);
}

void vdb_collection_change(struct http_request *r)
{
    errand_start(r, change);
}

static void delete (struct errand *e)
{
    struct collection c = {0};
    enum err result = view_find_collection(e->v, str_of(e->id), &c);
    if (result == OK)
        result = catalog_remove_collection(e->v->catalog, c.id);
    if (result == OK)
        answer_ok(&e->answer);
    else if (result == ERR_CONFLICT)
        answer_problem(&e->answer, "conflict",
                       "A collection is deleted when it is empty; \"default\" "
                       "stays.");
    else
        answer_error(&e->answer, result);
}

void vdb_collection_delete(struct http_request *r)
{
    errand_start(r, delete);
}
