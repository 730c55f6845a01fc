// SPDX-License-Identifier: MIT
// streams.c - what clients say should play becomes a stream.
//
// All timelines become one of reeld's streams: nothing is made by the call, and
// the same ranges have the same address again.
#include "reeld/base/clock.h"
#include "reeld/videodb/parcel.h"
#include "reeld/videodb/read.h"
#include "reeld/videodb/slots.h"
#include "reeld/videodb/timelines.h"

#include "errand.h"
#include "view.h"

// ---- out of the catalog ----------------------------------------------------

static enum err find(void *self, struct str id, const struct asset **ret)
{
    return view_find_ready(self, id, ASSET_VIDEO, ret);
}

static enum err shape(void *self, const struct asset *whole, int32_t width,
                      int32_t height, const struct asset **ret)
{
    struct videodb *v = self;
    return api_shape(v->api, whole, width, height, ret);
}

static enum err add_gap(void *self, struct timeline *t, int64_t duration_us)
{
    struct videodb *v = self;
    return api_add_gap(v->api, t, duration_us);
}

static struct materials materials_of(struct videodb *v)
{
    return (struct materials){find, shape, add_gap, v};
}

// ---- the answer ------------------------------------------------------------

// Stores the timeline as a stream and answers with its addresses; takes it.
static void put(struct errand *e, struct timeline *t)
{
    struct stream s = {.created_us = clock_wall_us()};
    enum err result = api_put_stream(e->v->api, t, &s);
    if (result == OK)
        view_write_urls(e->v, &s.id, s.created_us, e->answer.origin,
                        answer_data(&e->answer, '{'));
    else
        answer_error(&e->answer, result);
    stream_done(&s);
}

// `result` of reading a timeline: ERR_UNSUPPORTED is what is not built.
static void tell(struct errand *e, enum err result, struct timeline *t)
{
    if (result == OK) {
        put(e, t);
        return;
    }
    timeline_free(t);
    if (result == ERR_UNSUPPORTED)
        answer_problem(&e->answer, "not_implemented", "%s", fail_text());
    else
        answer_error(&e->answer, result);
}

// ---- one video -------------------------------------------------------------

static void of_video(struct errand *e)
{
    scoped(asset) const struct asset *asset = NULL;
    const json_t *ranges = NULL;
    enum err result = view_find_ready(e->v, str_of(e->id), ASSET_VIDEO, &asset);
    if (result == OK)
        result = read_list(e->body, "timeline", TIMELINE_CLIPS_MAX, &ranges);
    if (result != OK) {
        answer_error(&e->answer, result);
        return;
    }
    if (json_array_size(ranges) == 0) { // none: the whole video
        view_write_urls(e->v, &asset->id, asset->epoch, e->answer.origin,
                        answer_data(&e->answer, '{'));
        return;
    }
    struct timeline *t = timeline_new();
    tell(e, timelines_read_ranges(ranges, asset, t), t);
}

void vdb_stream_of_video(struct http_request *r)
{
    errand_start(r, of_video);
}

// ---- several ---------------------------------------------------------------

static void compile(struct errand *e)
{
    const struct materials m = materials_of(e->v);
    struct timeline *t = timeline_new();
    tell(e, timelines_read_shots(&m, e->body, t), t);
}

void vdb_stream_compile(struct http_request *r)
{
    errand_start(r, compile);
}

static void old_timeline(struct errand *e)
{
    const struct materials m = materials_of(e->v);
    struct timeline *t = timeline_new();
    tell(e, timelines_read_inline(&m, e->body, t), t);
}

void vdb_stream_timeline(struct http_request *r)
{
    errand_start(r, old_timeline);
}

// ---- the editor's timeline -------------------------------------------------

// Python sends a large timeline through an upload address.
static enum err fetch(struct errand *e, json_t **ret)
{
    struct str url = STR(""), token;
    TRY(read_text(e->body, "timeline_url", TEXT_LINE, 2048, &url));
    if (url.len == 0)
        return OK;
    if (!slots_token(url, e->answer.origin, &token))
        return fail(ERR_BAD_INPUT,
                    "timeline_url is not an upload address of this server");
    struct digest slot;
    struct parcel_fact parcel;
    scoped(mem) char *text = NULL;
    TRY(slots_find_held(e->v->catalog, token, &slot, &parcel));
    TRY(parcel_text(e->v->store, &parcel, (size_t)e->v->o.json_limit_bytes,
                    &text));
    TRY(catalog_take_parcel(e->v->catalog, &slot));
    return json_value_parse(str_of(text), ret);
}

static void edit(struct errand *e)
{
    const struct materials m = materials_of(e->v);
    struct timeline *t = timeline_new();
    json_t *fetched = NULL;
    enum err result = fetch(e, &fetched);
    if (result == OK)
        result = timelines_read_editor(
            &m, member(fetched ? fetched : e->body, "timeline"), t);
    tell(e, result, t);
    json_decref(fetched);
}

void vdb_stream_editor(struct http_request *r)
{
    errand_start(r, edit);
}
