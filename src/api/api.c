// SPDX-License-Identifier: MIT
// api.c - the api comes and goes, and is handed to the http room.
#include "room.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>

#include "reeld/api/routes.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

#include "touch.h"
#include "writers.h"

enum {
    FAILURES_A_MINUTE = 20, // of authentication, from one address
    WAITS_MAX = 1024,
    WAITS_PER_KEY = 64,
    SLOW_THREADS = 2,
    SLOW_WAITING_MAX = 64,
};
#define MINUTE_US INT64_C(60000000)

static char *text_or(const char *text, const char *otherwise)
{
    return mem_text(text && text[0] ? text : otherwise);
}

static void copy_options(struct api *a, const struct api_options *o)
{
    a->o = *o;
    a->o.data_dir = text_or(o->data_dir, ".");
    a->o.web_dir = text_or(o->web_dir, "");
    a->o.public_url = text_or(o->public_url, "");
    a->o.cors_origins = text_or(o->cors_origins, "");
    a->o.frame_ancestors = text_or(o->frame_ancestors, "*");
}

static void free_text(const char *text)
{
    // It is our own copy: struct api_options is const for its givers' sake.
    free((void *)(uintptr_t)text);
}

// No pages are better than no server.
static int open_web(const char *dir)
{
    if (!dir[0])
        return -1;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        log_warn("web.not_there directory=%s", dir);
    return fd;
}

// "https://video.example/" and "https://video.example" are the same.
static void trim_public_url(struct api *a)
{
    struct str url = str_of(a->o.public_url);
    while (url.len > 0 && url.ptr[url.len - 1] == '/')
        url.len--;
    const char *trimmed = str_dup(url);
    free_text(a->o.public_url);
    a->o.public_url = trimmed;
}

// A text that could not be read for want of memory is not a wrong one.
static void *json_memory(size_t bytes)
{
    return mem_new(1, bytes);
}

enum err api_new(const struct api_options *o, struct store *s,
                 struct catalog *c, struct jobs *j, struct courier *k,
                 struct pool *p, struct api **ret)
{
    json_set_alloc_funcs(json_memory, free);
    scoped(api) struct api *a = NEW(struct api);
    copy_options(a, o);
    trim_public_url(a);
    a->store = s;
    a->catalog = c;
    a->jobs = j;
    jobs_maker_of(j, &a->maker);
    a->courier = k;
    a->pool = p;
    a->slow_pool = pool_new(SLOW_THREADS, SLOW_WAITING_MAX);
    a->web_fd = open_web(a->o.web_dir);
    a->started_us = clock_now_us();
    pthread_mutex_init(&a->stop_lock, NULL);
    a->claims = store_claims(s);
    a->writers = writers_new();
    a->failures = limit_new(MINUTE_US / FAILURES_A_MINUTE, FAILURES_A_MINUTE);
    if (o->requests_per_key > 0)
        a->requests = limit_new(1000000 / o->requests_per_key,
                                o->requests_burst > 0 ? o->requests_burst
                                                      : o->requests_per_key);
    a->uploads = gate_new(o->uploads_max, o->uploads_per_key);
    a->waits = gate_new(WAITS_MAX, WAITS_PER_KEY);
    a->watchers = gate_new(o->event_streams, o->event_streams_per_key);
    a->cache = http_cache_new(o->memory_cache_bytes);
    a->touches = touches_new(c, p);
    TRY(grants_open(c, o->grant_life_max_us / 1000000, &a->grants));
    TRY(auth_write_first_key(c, a->o.data_dir));
    *ret = take(a);
    return OK;
}

void api_free(struct api *a)
{
    if (!a)
        return;
    if (a->slow_pool)
        pool_free(a->slow_pool);
    grants_free(a->grants);
    touches_free(a->touches);
    http_cache_free(a->cache);
    gate_free(a->waits);
    gate_free(a->watchers);
    gate_free(a->uploads);
    writers_free(a->writers);
    limit_free(a->requests);
    limit_free(a->failures);
    fd_close(a->web_fd);
    pthread_mutex_destroy(&a->stop_lock);
    free_text(a->o.data_dir);
    free_text(a->o.web_dir);
    free_text(a->o.public_url);
    free_text(a->o.cors_origins);
    free_text(a->o.frame_ancestors);
    free(a);
}

struct http_face api_face(struct api *a)
{
    return (struct http_face){
        .prefix = "",
        .routes = api_routes,
        .route_count = api_route_count,
        .context = a,
        .secret_part = "grant",
        .admit = hook_admit,
        .finish = hook_finish,
        .refuse = hook_refuse,
    };
}

void api_started(struct api *a, struct http_server *server)
{
    atomic_store(&a->server, server);
    log_info("api.serving port=%d", http_port(server));
}

void api_stopping(struct api *a)
{
    HOLD(&a->stop_lock);
    atomic_store(&a->is_stopping, true);
}

bool api_enter_upload(struct api *a, const struct id *key)
{
    return gate_enter(a->uploads, str_of(key->text));
}

void api_leave_upload(struct api *a, const struct id *key)
{
    gate_leave(a->uploads, str_of(key->text));
}

void api_forget_jobs(struct api *a, const struct id *asset)
{
    HOLD(&a->stop_lock);
    if (!atomic_load(&a->is_stopping))
        jobs_forget(a->jobs, asset);
}

void api_stop_ladder(struct api *a, const struct id *asset)
{
    HOLD(&a->stop_lock);
    if (!atomic_load(&a->is_stopping))
        jobs_stop_ladder(a->jobs, asset);
}

void api_look(struct api *a)
{
    HOLD(&a->stop_lock);
    if (!atomic_load(&a->is_stopping))
        jobs_look(a->jobs);
}

enum err api_rotate_grants(struct api *a)
{
    return grants_rotate(a->grants);
}
