// SPDX-License-Identifier: MIT
// jobs.c - work that is owed, as people follow it: one, many, cancelled.
#include "reeld/catalog/jobs.h"

#include <stdio.h>

#include "asset_view.h"
#include "reeld/base/mem.h"

#include "job_view.h"
#include "long_wait.h"
#include "task.h"

// ---- as JSON ---------------------------------------------------------------

// How much of the ladder there is, the pieces tell.
static enum err ladder_progress(struct api *a, struct job_fact *job)
{
    scoped(asset) const struct asset *asset = NULL;
    enum err e = catalog_asset(a->catalog, &job->asset, &asset);
    if (e == ERR_NOT_FOUND)
        return OK; // it is going just now
    TRY(e);
    struct asset_progress progress;
    TRY(asset_progress(a, asset, &progress));
    job->progress_done = progress.made;
    job->progress_total = progress.total;
    return OK;
}

enum err api_job(struct api *a, const struct id *id, struct job_fact *ret)
{
    struct job_fact job;
    TRY(catalog_job(a->catalog, id, &job));
    if (job.kind == JOB_LADDER)
        TRY(ladder_progress(a, &job));
    *ret = job;
    return OK;
}

static void write_progress(struct json_out *j, const struct job_fact *job)
{
    int64_t done = job->progress_done, total = job->progress_total;
    if (job->state == JOB_DONE)
        json_int(j, "progress", 1);
    else if (total > 0)
        json_decimal(j, "progress", scale_floor(done, 1000, total), 3);
    else
        json_none(j, "progress");
}

static void write_job(struct json_out *j, const char *name,
                      const struct job_fact *job)
{
    json_open(j, name, '{');
    json_text(j, "id", job->id.text);
    json_text(j, "kind", job_kind_name(job->kind));
    json_text(j, "state", job_state_name(job->state));
    if (job->asset.text[0])
        json_text(j, "asset", job->asset.text);
    else
        json_none(j, "asset");
    write_progress(j, job);
    json_int(j, "attempts", job->attempts);
    if (job->error[0])
        json_text(j, "error", job->error);
    else
        json_none(j, "error");
    json_time(j, "created_at", job->created_us);
    json_time(j, "changed_at", job->changed_us);
    json_close(j, '}');
}

void job_reply(struct reply *p, const struct job_fact *job, int status)
{
    struct json_out j = reply_json(p, status);
    write_job(&j, NULL, job);
    p->cache = "private, no-cache";
    if (status != 200)
        snprintf(p->location, sizeof(p->location), "%.*s/v1/jobs/%s", 250,
                 p->origin, job->id.text);
}

// ---- one -------------------------------------------------------------------

static enum err find(struct api *a, struct str text, struct reply *p,
                     struct job_fact *ret)
{
    struct id id;
    enum err e = id_parse(text, &id);
    if (e == OK)
        e = api_job(a, &id, ret);
    if (e != OK)
        reply_not_found(p, e, "job");
    return e;
}

struct watch {
    struct long_wait wait;
    struct job_fact seen;
};

static void watch_free(void *held)
{
    struct watch *w = held;
    wait_end(&w->wait);
    free(w);
}

static bool is_over(const struct job_fact *job)
{
    return job->state != JOB_QUEUED && job->state != JOB_RUNNING;
}

static bool is_same(const struct job_fact *a, const struct job_fact *b)
{
    return a->state == b->state && a->progress_done == b->progress_done &&
           a->progress_total == b->progress_total;
}

static void look_again(struct http_request *r, bool is_late)
{
    (void)is_late;
    const struct watch *w = call_of(r)->work;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct job_fact job;
    if (find(api_of(r), http_request_part(r, "id"), &p, &job) == OK) {
        if (!wait_is_over(r, &w->wait) && is_same(&job, &w->seen) &&
            wait_park(r, &w->wait, look_again))
            return;
        job_reply(&p, &job, 200);
    }
    reply_send(r, &p);
}

