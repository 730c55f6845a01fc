// SPDX-License-Identifier: MIT
// videodb.c - the face comes and goes, and is handed to the http room.
#include "room.h"

#include "reeld/base/mem.h"

#include "callbacks.h"
#include "outcomes.h"

struct videodb *videodb_new(const struct videodb_options *o, struct api *a,
                            struct store *s, struct catalog *c, struct jobs *j,
                            struct pool *p, struct fetcher *f)
{
    struct videodb *v = NEW(struct videodb);
    v->o = *o;
    v->api = a;
    v->store = s;
    v->catalog = c;
    v->jobs = j;
    v->pool = p;
    v->fetcher = f;
    v->outcomes = outcomes_new();
    v->callbacks = callbacks_start(v);
    return v;
}

void videodb_stop(struct videodb *v)
{
    if (v)
        callbacks_stop(v->callbacks);
}

void videodb_free(struct videodb *v)
{
    if (!v)
        return;
    callbacks_free(v->callbacks);
    outcomes_free(v->outcomes);
    free(v);
}

struct http_face videodb_face(struct videodb *v)
{
    return (struct http_face){
        .prefix = "/videodb",
        .routes = videodb_routes,
        .route_count = videodb_route_count,
        .context = v,
        // Python asks for "//collection" where the base ends in a slash.
        .drops_empty_parts = true,
        .json_limit_bytes = v->o.json_limit_bytes,
        .secret_part = "token",
        .admit = vdb_admit,
        .finish = vdb_finish,
        .refuse = vdb_refuse,
    };
}
