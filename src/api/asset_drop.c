// SPDX-License-Identifier: MIT
// asset_drop.c - DELETE .../source: the uploaded bytes go, the asset plays on.
#include "reeld/api/face.h"
#include "reeld/catalog/kept.h"

#include "job_view.h"
#include "task.h"

enum err api_drop_source(struct api *a, const struct id *asset,
                         struct job_fact *ret)
{
    struct id job;
    TRY(catalog_begin_drop(a->catalog, asset, &job));
    TRY(api_job(a, &job, ret));
    api_look(a);
    return OK;
}

static void drop(struct task *t)
{
    struct id id;
    struct job_fact job;
    enum err e = id_parse(str_of(t->id), &id);
    if (e == OK)
        e = api_drop_source(t->api, &id, &job);
    switch (e) {
    case OK:
        job_reply(&t->reply, &job, 202);
        return;
    case ERR_GONE: // it is as it was asked to be
        reply_nothing(&t->reply);
        return;
    case ERR_CONFLICT:
        reply_problem(&t->reply, "conflict", "The source stays: %s.",
                      fail_text());
        return;
    default:
        reply_not_found(&t->reply, e, "asset");
    }
}

void asset_drop_source(struct http_request *r)
{
    task_start(r, drop);
}