static bool wait_for_change(struct http_request *r, const struct job_fact *job,
                            int64_t seconds)
{
    struct long_wait wait;
    if (is_over(job) || !wait_begin(r, seconds, &wait))
        return false;
    struct watch *w = NEW(struct watch);
    *w = (struct watch){.wait = wait, .seen = *job};
    call_keep(r, w, watch_free);
    return wait_park(r, &w->wait, look_again);
}

void job_get(struct http_request *r)
{
    int64_t seconds = 0;
    if (!wait_parameter(r, &seconds))
        return;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct job_fact job;
    if (find(api_of(r), http_request_part(r, "id"), &p, &job) == OK) {
        if (seconds > 0 && wait_for_change(r, &job, seconds))
            return;
        job_reply(&p, &job, 200);
    }
    reply_send(r, &p);
}

// ---- lists -----------------------------------------------------------------

static bool is_known_state(struct str text)
{
    for (enum job_state s = 0; s < JOB_STATES; s++)
        if (str_eq(text, str_of(job_state_name(s))))
            return true;
    return text.len == 0;
}

static bool is_known_kind(struct str text)
{
    for (enum job_kind k = 0; k < JOB_KINDS; k++)
        if (str_eq(text, str_of(job_kind_name(k))))
            return true;
    return text.len == 0;
}

static bool read_filter(struct http_request *r, struct catalog_job_filter *ret)
{
    static const char *const known[] = {"limit", "cursor", "state",
                                        "kind",  "asset",  NULL};
    struct page page;
    if (!parameters_are_known(r, known) || !parameter_page(r, &page))
        return false;
    struct catalog_job_filter f = {.limit = page.limit, .after = page.cursor};
    http_request_query(r, "state", &f.state);
    http_request_query(r, "kind", &f.kind);
    http_request_query(r, "asset", &f.asset);
    if (!is_known_state(f.state) || !is_known_kind(f.kind)) {
        refuse(r, "invalid_request", "There is no such %s.",
               is_known_state(f.state) ? "kind" : "state");
        return false;
    }
    *ret = f;
    return true;
}

static enum err write_list(struct http_request *r,
                           const struct catalog_job_filter *f, struct reply *p)
{
    struct api *a = api_of(r);
    scoped(mem) struct job_fact *jobs = NEW_ARRAY(f->limit, struct job_fact);
    uint32_t count;
    bool has_more;
    TRY(catalog_list_jobs(a->catalog, f, jobs, &count, &has_more));
    struct json_out j = reply_list_begin(p);
    for (uint32_t i = 0; i < count; i++) {
        if (jobs[i].kind == JOB_LADDER)
            TRY(ladder_progress(a, &jobs[i]));
        write_job(&j, NULL, &jobs[i]);
    }
    reply_list_end(r, p, &j, has_more ? jobs[count - 1].id.text : NULL);
    p->cache = "private, no-cache";
    return OK;
}

void job_list(struct http_request *r)
{
    struct catalog_job_filter f;
    if (!read_filter(r, &f))
        return;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    enum err e = write_list(r, &f, &p);
    if (e != OK)
        reply_error(&p, e);
    reply_send(r, &p);
}

// ---- cancelling ------------------------------------------------------------

static void cancel(struct task *t)
{
    struct job_fact job;
    if (find(t->api, str_of(t->id), &t->reply, &job) != OK)
        return;
    enum err e = catalog_cancel_job(t->api->catalog, &job.id, &job);
    if (e == ERR_CONFLICT) {
        reply_problem(&t->reply, "conflict", "This is not done: %s.",
                      fail_text());
        return;
    }
    if (e != OK) {
        reply_error(&t->reply, e);
        return;
    }
    if (job.kind == JOB_LADDER)
        api_stop_ladder(t->api, &job.asset);
    job_reply(&t->reply, &job, 200);
}

void job_cancel(struct http_request *r)
{
    task_start(r, cancel);
}
