// SPDX-License-Identifier: MIT
// asset_find.c - the asset that a path names.
#include "asset_view.h"

bool asset_find(struct api *a, struct str text, struct reply *p,
                const struct asset **ret)
{
    struct id id;
    enum err e = id_parse(text, &id);
    if (e == OK)
        e = catalog_asset(a->catalog, &id, ret);
    if (e != OK)
        reply_not_found(p, e, "asset");
    return e == OK;
}

bool asset_of_path(struct http_request *r, const struct asset **ret)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    bool is_found = asset_find(api_of(r), http_request_part(r, "id"), &p, ret);
    if (!is_found)
        reply_send(r, &p);
    return is_found;
}
