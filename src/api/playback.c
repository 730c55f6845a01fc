// SPDX-License-Identifier: MIT
// playback.c - /p/{grant}/{id}/...: who may see it, and what it is.
#include "play_answer.h"

#include <string.h>

#include "reeld/base/clock.h"

#include "image_answer.h"
#include "image_wish.h"
#include "ranges.h"
#include "stream_lay.h"

const char *const play_headers[] = {PLAY_HEADERS, NULL};

static bool refuse_grant(struct http_request *r)
{
    refuse(r, "bad_grant",
           "The link is expired, altered, or of something else.");
    return false;
}

// One answer for all that is wrong with a grant, whether the thing exists or
// not. `id` is NULL when there is none.
static bool is_granted(struct http_request *r, const struct id *id,
                       int64_t epoch, struct play_right *ret)
{
    struct api *a = api_of(r);
    struct str grant = http_request_part(r, "grant");
    *ret = (struct play_right){.left_s = INT64_MAX};
    if (str_eq(grant, STR("key"))) {
        struct api_key key;
        ret->is_private = true;
        return auth_admit(r, SCOPE_READ, &key);
    }
    if (str_eq(grant, STR("open")))
        return a->o.is_playback_open || refuse_grant(r);
    int64_t now_s = clock_wall_us() / 1000000;
    int64_t exp_s = 0;
    if (!id || grants_check(a->grants, grant, id, epoch, now_s, &exp_s) != OK)
        return refuse_grant(r);
    ret->left_s = exp_s - now_s;
    return true;
}

// What ?t= is of; what is asked for below a clip has its ranges in the path.
static bool can_have_ranges(struct str rest)
{
    enum download_container container;
    return str_eq(rest, STR("index.m3u8")) || str_eq(rest, STR("ts.m3u8")) ||
           str_eq(rest, STR("manifest.mpd")) ||
           play_parse_download(rest, &container) ||
           str_eq(rest, STR("storyboard.vtt"));
}

static void answer_path(struct http_request *r, const struct play_wanted *w,
                        struct str name, bool wants_ts)
{
    struct play_path path;
    enum download_container container;
    if (play_parse_download(name, &container)) {
        download_answer(r, w, container);
        return;
    }
    enum err e = play_parse(w->show, name, wants_ts, &path);
    bool is_image = e == OK && !path.is_manifest && path.piece == PIECE_IMAGE;
    if (e != OK && image_is_named(name))
        refuse(r, "not_found", "Not found: %s.", fail_text());
    else if (e != OK)
        refuse(r, "not_found", "The asset has nothing of that name.");
    else if (path.is_manifest)
        manifest_answer(r, w, &path);
    else if (!is_image || image_read_wish(r, w->show, &path.image))
        piece_answer(r, w->show, &path, &w->right);
}

static void answer_ranges(struct http_request *r, struct play_wanted *w,
                          struct str rest, bool wants_ts)
{
    if (!can_have_ranges(rest)) {
        refuse(r, "invalid_request",
               "?t= goes with index.m3u8, manifest.mpd, storyboard.vtt, images "
               "and downloads of an asset.");
        return;
    }
    scoped(play_show) const struct play_show *show = NULL;
    if (!ranges_open(r, w->asset, &show))
        return;
    w->show = show;
    w->is_below = true;
    answer_path(r, w, rest, wants_ts);
}

static void answer(struct http_request *r, struct play_wanted *w)
{
    struct str rest = http_request_part(r, "rest");
    struct str value;
    bool wants_ts = false;
    if (w->asset->state != ASSET_READY) {
        refuse(r, "not_ready", "The asset is %s.",
               asset_state_name(w->asset->state));
        return;
    }
    if (w->asset->kind == ASSET_IMAGE) {
        image_answer(r, w, rest);
        return;
    }
    if (http_request_query_text(r).len > 0 &&
        !parameter_container(r, &wants_ts))
        return;
    if (manifest_answer_kept(r, w))
        return;
    if (!image_is_named(rest) && http_request_query(r, "t", &value)) {
        answer_ranges(r, w, rest, wants_ts);
        return;
    }
    scoped(play_show) const struct play_show *show = NULL;
    struct str name;
    if (play_open(w->asset, rest, &show, &name) != OK) {
        refuse(r, "not_found", "The asset has nothing of that name.");
        return;
    }
    w->show = show;
    answer_path(r, w, name, wants_ts);
}

