// SPDX-License-Identifier: MIT
// streams.c - stored streams: make, list, look at, remove, fresh links.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/model/gap.h"
#include "reeld/play.h"

#include "asset_view.h"
#include "stream_lay.h"
#include "task.h"

enum { STREAM_NAME_MAX = ASSET_NAME_BYTES - 1 };

// ---- as JSON ---------------------------------------------------------------

static void write_clip(struct json_out *j, const struct clip *c)
{
    int64_t scale = c->asset->plan->timescale;
    json_open(j, NULL, '{');
    if (asset_is_gap(c->asset)) {
        json_decimal(j, "gap", scale_round(c->to, 1000000, scale), 6);
        json_close(j, '}');
        return;
    }
    json_text(j, "asset", c->asset->id.text);
    json_decimal(j, "start", scale_round(c->from, 1000000, scale), 6);
    json_decimal(j, "end", scale_round(c->to, 1000000, scale), 6);
    json_close(j, '}');
}

// `t` NULL: without its clips, as in lists. `exp_s` 0: the usual life.
static void write_one(struct api *a, const struct stream *s,
                      const struct timeline *t, int64_t exp_s,
                      struct str origin, struct json_out *j)
{
    json_open(j, NULL, '{');
    json_text(j, "id", s->id.text);
    json_text(j, "name", s->name);
    json_time(j, "created_at", s->created_us);
    json_decimal(j, "duration", s->duration_us, 6);
    json_int(j, "clip_count", s->clip_count);
    if (t) {
        json_open(j, "clips", '[');
        for (uint32_t i = 0; i < t->clips; i++)
            write_clip(j, &t->clip[i]);
        json_close(j, ']');
    }
    struct playable what = playable_stream(s);
    playback_write_of(a, &what, exp_s, origin, j, "playback");
    json_close(j, '}');
}

static bool find(struct api *a, struct str text, struct reply *p,
                 struct stream *ret)
{
    struct id id;
    enum err e = id_parse(text, &id);
    if (e == OK)
        e = catalog_stream(a->catalog, &id, ret);
    if (e != OK)
        reply_not_found(p, e, "stream");
    return e == OK;
}

// ---- making ----------------------------------------------------------------

struct wish {
    struct stream stream;
    struct timeline *timeline;
    int64_t life_s;
};

static enum err read_wish(struct task *t, struct fields *f, struct wish *w)
{
    const struct api *a = t->api;
    TRY(fields_parse(task_body(t), f));
    struct str name;
    if (fields_text(f, "name", TEXT_LINE, STREAM_NAME_MAX, &name))
        str_copy(w->stream.name, sizeof(w->stream.name), name);
    fields_int(f, "expires_in", 1, a->o.grant_life_max_us / 1000000,
               &w->life_s);
    TRY(stream_read_clips(t->api, f, w->timeline));
    return fields_end(f);
}

// What cannot be played is told now, and not to the player.
static enum err store(struct api *a, struct timeline *t, struct stream *s,
                      const struct play_show **ret)
{
    scoped(play_show) const struct play_show *show = NULL;
    TRY(play_show_of_timeline(t, &show));
    TRY(play_check_kept(a->catalog, show));
    TRY(stream_of_timeline(play_show_timeline(show), s));
    TRY(catalog_put_stream(a->catalog, s));
    *ret = take(show);
    return OK;
}

enum err api_put_stream(struct api *a, struct timeline *t, struct stream *ret)
{
    scoped(play_show) const struct play_show *show = NULL;
    return store(a, t, ret, &show);
}

static void put(struct task *t, struct wish *w)
{
    struct api *a = t->api;
    scoped(play_show) const struct play_show *show = NULL;
    enum err e = store(a, take(w->timeline), &w->stream, &show);
    if (e == ERR_UNSUPPORTED) {
        reply_problem(&t->reply, "unsupported_media", "%s.", fail_text());
        return;
    }
    if (e != OK) {
        reply_error(&t->reply, e);
        return;
    }
    int64_t exp_s = w->life_s > 0 ? clock_wall_us() / 1000000 + w->life_s : 0;
    struct json_out j = reply_json(&t->reply, 201);
    write_one(a, &w->stream, play_show_timeline(show), exp_s,
              str_of(t->reply.origin), &j);
    t->reply.cache = "private, no-cache";
    snprintf(t->reply.location, sizeof(t->reply.location), "%.*s/v1/streams/%s",
             250, t->reply.origin, w->stream.id.text);
}

static void create(struct task *t)
{
    struct wish w = {.stream.created_us = clock_wall_us(),
                     .timeline = timeline_new()};
    scoped(fields) struct fields f = {0};
    enum err e = read_wish(t, &f, &w);
    if (e == OK)
        put(t, &w);
    else
        reply_fields_error(&t->reply, &f, e);
    timeline_free(w.timeline);
    stream_done(&w.stream);
}

void stream_create(struct http_request *r)
{
    task_start(r, create);
}

// ---- looking ---------------------------------------------------------------

void stream_get(struct http_request *r)
{
    struct api *a = api_of(r);
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    scoped(stream) struct stream s = {0};
    scoped(timeline) struct timeline *t = NULL;
    if (find(a, http_request_part(r, "id"), &p, &s)) {
        enum err e = stream_timeline(a->catalog, &s, a->maker.build, &t);
        if (e == ERR_NOT_FOUND) {
            reply_problem(&p, "asset_gone", "%s.", fail_text());
        } else if (e != OK) {
            reply_error(&p, e);
        } else {
            struct json_out j = reply_json(&p, 200);
            write_one(a, &s, t, 0, str_of(p.origin), &j);
            p.cache = "private, no-cache";
        }
    }
    reply_send(r, &p);
}

void stream_list(struct http_request *r)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    struct api *a = api_of(r);
    struct page page;
    if (!parameters_are_known(r, known) || !parameter_page(r, &page))
        return;
    scoped(mem) struct stream *list = NEW_ARRAY(page.limit, struct stream);
    uint32_t count = 0;
    bool has_more = false;
    enum err e = catalog_list_streams(a->catalog, page.cursor, page.limit, list,
                                      &count, &has_more);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct json_out j = reply_list_begin(&p);
    for (uint32_t i = 0; i < count; i++)
        write_one(a, &list[i], NULL, 0, str_of(p.origin), &j);
    reply_list_end(r, &p, &j,
                   has_more && count > 0 ? list[count - 1].id.text : NULL);
    reply_send(r, &p);
}

// ---- removing, fresh links -------------------------------------------------

static void delete (struct task *t)
{
    scoped(stream) struct stream s = {0};
    if (!find(t->api, str_of(t->id), &t->reply, &s))
        return;
    enum err e = catalog_remove_stream(t->api->catalog, &s.id);
    if (e == OK)
        reply_nothing(&t->reply);
    else
        reply_error(&t->reply, e);
}

void stream_delete(struct http_request *r)
{
    task_start(r, delete);
}

void stream_grant(struct http_request *r)
{
    struct api *a = api_of(r);
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    scoped(stream) struct stream s = {0};
    if (find(a, http_request_part(r, "id"), &p, &s)) {
        struct playable what = playable_stream(&s);
        playback_grant(r, &what, &p);
    }
    reply_send(r, &p);
}
