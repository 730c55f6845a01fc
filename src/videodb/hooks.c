// SPDX-License-Identifier: MIT
// hooks.c - what happens before every handler and to every answer.
#include <string.h>

#include "reeld/api/problem.h"
#include "reeld/base/mem.h"
#include "reeld/videodb/answer.h"

#include "room.h"

static void visit_free(void *held)
{
    struct visit *visit = held;
    if (visit->free_work)
        visit->free_work(visit->work);
    explicit_bzero(&visit->key, sizeof(visit->key));
    free(visit);
}

void visit_keep(struct http_request *r, void *work,
                void (*free_work)(void *work))
{
    struct visit *visit = visit_of(r);
    visit->work = work;
    visit->free_work = free_work;
}

// Clients say application/json about GETs and empty bodies as well, so nothing
// is made of Content-Type.
bool vdb_admit(struct http_request *r)
{
    unsigned flags = http_request_flags(r);
    struct api_key key = {0};
    struct refusal why = {0};
    bool is_admitted =
        !(flags & VISIT_SCOPES) ||
        api_admit(videodb_of(r)->api, r, flags & VISIT_SCOPES, &key, &why);
    if (!is_admitted) {
        answer_refuse_why(r, &why);
        return false;
    }
    struct visit *visit = NEW(struct visit);
    visit->key = key;
    http_request_set_state(r, visit, visit_free);
    return !(flags & VISIT_UPLOAD) || vdb_upload_admit(r);
}

void vdb_finish(struct http_request *r, int status)
{
    (void)status;
    char id[80];
    str_copy(id, sizeof(id), http_request_id(r));
    http_header(r, "X-Request-Id", id);
    http_header(r, "X-Content-Type-Options", "nosniff");
}

// Errors that are found before there is a handler.
void vdb_refuse(struct http_request *r, int status, const char *code,
                const char *detail)
{
    const struct problem *kind = problem_find(code ? code : "");
    if (kind->status != status)
        kind = problem_of_status(status);
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    answer_problem(&a, kind->code, "%s",
                   detail && detail[0] ? detail : kind->text);
    a.status = status;
    answer_send(r, &a);
}
