// SPDX-License-Identifier: MIT
// playback.c - /p/{grant}/{id}/...: who may see it, and what it is.
#include "play_answer.h"

#include <string.h>

#include "reeld/base/clock.h"

const char *const play_headers[] = {PLAY_HEADERS, NULL};

// Names below an asset that belong to the API and not to this version.
static bool is_absent(struct str path)
{
    static const char *const names[] = {
        "thumbnail.jpg", "thumbnail.webp", "storyboard.vtt",
        "download.mp4",  "download.m4a",   "download.mp3",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(path, str_of(names[i])))
            return true;
    return str_starts(path, STR("storyboard-"));
}

static bool refuse_grant(struct http_request *r)
{
    refuse(r, "bad_grant",
           "The link is expired, altered, or of something else.");
    return false;
}

// One answer for all that is wrong with a grant, whether the thing exists or
// not. `asset` is NULL when there is none.
static bool is_granted(struct http_request *r, const struct asset *asset,
                       struct play_right *ret)
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
    if (!asset || grants_check(a->grants, grant, &asset->id, asset->epoch,
                               now_s, &exp_s) != OK)
        return refuse_grant(r);
    ret->left_s = exp_s - now_s;
    return true;
}

static enum err find(struct http_request *r, const struct asset **ret)
{
    struct id id;
    if (id_parse(http_request_part(r, "id"), &id) != OK)
        return ERR_NOT_FOUND;
    return catalog_asset(api_of(r)->catalog, &id, ret);
}

// ?container=ts; clips (?t=) are not in this version. False: answered.
static bool read_query(struct http_request *r, bool *ret_wants_ts)
{
    *ret_wants_ts = false;
    if (http_request_query_text(r).len == 0)
        return true;
    struct str value;
    if (http_request_query(r, "t", &value)) {
        refuse(r, "not_implemented", "This version does not cut clips.");
        return false;
    }
    if (!http_request_query(r, "container", &value))
        return true;
    *ret_wants_ts = str_eq(value, STR("ts"));
    if (*ret_wants_ts || str_eq(value, STR("cmaf")))
        return true;
    refuse(r, "invalid_request", "?container= is ts or cmaf.");
    return false;
}

static void answer(struct http_request *r, const struct asset *asset,
                   const struct play_right *right)
{
    if (asset->state != ASSET_READY) {
        refuse(r, "not_ready", "The asset is %s.",
               asset_state_name(asset->state));
        return;
    }
    bool wants_ts = false;
    if (!read_query(r, &wants_ts))
        return;
    struct str rest = http_request_part(r, "rest");
    scoped(play_show) const struct play_show *show = NULL;
    struct str name;
    struct play_path path;
    enum err e = play_open(asset, rest, &show, &name);
    if (e == OK)
        e = play_parse(show, name, wants_ts, &path);
    if (e == ERR_NOT_FOUND && is_absent(rest))
        refuse(r, "not_implemented", "This version does not make that.");
    else if (e == ERR_NOT_FOUND)
        refuse(r, "not_found", "The asset has nothing of that name.");
    else if (e != OK)
        refuse_error(r, e);
    else if (path.is_manifest)
        manifest_answer(r, asset, show, &path, right);
    else
        piece_answer(r, show, &path, right);
}

void playback_get(struct http_request *r)
{
    scoped(asset) const struct asset *asset = NULL;
    struct play_right right;
    enum err e = find(r, &asset);
    if (e != OK && e != ERR_NOT_FOUND) {
        refuse_error(r, e);
        return;
    }
    if (!is_granted(r, asset, &right))
        return;
    if (asset)
        answer(r, asset, &right);
    else
        refuse(r, "not_found", "There is no such asset.");
}

void play_reply(struct http_request *r, struct http_answer *whole)
{
    // Only read: the state of a request that needs none of its own.
    static const struct play_state has_all = {.has_headers = true};
    if (!http_request_state(r))
        http_request_set_state(r, (void *)(uintptr_t)&has_all, NULL);
    http_reply_answer(r, whole);
}
