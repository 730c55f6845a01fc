// SPDX-License-Identifier: MIT
// streams.c - ranges of a video, shots of many, the old timeline.
//
// All of them become one of reeld's streams: nothing is made by the call, and
// the same ranges have the same address again.
#include "streams.h"

#include "reeld/base/clock.h"

#include "read.h"
#include "view.h"

void streams_put(struct errand *e, struct timeline *t)
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

void streams_answer(struct errand *e, enum err result, struct timeline *t)
{
    if (result == OK) {
        streams_put(e, t);
        return;
    }
    timeline_free(t);
    if (result == ERR_UNSUPPORTED)
        answer_problem(&e->answer, "not_implemented", "%s", fail_text());
    else
        answer_error(&e->answer, result);
}

enum err streams_add(struct timeline *t, const struct asset *asset,
                     int64_t start_us, int64_t end_us)
{
    enum err e = timeline_add(t, asset, start_us, end_us, SNAP_FRAME);
    if (e != ERR_BAD_INPUT)
        return e;
    char why[200];
    str_copy(why, sizeof(why), str_of(fail_text()));
    return fail(e, "clip %u, of %s: %s", t->clips, asset->id.text, why);
}

// ---- one video -------------------------------------------------------------

static enum err add_ranges(struct timeline *t, const struct asset *asset,
                           const json_t *ranges)
{
    for (size_t i = 0; i < json_array_size(ranges); i++) {
        int64_t start_us, end_us;
        TRY(read_range(json_array_get(ranges, i), &start_us, &end_us));
        TRY(streams_add(t, asset, start_us, end_us));
    }
    return OK;
}

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
    streams_answer(e, add_ranges(t, asset, ranges), t);
}

void vdb_stream_of_video(struct http_request *r)
{
    errand_start(r, of_video);
}

// ---- shots of many videos --------------------------------------------------

static enum err find_video(struct videodb *v, const json_t *object,
                           const char *name, const struct asset **ret)
{
    struct str id = STR("");
    TRY(read_text(object, name, TEXT_LINE, 200, &id));
    if (id.len == 0)
        return fail(ERR_BAD_INPUT, "%s is missing", name);
    return view_find_ready(v, id, ASSET_VIDEO, ret);
}

// collection_id may be wrong, as clients say one for all: it is not looked at.
// Of insert_video() at an end one shot is empty: it is left out.
static enum err add_shots(struct videodb *v, struct timeline *t,
                          const json_t *one)
{
    scoped(asset) const struct asset *asset = NULL;
    const json_t *shots = NULL;
    TRY(find_video(v, one, "video_id", &asset));
    TRY(read_list(one, "shots", TIMELINE_CLIPS_MAX, &shots));
    for (size_t i = 0; i < json_array_size(shots); i++) {
        int64_t start_us, end_us;
        TRY(read_range(json_array_get(shots, i), &start_us, &end_us));
        if (start_us != end_us)
            TRY(streams_add(t, asset, start_us, end_us));
    }
    return OK;
}

enum err streams_read_shots(struct videodb *v, const json_t *body,
                            struct timeline *t)
{
    if (!json_is_array(body))
        return fail(ERR_BAD_INPUT, "a list of shots is wanted");
    for (size_t i = 0; i < json_array_size(body); i++)
        TRY(add_shots(v, t, json_array_get(body, i)));
    if (t->clips == 0)
        return fail(ERR_BAD_INPUT, "there is nothing to play in these shots");
    return OK;
}

static void compile(struct errand *e)
{
    struct timeline *t = timeline_new();
    streams_answer(e, streams_read_shots(e->v, e->body, t), t);
}

void vdb_stream_compile(struct http_request *r)
{
    errand_start(r, compile);
}

// ---- the old timeline ------------------------------------------------------

static enum err add_inline(struct videodb *v, struct timeline *t,
                           const json_t *one)
{
    if (member(one, "overlay_start"))
        return fail(ERR_UNSUPPORTED,
                    "Overlays (sound, pictures or text laid over a timeline) "
                    "are not in this server; inline videos are.");
    scoped(asset) const struct asset *asset = NULL;
    int64_t start_us = 0, end_us = INT64_MAX;
    TRY(find_video(v, one, "asset_id", &asset));
    TRY(read_seconds(one, "start", &start_us));
    TRY(read_seconds(one, "end", &end_us));
    return streams_add(t, asset, start_us, end_us);
}

enum err streams_read_inline(struct videodb *v, const json_t *body,
                             struct timeline *t)
{
    const json_t *list = NULL;
    TRY(read_list(body, "timeline", TIMELINE_CLIPS_MAX, &list));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(add_inline(v, t, json_array_get(list, i)));
    if (t->clips == 0)
        return fail(ERR_BAD_INPUT, "the timeline has no videos");
    return OK;
}

static void old_timeline(struct errand *e)
{
    struct timeline *t = timeline_new();
    streams_answer(e, streams_read_inline(e->v, e->body, t), t);
}

void vdb_stream_timeline(struct http_request *r)
{
    errand_start(r, old_timeline);
}
