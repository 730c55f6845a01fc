// SPDX-License-Identifier: MIT
// system.c - how the server is: for people (/v1/system) and for watchdogs.
#include "room.h"

#include <jansson.h>
#include <string.h>

#include "reeld/base/clock.h"

static const char *const urgency_names[JOBS_URGENCIES] = {
    "now", "next", "image", "probe", "edge", "download", "ladder",
};

static enum err write_space(struct api *a, struct json_out *j)
{
    int64_t free_bytes = 0, total_bytes = 0, made_bytes = 0;
    TRY(store_space(a->store, &free_bytes, &total_bytes));
    TRY(catalog_piece_bytes(a->catalog, &made_bytes));
    json_open(j, "space", '{');
    json_int(j, "free_bytes", free_bytes);
    json_int(j, "total_bytes", total_bytes);
    json_int(j, "kept_free_bytes", a->o.keep_free_bytes);
    json_int(j, "made_bytes", made_bytes);
    json_close(j, '}');
    return OK;
}

static enum err write_queue(struct api *a, const struct jobs_counts *counts,
                            struct json_out *j)
{
    int64_t jobs[JOB_KINDS][JOB_STATES];
    TRY(catalog_job_counts(a->catalog, jobs));
    json_open(j, "queue", '{');
    json_open(j, "pieces", '{');
    for (int i = 0; i < JOBS_URGENCIES; i++)
        json_int(j, urgency_names[i], counts->waiting[i]);
    json_close(j, '}');
    for (enum job_kind kind = 0; kind < JOB_KINDS; kind++) {
        json_open(j, job_kind_name(kind), '{');
        for (enum job_state state = 0; state < JOB_STATES; state++)
            json_int(j, job_state_name(state), jobs[kind][state]);
        json_close(j, '}');
    }
    json_close(j, '}');
    return OK;
}

static void write_workers(const struct jobs_counts *counts, struct json_out *j)
{
    json_open(j, "workers", '{');
    json_int(j, "busy", counts->workers_busy);
    json_int(j, "spare", counts->workers_spare);
    json_int(j, "deaths", counts->worker_deaths);
    json_bool(j, "has_seccomp", counts->has_seccomp);
    json_bool(j, "has_landlock", counts->has_landlock);
    json_close(j, '}');
    json_open(j, "made", '{');
    json_int(j, "pieces", counts->made);
    json_int(j, "failed", counts->failed);
    json_int(j, "evicted_pieces", counts->evicted_pieces);
    json_int(j, "evicted_bytes", counts->evicted_bytes);
    // Seconds of media for each second of CPU; null before the first.
    if (counts->cpu_us_spent > 0)
        json_decimal(
            j, "encode_speed",
            scale_floor(counts->media_us_made, 100, counts->cpu_us_spent), 2);
    else
        json_none(j, "encode_speed");
    json_close(j, '}');
}

static enum err write_system(struct api *a, struct json_out *j)
{
    struct jobs_counts counts = jobs_counts(a->jobs);
    json_open(j, NULL, '{');
    json_text(j, "version", REELD_VERSION);
    json_int(j, "uptime_seconds", (clock_now_us() - a->started_us) / 1000000);
    json_time(j, "time", clock_wall_us());
    json_open(j, "libraries", '{');
    json_text(j, "worker", counts.build);
    json_text(j, "jansson", jansson_version_str());
    json_close(j, '}');
    TRY(write_space(a, j));
    TRY(write_queue(a, &counts, j));
    write_workers(&counts, j);
    json_open(j, "limits", '{');
    json_int(j, "upload_bytes", a->o.upload_limit_bytes);
    json_int(j, "uploads", a->o.uploads_max);
    json_int(j, "uploads_per_key", a->o.uploads_per_key);
    json_int(j, "requests_per_key", a->o.requests_per_key);
    json_close(j, '}');
    json_close(j, '}');
    return OK;
}

void system_get(struct http_request *r)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct json_out j = reply_json(&p, 200);
    enum err e = write_system(api_of(r), &j);
    if (e != OK)
        reply_error(&p, e);
    reply_send(r, &p);
}

void system_version(struct http_request *r)
{
    http_header(r, "Cache-Control", "no-store");
    http_reply(r, 200, "application/json",
               STR("{\"name\":\"reeld\",\"version\":\"" REELD_VERSION "\"}"));
}

void system_health(struct http_request *r)
{
    http_header(r, "Cache-Control", "no-store");
    http_reply(r, 200, "text/plain; charset=utf-8", STR("ok\n"));
}

// Ready: the catalog answers, and it is not about to stop.
void system_ready(struct http_request *r)
{
    struct api *a = api_of(r);
    struct collection any;
    bool is_ready = !atomic_load(&a->is_stopping) &&
                    catalog_collection(a->catalog, "default", &any) == OK;
    http_header(r, "Cache-Control", "no-store");
    http_reply(r, is_ready ? 200 : 503, "text/plain; charset=utf-8",
               is_ready ? STR("ready\n") : STR("not ready\n"));
}
