// SPDX-License-Identifier: MIT
// room.h - what the files of this room share: the api, a call, its handlers.
//
// State of a request (http_request_state()): a struct call on routes that need
// a key, set by admit; on /p/ nothing, or what waits for a piece.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "reeld/api.h"
#include "reeld/base/thread.h"
#include "reeld/http.h"
#include "reeld/jobs/maker.h"

#include "reeld/api/face.h"
#include "reeld/api/grant.h"
#include "reeld/api/limit.h"
#include "reeld/store/claims.h"
#include "reply.h"

struct api {
    struct api_options o; // its texts are copies
    struct store *store;
    struct catalog *catalog;
    struct jobs *jobs;
    struct jobs_maker maker;
    struct courier *courier;
    struct pool *pool;
    struct pool *slow_pool; // its own: of what waits for workers
    struct grants *grants;
    struct claims *claims;   // the store's
    struct limit *failures;  // of authentication, by address
    struct limit *requests;  // by key; NULL: no limit
    struct gate *uploads;    // by key
    struct writers *writers; // of resumable uploads
    struct gate *watchers;   // of events, by key
    struct gate *waits;      // ?wait=, by key
    struct http_cache *cache;
    struct touches *touches; // of pieces that were served
    int web_fd;              // of web_dir, -1: none
    int64_t started_us;
    _Atomic(struct http_server *) server;
    atomic_bool is_stopping;
    pthread_mutex_t stop_lock; // see api_forget_jobs()
};

static inline struct api *api_of(const struct http_request *r)
{
    return http_request_context(r);
}
static inline struct str api_origin(const struct http_request *r)
{
    return api_url_base(api_of(r), r);
}

// jobs_forget(), for the pool: its tasks may outlive the jobs room, so nothing
// is said to it once api_stopping() was called. (The next start finds no job of
// an asset that is gone.)
void api_forget_jobs(struct api *a, const struct id *asset);
// jobs_stop_ladder() and jobs_look(), in the same way.
void api_stop_ladder(struct api *a, const struct id *asset);
void api_look(struct api *a);

// One request with a key. What a handler sets up lives in `work` until the
// request is over.
struct call {
    struct api *api;
    struct api_key key;
    void *work;
    void (*free_work)(void *work);
};
static inline struct call *call_of(const struct http_request *r)
{
    return http_request_state(r);
}
void call_keep(struct http_request *r, void *work,
               void (*free_work)(void *work));

// Answers with a problem at once.
void refuse(struct http_request *r, const char *code, const char *format, ...)
    printf_like(3, 4);
void refuse_error(struct http_request *r, enum err e);

// A number in the query, or `otherwise`; answers 400 and returns false when it
// is malformed or out of [least, most].
bool parameter_int(struct http_request *r, const char *name, int64_t least,
                   int64_t most, int64_t otherwise, int64_t *ret);
// Every parameter is in `known` (NULL behind the last); else 400, false.
bool parameters_are_known(struct http_request *r, const char *const *known);
// ?container= is ts or cmaf, or 400 and false.
bool parameter_container(struct http_request *r, bool *ret_wants_ts);
// ?limit= and ?cursor=. False: answered.
struct page {
    uint32_t limit;
    struct str cursor; // empty: from the beginning
};
enum { PAGE_LIMIT_MAX = 200, PAGE_LIMIT = 50 };
bool parameter_page(struct http_request *r, struct page *ret);
// Begins the answer that is a list; its items are the writer's next values.
struct json_out reply_list_begin(struct reply *p);
// Ends it with "next" (NULL: none) and Link: rel="next" with this path and
// query and another cursor.
void reply_list_end(struct http_request *r, struct reply *p, struct json_out *j,
                    const char *next);

// ---- auth.c ----------------------------------------------------------------

// Who calls, by Authorization or x-access-token. Answers 401, 403 or 429 and
// returns false where it is nobody, or nobody who may.
bool auth_admit(struct http_request *r, unsigned scopes, struct api_key *ret);
// Where no key is live: makes one of scope admin, written to admin.key.
must_check enum err auth_write_first_key(struct catalog *c,
                                         const char *data_dir);

// ---- hooks.c ---------------------------------------------------------------

bool hook_admit(struct http_request *r);
void hook_finish(struct http_request *r, int status);
void hook_refuse(struct http_request *r, int status, const char *code,
                 const char *detail);

// ---- handlers, one file each -----------------------------------------------

extern const struct http_upload uploads;

void event_stream(struct http_request *r);
void event_stream_of_asset(struct http_request *r);

void webhook_list(struct http_request *r);
void webhook_create(struct http_request *r);
void webhook_get(struct http_request *r);
void webhook_patch(struct http_request *r);
void webhook_delete(struct http_request *r);
void webhook_rotate(struct http_request *r);
void webhook_deliveries(struct http_request *r);

void pull_create(struct http_request *r);
void job_list(struct http_request *r);
void job_get(struct http_request *r);
void job_cancel(struct http_request *r);

bool upload_admit(struct http_request *r);
void upload_handle(struct http_request *r);

extern const struct http_upload tus_put;
bool tus_admit(struct http_request *r);
void tus_handle(struct http_request *r); // POST, PATCH
void tus_get(struct http_request *r);    // HEAD, GET
void tus_delete(struct http_request *r);
void tus_finish(struct http_request *r, int status); // hook_finish's part

void asset_list(struct http_request *r);
void asset_get(struct http_request *r);
void asset_patch(struct http_request *r);
void asset_delete(struct http_request *r);
void asset_drop_source(struct http_request *r);
void asset_source(struct http_request *r);
void asset_grant(struct http_request *r);
void asset_frame(struct http_request *r);
void asset_reframe(struct http_request *r);

void stream_create(struct http_request *r);
void stream_list(struct http_request *r);
void stream_get(struct http_request *r);
void stream_delete(struct http_request *r);
void stream_grant(struct http_request *r);

void collection_list(struct http_request *r);
void collection_get(struct http_request *r);
void collection_create(struct http_request *r);
void collection_patch(struct http_request *r);
void collection_delete(struct http_request *r);

void key_list(struct http_request *r);
void key_create(struct http_request *r);
void key_revoke(struct http_request *r);

void system_get(struct http_request *r);
void system_metrics(struct http_request *r);
void system_health(struct http_request *r);
void system_ready(struct http_request *r);
void system_version(struct http_request *r);

void clip_hls(struct http_request *r);
void clip_dash(struct http_request *r);

void playback_get(struct http_request *r);
void openapi_get(struct http_request *r);
void page_get(struct http_request *r);
void web_get(struct http_request *r);
void problem_get(struct http_request *r);
