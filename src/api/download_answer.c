// SPDX-License-Identifier: MIT
// download_answer.c - what a show plays as one file: sent when it is made, else
// made while the request waits, and told how far it is when that takes longer.
//
//   asked --> in the store --------------------------------> answered
//     +-----> jobs_want_download(), parked --> made -------> answered
//                                         +--> late --------> 503, progress
//                                         +--> failed ------> 404, 500, 507
#include "play_answer.h"

#include <string.h>

#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

#include "asset_view.h"
#include "await.h"
#include "disposition.h"
#include "touch.h"

// The wait itself is long: whoever comes again may do so at once.
enum { RETRY_S = 1, PERMILLE_PLACES = 3 };

// ---- sending ---------------------------------------------------------------

static void send_file(struct http_request *r, const struct download *d,
                      const char *name, int fd, int64_t size_bytes)
{
    char hex[HASH_HEX_BYTES], etag[HASH_HEX_BYTES + 2];
    digest_hex(&d->key, hex);
    snprintf(etag, sizeof(etag), "\"%s\"", hex);
    add_disposition(r, name, download_container_name(d->container));
    // The same URL may be of other bytes once the renditions are others.
    http_header(r, "Cache-Control", "private, no-cache");
    http_reply_file(r, fd, size_bytes, play_download_type(d), etag);
    touches_add(api_of(r)->touches, &d->key);
}

// ---- refusing --------------------------------------------------------------

static void refuse_unfinished(struct http_request *r, const char *detail,
                              int32_t permille)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    reply_progress(&p, "busy", detail, permille, PERMILLE_PLACES);
    p.retry_after_s = RETRY_S;
    reply_send(r, &p);
}

static void refuse_late(struct http_request *r, const struct download *d)
{
    struct jobs_download now = {0};
    enum err e = jobs_download(api_of(r)->jobs, d, &now);
    if (e != OK)
        refuse_error(r, e);
    else
        refuse_unfinished(r, "The file is being made; ask again.",
                          now.permille);
}

static void refuse_failed(struct http_request *r, enum err e, const char *why)
{
    switch (e) {
    case ERR_NOT_FOUND:
        refuse(r, "not_found", "An asset of it is gone.");
        return;
    case ERR_NO_SPACE:
        refuse(r, "no_space", "There is no room for the file: %s.", why);
        return;
    case ERR_GONE:
        refuse(r, "source_dropped",
               "A part of it was not made before the "
               "source of an asset was dropped.");
        return;
    case ERR_BUSY:
    case ERR_TIMEOUT:
        refuse(r, "busy", "The file cannot be made just now.");
        return;
    case OK:
    case ERR_BAD_INPUT:
    case ERR_CONFLICT:
    case ERR_TOO_LARGE:
    case ERR_UNSUPPORTED:
    case ERR_IO:
    case ERR_QUOTA:
    case ERRS:
        break;
    }
    refuse(r, "internal", "The file cannot be made of this source.");
}

// A wish that no file can be made of.
static void refuse_wish(struct http_request *r, enum err e)
{
    char why[512]; // fail_text() does not last
    str_copy(why, sizeof(why), str_of(fail_text()));
    if (e == ERR_NOT_FOUND)
        refuse(r, "not_found", "No such file: %s.", why);
    else if (e == ERR_TOO_LARGE)
        refuse(r, "limits_exceeded", "That is too long: %s.", why);
    else if (e == ERR_UNSUPPORTED)
        refuse(r, "unsupported_media", "%s.", why);
    else
        refuse_error(r, e);
}

// ---- waiting for it to be made ---------------------------------------------

struct wait {
    struct play_state state; // first: what hook_finish() looks at
    struct api *api;
    const struct download *download; // a reference
    char name[ASSET_NAME_BYTES];
    struct await made;
    // Written by whoever calls made(), before it wakes:
    enum err result;
    char why[256];
};

static void wait_free(void *held)
{
    struct wait *w = held;
    await_end(&w->made);
    download_unref(w->download);
    free(w);
}

static void wake(struct wait *w, enum err result, const char *why)
{
    w->result = result;
    str_copy(w->why, sizeof(w->why), str_of(why));
    await_wake(&w->made);
}

static void made(void *context, enum err result, const char *detail,
                 struct blob *piece)
{
    blob_unref(piece); // a download has none
    wake(context, result, detail);
}

// It may have been evicted at once by something larger.
static void send_made(struct http_request *r, const struct wait *w)
{
    int fd = -1;
    int64_t size_bytes = 0;
    enum err e = play_open_download(w->api->catalog, w->api->store, w->download,
                                    &fd, &size_bytes);
    if (e == OK)
        send_file(r, w->download, w->name, fd, size_bytes);
    else if (e == ERR_NOT_FOUND)
        refuse_unfinished(r, "The file was made and is gone; ask again.", 0);
    else
        refuse_error(r, e);
}

static enum err error_now(const struct wait *w)
{
    const struct show *show = w->download->show;
    enum err e = w->result;
    for (uint32_t i = 0; e == w->result && i < show->assets; i++)
        e = asset_error_now(w->api, show->asset[i], e);
    return e;
}

static void after_wait(struct http_request *r, bool is_late)
{
    struct wait *w = http_request_state(r);
    await_end(&w->made);
    if (is_late)
        refuse_late(r, w->download);
    else if (w->result == OK)
        send_made(r, w);
    else
        refuse_failed(r, error_now(w), w->why);
}

static void wait_for(struct http_request *r, const struct download *d,
                     const char *name)
{
    struct api *a = api_of(r);
    struct wait *w = NEW(struct wait);
    w->api = a;
    w->download = download_ref(d);
    str_copy(w->name, sizeof(w->name), str_of(name));
    http_request_set_state(r, w, wait_free);
    if (!await_park(&w->made, r, a->jobs, a->o.segment_wait_us, after_wait)) {
        refuse(r, "busy", "Too many requests wait already.");
        return;
    }
    enum err e = jobs_want_download(a->jobs, d, made, w, &w->made.waiter);
    if (e != OK)
        wake(w, e, fail_text());
}

// ---- asked -----------------------------------------------------------------

void download_answer(struct http_request *r, const struct play_wanted *w,
                     enum download_container container)
{
    static const char *const known[] = {"t", "rendition", "name", NULL};
    struct api *a = api_of(r);
    struct str rung = STR(""), wanted = str_of(w->name);
    if (!parameters_are_known(r, known))
        return;
    if (http_request_query(r, "rendition", &rung) && rung.len == 0) {
        refuse(r, "invalid_request", "?rendition= names none.");
        return;
    }
    http_request_query(r, "name", &wanted);
    const char *fault = text_fault(wanted, TEXT_LINE, ASSET_NAME_BYTES - 1);
    if (fault) {
        refuse(r, "invalid_request", "?name= %s.", fault);
        return;
    }
    char name[ASSET_NAME_BYTES];
    str_copy(name, sizeof(name), wanted);
    struct download_wish wish = jobs_download_wish(a->jobs, container, rung);
    scoped(download) const struct download *d = NULL;
    enum err e = play_download(w->show, &wish, &d);
    if (e != OK) {
        refuse_wish(r, e);
        return;
    }
    int fd = -1;
    int64_t size_bytes = 0;
    e = play_open_download(a->catalog, a->store, d, &fd, &size_bytes);
    if (e == OK)
        send_file(r, d, name, fd, size_bytes);
    else if (e == ERR_NOT_FOUND)
        wait_for(r, d, name);
    else
        refuse_error(r, e);
}