// ---- streams ---------------------------------------------------------------

static enum err open_stream(struct api *a, const struct stream *s,
                            const struct play_show **ret)
{
    struct timeline *t = NULL;
    TRY(stream_timeline(a->catalog, s, a->maker.build, &t));
    return play_show_of_timeline(t, ret);
}

enum err api_show_of(struct api *a, const struct id *id, int64_t *ret_epoch,
                     const struct play_show **ret)
{
    if (id_has_prefix(id, "s")) {
        scoped(stream) struct stream s = {0};
        TRY(catalog_stream(a->catalog, id, &s));
        *ret_epoch = s.created_us;
        return open_stream(a, &s, ret);
    }
    scoped(asset) const struct asset *asset = NULL;
    TRY(catalog_asset(a->catalog, id, &asset));
    *ret_epoch = asset->epoch;
    if (asset->kind == ASSET_IMAGE)
        return fail(ERR_UNSUPPORTED, "an image cannot be played");
    return play_show_of_asset(asset, ret);
}

static void answer_stream(struct http_request *r, const struct stream *s,
                          struct play_wanted *w)
{
    struct str rest = http_request_part(r, "rest"), value;
    bool wants_ts = false;
    if (!parameter_container(r, &wants_ts))
        return;
    if (!image_is_named(rest) && http_request_query(r, "t", &value)) {
        refuse(r, "invalid_request", "?t= is of assets; a stream has clips.");
        return;
    }
    scoped(play_show) const struct play_show *show = NULL;
    enum err e = open_stream(api_of(r), s, &show);
    w->show = show;
    w->name = s->name;
    if (e == ERR_NOT_FOUND)
        refuse(r, "asset_gone", "%s.", fail_text());
    else if (e != OK)
        refuse_error(r, e);
    else
        answer_path(r, w, rest, wants_ts);
}

static enum err get_stream(struct http_request *r, const struct id *id)
{
    scoped(stream) struct stream s = {0};
    enum err e = catalog_stream(api_of(r)->catalog, id, &s);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    struct play_wanted w = {0};
    if (!is_granted(r, e == OK ? id : NULL, s.created_us, &w.right))
        return OK;
    if (e == OK)
        answer_stream(r, &s, &w);
    else
        refuse(r, "not_found", "There is no such stream.");
    return OK;
}

// ---- assets ----------------------------------------------------------------

static enum err get_asset(struct http_request *r, const struct id *id)
{
    scoped(asset) const struct asset *asset = NULL;
    struct play_wanted w = {0};
    enum err e =
        id ? catalog_asset(api_of(r)->catalog, id, &asset) : ERR_NOT_FOUND;
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    w.asset = asset;
    w.name = asset ? asset->name : "";
    if (!is_granted(r, asset ? &asset->id : NULL, asset ? asset->epoch : 0,
                    &w.right))
        return OK;
    if (asset)
        answer(r, &w);
    else
        refuse(r, "not_found", "There is no such asset.");
    return OK;
}

void playback_get(struct http_request *r)
{
    struct id id;
    bool is_id = id_parse(http_request_part(r, "id"), &id) == OK;
    enum err e = is_id && id_has_prefix(&id, "s")
                     ? get_stream(r, &id)
                     : get_asset(r, is_id ? &id : NULL);
    if (e != OK)
        refuse_error(r, e);
}

void play_reply(struct http_request *r, struct http_answer *whole)
{
    // Only read: the state of a request that needs none of its own.
    static const struct play_state has_all = {.has_headers = true};
    if (!http_request_state(r))
        http_request_set_state(r, (void *)(uintptr_t)&has_all, NULL);
    http_reply_answer(r, whole);
}
