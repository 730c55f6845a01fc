// SPDX-License-Identifier: MIT
// reframe.c - POST /video/{id}/reframe: a new video of another shape. It is a
// recipe, so it is there at once; "smart" crops about the centre, too.
#include "reeld/api/reframe.h"

#include "reeld/videodb/read.h"

#include "errand.h"
#include "view.h"

static enum err read_mode(const json_t *body)
{
    struct str mode = STR("smart");
    TRY(read_text(body, "mode", TEXT_LINE, 32, &mode));
    if (str_eq(mode, STR("simple")) || str_eq(mode, STR("smart")))
        return OK;
    return fail(ERR_BAD_INPUT, "mode is simple or smart");
}

static enum err read_wish(const json_t *body, struct asset_reframe *w)
{
    w->end_us = INT64_MAX;
    TRY(read_seconds(body, "start", &w->start_us));
    TRY(read_seconds(body, "end", &w->end_us));
    TRY(read_mode(body));
    const json_t *target = member(body, "target");
    const char *fault = target ? reframe_read_target(target, w) : NULL;
    if (fault)
        return fail(ERR_BAD_INPUT, "target %s", fault);
    if (target)
        return OK;
    w->width = 9; // vertical
    w->height = 16;
    return OK;
}

static enum err make(struct errand *e)
{
    scoped(asset) const struct asset *parent = NULL, *added = NULL;
    struct asset_reframe wish = {0};
    struct str callback = STR("");
    TRY(view_find_ready(e->v, str_of(e->id), ASSET_VIDEO, &parent));
    TRY(read_wish(e->body, &wish));
    TRY(errand_callback(e, &callback));
    struct asset *child = asset_namesake(parent);
    scoped(asset) const struct asset *held = child;
    TRY(api_reframe(e->v->api, parent, &wish, child));
    if (callback.len > 0)
        return errand_call_back(e, &child->id, callback);
    TRY(catalog_asset(e->v->catalog, &child->id, &added));
    view_write(e->v, added, e->answer.origin, answer_data(&e->answer, '{'));
    return OK;
}

static void reframe(struct errand *e)
{
    enum err result = make(e);
    if (result != OK)
        answer_error(&e->answer, result);
}

void vdb_reframe(struct http_request *r)
{
    errand_start(r, reframe);
}
