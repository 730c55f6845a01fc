// SPDX-License-Identifier: MIT
// events.c - what happens, as Server-Sent Events (WHATWG HTML section 9.2).
//
// An event's id is its number in the catalog: who comes back with
// Last-Event-ID goes on behind it. Progress has no id and is not repeated.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "asset_view.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/events.h"

enum { BATCH = 100 };
#define STEP_US  INT64_C(500000)
#define HEART_US INT64_C(15000000)

struct watcher {
    struct api *api;
    struct id key_id;
    bool has_asset;
    struct id asset; // its events alone, and its progress
    bool is_over;    // the asset is gone
    int64_t after;
    int64_t heart_us; // a comment is due then
    uint64_t generation;
    int64_t made;
};

static void watcher_free(void *held)
{
    struct watcher *w = held;
    gate_leave(w->api->watchers, str_of(w->key_id.text));
    free(w);
}

struct batch {
    struct watcher *watcher;
    struct buf *to;
};

static void write_event(void *context, const struct event *e)
{
    struct batch *b = context;
    char when[CLOCK_TEXT_BYTES];
    clock_format(e->created_us, when);
    buf_printf(b->to,
               "id: %" PRId64 "\nevent: %s\ndata: {\"id\":\"%s\",\"type\":"
               "\"%s\",\"timestamp\":\"%s\",\"data\":%s}\n\n",
               e->number, e->type, e->id, e->type, when, e->data);
    b->watcher->after = e->number;
    if (b->watcher->has_asset && strcmp(e->type, "asset.deleted") == 0)
        b->watcher->is_over = true;
}

static void write_progress(struct watcher *w, struct buf *to)
{
    struct api *a = w->api;
    scoped(asset) const struct asset *asset = NULL;
    struct asset_progress progress;
    if (catalog_asset(a->catalog, &w->asset, &asset) != OK)
        return; // it went just now: its event comes
    uint64_t generation = catalog_generation(a->catalog, &w->asset);
    if (generation == w->generation ||
        asset_progress(a, asset, &progress) != OK)
        return;
    w->generation = generation;
    if (progress.made == w->made)
        return;
    w->made = progress.made;
    buf_printf(to, "event: asset.progress\ndata: ");
    struct json_out j = {.to = to};
    json_open(&j, NULL, '{');
    json_text(&j, "asset", w->asset.text);
    json_text(&j, "state", asset_state_name(asset->state));
    json_decimal(&j, "progress",
                 scale_floor(progress.made, 1000, max_i64(progress.total, 1)),
                 3);
    json_close(&j, '}');
    buf_text(to, "\n\n");
}

// On HTTP threads, with the request parked in between.
static bool more(void *state, struct buf *to)
{
    struct call *call = state;
    struct watcher *w = call->work;
    if (w->is_over || atomic_load(&w->api->is_stopping))
        return false;
    struct batch b = {w, to};
    // What fails is tried again at the next step.
    if (catalog_events(w->api->catalog, w->has_asset ? &w->asset : NULL,
                       w->after, BATCH, write_event, &b) == OK &&
        w->has_asset && !w->is_over)
        write_progress(w, to);
    int64_t now_us = clock_now_us();
    if (to->len > 0) {
        w->heart_us = now_us + HEART_US;
    } else if (now_us >= w->heart_us) {
        buf_text(to, ":\n\n");
        w->heart_us = now_us + HEART_US;
    }
    return true;
}

// Where the client was, by header or ?after=; else at the end.
static bool read_place(struct http_request *r, int64_t *ret)
{
    struct str last = http_request_header(r, "Last-Event-ID");
    if (last.len == 0 && !http_request_query(r, "after", &last)) {
        enum err e = catalog_last_event(api_of(r)->catalog, ret);
        if (e != OK)
            refuse_error(r, e);
        return e == OK;
    }
    if (str_to_int(last, 0, INT64_MAX, ret) == OK)
        return true;
    refuse(r, "invalid_request", "That is no id of an event.");
    return false;
}

// A proxy must hand it on as it comes.
static void stream(struct http_request *r, struct watcher *w)
{
    if (!gate_enter(w->api->watchers, str_of(w->key_id.text))) {
        free(w);
        refuse(r, "busy", "As many event streams as allowed are open already.");
        return;
    }
    call_keep(r, w, watcher_free);
    http_header(r, "Cache-Control", "no-store");
    http_header(r, "X-Accel-Buffering", "no");
    http_reply_stream(r, "text/event-stream", STEP_US, more);
}

static struct watcher *watcher_new(struct http_request *r)
{
    static const char *const known[] = {"after", NULL};
    int64_t after;
    if (!parameters_are_known(r, known) || !read_place(r, &after))
        return NULL;
    struct watcher *w = NEW(struct watcher);
    *w = (struct watcher){
        .api = api_of(r), .key_id = call_of(r)->key.id, .after = after};
    return w; // the first heart beats at once: headers and all go out
}

void event_stream(struct http_request *r)
{
    struct watcher *w = watcher_new(r);
    if (w)
        stream(r, w);
}

void event_stream_of_asset(struct http_request *r)
{
    scoped(asset) const struct asset *asset = NULL;
    if (!asset_of_path(r, &asset))
        return;
    struct watcher *w = watcher_new(r);
    if (!w)
        return;
    w->has_asset = true;
    w->asset = asset->id;
    w->made = -1;
    stream(r, w);
}
