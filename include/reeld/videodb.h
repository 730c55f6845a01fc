// SPDX-License-Identifier: MIT
// videodb.h - VideoDB's own SDKs, with the base URL http://HOST/videodb.
//
// A second face of the functions behind /v1: their dialect in, reeld's
// functions, their dialect out. It owns nothing but upload addresses, and in
// memory how work ended of late.
//
//   videodb_new()  ->  videodb_face(): for struct http_options
//   ...  http_stop()  ->  videodb_stop()  ->  videodb_free()  ->  api_free()
//
// Threads: those functions on main.
#pragma once

#include <stdint.h>

#include "reeld/api.h"
#include "reeld/base/pool.h"
#include "reeld/base/scoped.h"
#include "reeld/catalog.h"
#include "reeld/fetch.h"
#include "reeld/http.h"
#include "reeld/jobs.h"
#include "reeld/store.h"

struct videodb;

struct videodb_options {
    int64_t json_limit_bytes;
    int64_t upload_limit_bytes;
    int64_t upload_life_us; // of an address, and of bytes that are not claimed
    int uploads_waiting;    // addresses that are out, most
    int64_t answer_wait_us; // how long work holds its first answer back
    int64_t poll_wait_us;   // how long a poll of work is held
    int callbacks_owed;     // at once, most
};

struct videodb *videodb_new(const struct videodb_options *o, struct api *a,
                            struct store *s, struct catalog *c, struct jobs *j,
                            struct pool *p, struct fetcher *f);
struct http_face videodb_face(struct videodb *v);
// Calls nobody back any more. After http_stop(), before jobs_stop(). NULL is
// fine.
void videodb_stop(struct videodb *v);
void videodb_free(struct videodb *v); // after videodb_stop() and the pool
DEFINE_SCOPED(videodb, struct videodb *, videodb_free)
