// SPDX-License-Identifier: MIT
// assets.c - reading assets: one, many, their source bytes, fresh links.
#include "asset_view.h"
#include "disposition.h"
#include "long_wait.h"

#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/model/gap.h"

static void answer_one(struct http_request *r, const struct asset *asset)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    asset_reply(api_of(r), asset, 200, &p);
    reply_send(r, &p);
}

// ---- ?wait= ----------------------------------------------------------------

struct watch {
    struct long_wait wait;
    // As it was seen:
    uint64_t generation;
    enum asset_state state;
    int64_t made;
};

static void watch_free(void *held)
{
    struct watch *w = held;
    wait_end(&w->wait);
    free(w);
}

static void look_again(struct http_request *r, bool is_late)
{
    (void)is_late;
    struct watch *w = call_of(r)->work;
    struct api *a = api_of(r);
    scoped(asset) const struct asset *asset = NULL;
    if (!asset_of_path(r, &asset))
        return;
    uint64_t generation = catalog_generation(a->catalog, &asset->id);
    bool is_over = wait_is_over(r, &w->wait);
    if (!is_over && generation != w->generation) {
        struct asset_progress progress;
        is_over = asset_progress(a, asset, &progress) != OK ||
                  progress.made != w->made || asset->state != w->state;
        w->generation = generation;
    }
    if (is_over || !wait_park(r, &w->wait, look_again))
        answer_one(r, asset);
}

static bool has_all(const struct asset *asset, const struct asset_progress *p)
{
    return asset->state == ASSET_REJECTED ||
           (asset->state == ASSET_READY && p->made == p->total);
}

// Parks until something changes. False: nothing is going to; answer now.
static bool wait_for_change(struct http_request *r, const struct asset *asset,
                            int64_t seconds)
{
    struct api *a = api_of(r);
    struct asset_progress progress;
    struct long_wait wait;
    uint64_t generation = catalog_generation(a->catalog, &asset->id);
    if (asset_progress(a, asset, &progress) != OK ||
        has_all(asset, &progress) || !wait_begin(r, seconds, &wait))
        return false;
    struct watch *w = NEW(struct watch);
    *w = (struct watch){.wait = wait,
                        .generation = generation,
                        .state = asset->state,
                        .made = progress.made};
    call_keep(r, w, watch_free);
    return wait_park(r, &w->wait, look_again);
}

// The client's If-None-Match names an older answer: there is news already.
static bool has_news(struct http_request *r, const struct asset *asset)
{
    struct str known = http_request_header(r, "If-None-Match");
    if (known.len == 0)
        return false;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    asset_reply(api_of(r), asset, 200, &p);
    return !etag_is_named(known, p.etag);
}

void asset_get(struct http_request *r)
{
    int64_t seconds = 0;
    if (!wait_parameter(r, &seconds))
        return;
    scoped(asset) const struct asset *asset = NULL;
    if (!asset_of_path(r, &asset))
        return;
    if (seconds > 0 && !has_news(r, asset) &&
        wait_for_change(r, asset, seconds))
        return;
    answer_one(r, asset);
}

// ---- lists -----------------------------------------------------------------

static bool is_one_of(struct str text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (str_eq(text, str_of(words[i])))
            return true;
    return text.len == 0;
}

static bool read_filter(struct http_request *r,
                        struct catalog_asset_filter *ret)
{
    static const char *const known[] = {
        "limit", "cursor", "collection", "state", "kind", "name", NULL};
    static const char *const states[] = {"uploading", "uploaded", "ready",
                                         "rejected", NULL};
    static const char *const kinds[] = {"video", "audio", "image", NULL};
    struct page page;
    if (!parameters_are_known(r, known) || !parameter_page(r, &page))
        return false;
    struct catalog_asset_filter f = {.limit = page.limit, .after = page.cursor};
    http_request_query(r, "collection", &f.collection);
    http_request_query(r, "state", &f.state);
    http_request_query(r, "kind", &f.kind);
    http_request_query(r, "name", &f.name);
    if (!is_one_of(f.state, states) || !is_one_of(f.kind, kinds)) {
        refuse(r, "invalid_request", "There is no such %s.",
               is_one_of(f.state, states) ? "kind" : "state");
        return false;
    }
    *ret = f;
    return true;
}

// One that was removed between the list and here is left out.
static enum err write_items(struct api *a, struct reply *p, struct json_out *j,
                            const struct id *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        scoped(asset) const struct asset *asset = NULL;
        enum err e = catalog_asset(a->catalog, &ids[i], &asset);
        if (e == ERR_NOT_FOUND)
            continue;
        if (e != OK)
            return e;
        TRY(asset_write(a, asset, str_of(p->origin), j, NULL));
    }
    return OK;
}

