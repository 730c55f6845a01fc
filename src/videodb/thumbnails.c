// SPDX-License-Identifier: MIT
// thumbnails.c - pictures of a video: the one that stands for it.
#include "answer.h"
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
