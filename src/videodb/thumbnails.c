// SPDX-License-Identifier: MIT
// thumbnails.c - pictures of a video: the one that stands for it, and those
// that were taken at a time, which are images of their own.
#include "reeld/videodb/read.h"

#include "errand.h"
#include "listing.h"
#include "view.h"

void vdb_thumbnail(struct http_request *r)
{
    struct videodb *v = videodb_of(r);
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    scoped(asset) const struct asset *asset = NULL;
    enum err e =
        view_find_ready(v, http_request_part(r, "id"), ASSET_VIDEO, &asset);
    if (e == OK)
        view_write_thumbnail(v, asset, a.origin, answer_data(&a, '{'));
    else
        answer_error(&a, e);
    answer_send(r, &a);
}

static enum err make(struct errand *e)
{
    scoped(asset) const struct asset *video = NULL, *image = NULL;
    int64_t at_us = 0;
    TRY(view_find_ready(e->v, str_of(e->id), ASSET_VIDEO, &video));
    TRY(read_seconds(e->body, "time", &at_us));
    enum err result = api_make_frame(e->v->api, video, at_us, STR(""), &image);
    if (result == ERR_BAD_INPUT)
        return fail(result, "time lies outside of video %s", video->id.text);
    TRY(result);
    if (image->state == ASSET_READY)
        view_write(e->v, image, e->answer.origin, answer_data(&e->answer, '{'));
    else
        e->made = image->id;
    return OK;
}

static void take_thumbnail(struct errand *e)
{
    enum err result = make(e);
    if (result != OK)
        answer_error(&e->answer, result);
}

void vdb_thumbnail_take(struct http_request *r)
{
    errand_start_on(r, take_thumbnail, api_slow_pool(videodb_of(r)->api));
}

// A list at the top, as Python wants it.
void vdb_thumbnail_list(struct http_request *r)
{
    struct videodb *v = videodb_of(r);
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    scoped(asset) const struct asset *video = NULL;
    struct str id = http_request_part(r, "id");
    enum err e = view_find(v, id, ASSET_VIDEO, &video);
    if (e == OK) {
        struct listing l = {
            .v = v,
            .kind = ASSET_IMAGE,
            .frame_of = id,
            .origin = a.origin,
            .j = answer_data(&a, '['),
        };
        e = listing_write(&l);
    }
    if (e != OK)
        answer_error(&a, e);
    answer_send(r, &a);
}

void vdb_image_url(struct http_request *r)
{
    struct videodb *v = videodb_of(r);
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    scoped(asset) const struct asset *image = NULL;
    enum err e =
        view_find_ready(v, http_request_part(r, "id"), ASSET_IMAGE, &image);
    if (e == OK)
        view_write_image_url(v, image, a.origin, answer_data(&a, '{'),
                             "signed_url");
    else
        answer_error(&a, e);
    answer_send(r, &a);
}