void asset_list(struct http_request *r)
{
    struct api *a = api_of(r);
    struct catalog_asset_filter filter;
    if (!read_filter(r, &filter))
        return;
    scoped(mem) struct id *ids = NEW_ARRAY(filter.limit, struct id);
    uint32_t count = 0;
    bool has_more = false;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    enum err e =
        catalog_list_assets(a->catalog, &filter, ids, &count, &has_more);
    struct json_out j = reply_list_begin(&p);
    if (e == OK)
        e = write_items(a, &p, &j, ids, count);
    reply_list_end(r, &p, &j,
                   has_more && count > 0 ? ids[count - 1].text : NULL);
    if (e != OK)
        reply_error(&p, e);
    reply_send(r, &p);
}

// ---- source bytes ----------------------------------------------------------

static void refuse_dropped(struct http_request *r, const struct id *asset)
{
    refuse(r, "source_dropped", "The source of %s was dropped.", asset->text);
}

enum err asset_error_now(struct api *a, const struct asset *asset, enum err e)
{
    if (e != ERR_IO || asset_is_gap(asset))
        return e;
    scoped(asset) const struct asset *now = NULL;
    enum err found = catalog_asset(a->catalog, &asset->id, &now);
    if (found == OK && now->source_dropped_us > 0)
        return fail(ERR_GONE, "the source of %s was dropped", asset->id.text);
    return found == ERR_NOT_FOUND ? found : e;
}

bool source_open(struct http_request *r, const struct asset *asset, int *ret_fd,
                 int64_t *ret_size_bytes)
{
    if (asset->source_row == 0) {
        refuse(r, "conflict", "The asset is %s: its bytes are not here.",
               asset_state_name(asset->state));
        return false;
    }
    if (asset->source_dropped_us > 0) {
        refuse_dropped(r, &asset->id);
        return false;
    }
    scoped(fd) int fd = -1;
    enum err e = store_open(api_of(r)->store, &asset->source, &fd);
    if (e == OK)
        e = fd_size(fd, ret_size_bytes);
    if (e == ERR_NOT_FOUND)
        e = fail(ERR_IO, "the source of %s is gone", asset->id.text);
    e = asset_error_now(api_of(r), asset, e);
    if (e == ERR_GONE)
        refuse_dropped(r, &asset->id);
    else if (e != OK)
        refuse_error(r, e);
    if (e != OK)
        return false;
    *ret_fd = take_fd(&fd);
    return true;
}

void asset_source(struct http_request *r)
{
    scoped(asset) const struct asset *asset = NULL;
    if (!asset_of_path(r, &asset))
        return;
    scoped(fd) int fd = -1;
    int64_t size_bytes = 0;
    if (!source_open(r, asset, &fd, &size_bytes))
        return;
    char hex[HASH_HEX_BYTES], etag[HASH_HEX_BYTES + 2];
    digest_hex(&asset->source, hex);
    snprintf(etag, sizeof(etag), "\"%s\"", hex);
    const char *name = asset->filename[0] ? asset->filename : asset->name;
    add_disposition(r, name[0] ? name : asset->id.text, NULL);
    http_header(r, "Cache-Control", "private, no-cache");
    http_reply_file(r, take_fd(&fd), size_bytes, "application/octet-stream",
                    etag);
}

// ---- fresh links -----------------------------------------------------------

void playback_grant(struct http_request *r, const struct playable *what,
                    struct reply *p)
{
    struct api *a = api_of(r);
    scoped(fields) struct fields f;
    int64_t life_s = a->o.grant_life_us / 1000000;
    int64_t most_s = a->o.grant_life_max_us / 1000000;
    // Without a body the link has the usual life.
    struct str body = http_request_body(r);
    enum err e = fields_parse(body.len > 0 ? body : STR("{}"), &f);
    if (e == OK) {
        fields_int(&f, "expires_in", 1, most_s, &life_s);
        e = fields_end(&f);
    }
    if (e != OK) {
        reply_fields_error(p, &f, e);
        return;
    }
    struct json_out j = reply_json(p, 201);
    playback_write_of(a, what, clock_wall_us() / 1000000 + life_s,
                      str_of(p->origin), &j, NULL);
}

void asset_grant(struct http_request *r)
{
    scoped(asset) const struct asset *asset = NULL;
    if (!asset_of_path(r, &asset))
        return;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct playable what = playable_asset(asset);
    playback_grant(r, &what, &p);
    reply_send(r, &p);
}
