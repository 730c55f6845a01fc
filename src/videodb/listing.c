// SPDX-License-Identifier: MIT
// listing.c - lists of assets: clients ask for no pages, so all of them.
#include "listing.h"

#include "reeld/videodb/read.h"

#include "view.h"

enum { LIST_STEP = 200 };

// An image that was made of a picture of a video says so in its metadata.
static bool is_frame_of(const struct asset *asset, struct str video)
{
    json_t *metadata = NULL;
    struct str of = STR("");
    if (object_parse(str_of(asset->metadata), &metadata) != OK)
        return false;
    bool is_one = read_text(metadata, "frame_of", TEXT_LINE, 200, &of) == OK &&
                  str_eq(of, video);
    json_decref(metadata);
    return is_one;
}

// One that was removed between the list and here is left out.
static enum err write_one(const struct listing *l, const struct id *id)
{
    if (view_kind(id) != l->kind)
        return OK;
    scoped(asset) const struct asset *asset = NULL;
    enum err e = catalog_asset(l->v->catalog, id, &asset);
    if (e != OK)
        return e == ERR_NOT_FOUND ? OK : e;
    // A shape is there for the editor's timelines: nobody uploaded it.
    if (asset->reframe.is_shape ||
        (l->frame_of.len > 0 && !is_frame_of(asset, l->frame_of)))
        return OK;
    json_open(l->j, NULL, '{');
    view_write(l->v, asset, l->origin, l->j);
    json_close(l->j, '}');
    return OK;
}

enum err listing_write(const struct listing *l)
{
    struct id ids[LIST_STEP];
    struct catalog_asset_filter f = {
        .collection = l->collection, .state = STR("ready"), .limit = LIST_STEP};
    bool has_more = true;
    // The filter points into it from one round to the next.
    // cppcheck-suppress variableScope
    struct id last;
    while (has_more) {
        uint32_t count = 0;
        TRY(catalog_list_assets(l->v->catalog, &f, ids, &count, &has_more));
        for (uint32_t i = 0; i < count; i++)
            TRY(write_one(l, &ids[i]));
        if (count == 0)
            return OK;
        last = ids[count - 1];
        f.after = str_of(last.text);
    }
    return OK;
}
