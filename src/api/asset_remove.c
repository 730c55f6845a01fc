// SPDX-License-Identifier: MIT
// asset_remove.c - an asset goes: facts first, then the bytes.
#include "asset_view.h"

#include "reeld/base/log.h"
#include "reeld/base/mem.h"

// So many blobs are removed before the answer; more of them follow behind it.
enum { REMOVE_AT_ONCE = 64 };

// Blobs that nothing names any more. Their source stays claimed until they are
// gone, so that nobody brings the same bytes in meanwhile.
struct removal {
    struct api *api;
    struct digest source;
    struct digest *keys;
    size_t count;
};

// One that cannot be removed now is left to the store's sweep: no fact names
// it.
static void remove_blobs(void *held)
{
    struct removal *m = held;
    for (size_t i = 0; i < m->count; i++) {
        bool is_named = false;
        enum err e = catalog_is_named(m->api->catalog, &m->keys[i], &is_named);
        if (e == OK && !is_named)
            e = store_remove(m->api->store, &m->keys[i]);
        if (e != OK && e != ERR_NOT_FOUND)
            log_warn("asset.blob_stays error=%s", err_name(e));
    }
    claims_release(m->api->claims, &m->source);
    free(m->keys);
    free(m);
}

enum err api_remove_asset(struct api *a, const struct asset *asset)
{
    claims_own(a->claims, &asset->source);
    struct digest *orphans = NULL;
    size_t count = 0;
    enum err e = catalog_remove_asset(a->catalog, &asset->id, &orphans, &count);
    if (e != OK) {
        claims_release(a->claims, &asset->source);
        return e;
    }
    api_forget_jobs(a, &asset->id);
    log_info("asset.removed id=%s blobs=%zu", asset->id.text, count);
    struct removal *m = NEW(struct removal);
    *m = (struct removal){a, asset->source, orphans, count};
    if (count <= REMOVE_AT_ONCE || pool_run(a->pool, remove_blobs, m) != OK)
        remove_blobs(m);
    return OK;
}
