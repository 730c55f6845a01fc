// SPDX-License-Identifier: MIT
// ranges.c - clips of an asset by ?t=, and their manifests under /v1.
#include "ranges.h"

#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

#include "asset_view.h"
#include "play_answer.h"

struct ranges {
    struct timeline *timeline;
    const struct asset *asset;
    int count; // seen so far
    enum err result;
    char text[256]; // what the one that failed said
};

static bool add(void *context, struct str name, struct str value)
{
    struct ranges *s = context;
    if (!str_eq(name, STR("t")))
        return true;
    s->count++;
    struct npt_range range;
    s->result = npt_parse(value, &range);
    if (s->result == OK)
        s->result = timeline_add(s->timeline, s->asset, range.start_us,
                                 range.end_us, SNAP_FRAME);
    if (s->result != OK)
        snprintf(s->text, sizeof(s->text), "%s", fail_text());
    return s->result == OK;
}

// Of one range there is nothing to count.
static void refuse_ranges(struct http_request *r, const struct ranges *s)
{
    if (s->count <= 1)
        refuse(r, "invalid_request", "?t=: %s.", s->text);
    else
        refuse(r, "invalid_request", "?t= number %d: %s.", s->count, s->text);
}

bool ranges_open(struct http_request *r, const struct asset *asset,
                 const struct play_show **ret)
{
    if (asset->state != ASSET_READY) {
        refuse(r, "not_ready", "The asset is %s.",
               asset_state_name(asset->state));
        return false;
    }
    struct ranges s = {.timeline = timeline_new(), .asset = asset};
    scoped(timeline) struct timeline *held = s.timeline;
    http_request_each_query(r, add, &s);
    if (s.result != OK) {
        refuse_ranges(r, &s);
        return false;
    }
    if (s.count == 0) {
        refuse(r, "invalid_request",
               "?t=START,END is missing: seconds or hh:mm:ss.");
        return false;
    }
    enum err e = play_show_of_timeline(take(held), ret);
    if (e == ERR_UNSUPPORTED)
        refuse(r, "unsupported_media", "%s.", fail_text());
    else if (e != OK)
        refuse_error(r, e);
    return e == OK;
}

// ---- under /v1 -------------------------------------------------------------

// Its URIs carry a grant, so that whoever is given the text can play it.
static void clip_get(struct http_request *r, struct str name, bool may_be_ts)
{
    static const char *const known[] = {"t", "container", NULL};
    struct api *a = api_of(r);
    bool wants_ts = false;
    if (!parameters_are_known(r, known) || !parameter_container(r, &wants_ts))
        return;
    scoped(asset) const struct asset *asset = NULL;
    scoped(play_show) const struct play_show *show = NULL;
    if (!asset_of_path(r, &asset) || !ranges_open(r, asset, &show))
        return;
    scoped(buf) struct buf base;
    buf_init(&base, CLIP_BASE_BYTES);
    playback_base(a, asset, api_origin(r), &base);
    play_write_base(show, &base);
    struct play_path path;
    enum err e = buf_end(&base);
    if (e == OK)
        e = play_parse(show, name, wants_ts && may_be_ts, &path);
    if (e != OK)
        refuse_error(r, e);
    else
        manifest_reply(r, show, &path, (const char *)base.bytes);
}

void clip_hls(struct http_request *r)
{
    clip_get(r, STR("index.m3u8"), true);
}

void clip_dash(struct http_request *r)
{
    clip_get(r, STR("manifest.mpd"), false);
}
