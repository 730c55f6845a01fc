// SPDX-License-Identifier: MIT
// download.c - a stream as one MP4, an audio as one M4A.
//
// A download is known by the id of what it shows, so its polls need no table:
// they ask the jobs how far it is.
#include <stdio.h>

#include "reeld/api/problem.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/play.h"
#include "reeld/videodb/read.h"

#include "errand.h"
#include "view.h"

#define LOOK_STEP_US INT64_C(100000)
enum { LINK_BYTES = 2048 };

// ---- which file ------------------------------------------------------------

// "http://host/p/{grant}/{id}/ts.m3u8", whatever the host is called. The key
// is the right: a link that has expired still names its stream.
static enum err read_link(struct str link, struct id *ret)
{
    struct str path = link;
    for (int i = 0; i < 3; i++) // scheme, nothing, host
        str_cut(&path, '/');
    bool is_ours = str_eq(str_cut(&path, '/'), STR("p"));
    str_cut(&path, '/'); // the grant
    struct str id = str_cut(&path, '/');
    struct str name = str_cut(&path, '?');
    bool is_whole =
        str_eq(name, STR("ts.m3u8")) ||
        (str_eq(name, STR("index.m3u8")) && !str_starts(path, STR("t=")));
    if (is_ours && is_whole && id_parse(id, ret) == OK)
        return OK;
    return fail(ERR_BAD_INPUT,
                "This is not the stream_url of anything in this server.");
}

static enum err make_download(struct videodb *v, const struct id *id,
                              enum download_container container,
                              int64_t *ret_epoch, const struct download **ret)
{
    scoped(play_show) const struct play_show *show = NULL;
    enum err e = api_show_of(v->api, id, ret_epoch, &show);
    if (e == ERR_NOT_FOUND)
        return fail(e, "%s does not exist, or an asset of it is gone",
                    id->text);
    TRY(e);
    struct download_wish wish = jobs_download_wish(v->jobs, container, STR(""));
    return play_download(show, &wish, ret);
}

// Where the file is, under a name that people chose.
static void write_file_url(struct videodb *v, const struct id *id,
                           int64_t epoch, const char *file, struct str name,
                           const char *origin, struct buf *to)
{
    char grant[GRANT_TEXT_BYTES];
    api_write_grant(v->api, id, epoch, grant);
    buf_printf(to, "%s/p/%s/%s/%s?name=", origin, grant, id->text, file);
    url_encode(to, name);
}

// ---- waiting for it --------------------------------------------------------

struct hold {
    struct videodb *v;
    const struct download *download; // a reference
    struct id id;                    // of what it shows
    int64_t epoch;
    char name[ASSET_NAME_BYTES];
    int64_t until_us;
    bool is_poll;
};

static void hold_free(void *held)
{
    struct hold *h = held;
    download_unref(h->download);
    free(h);
}

static void tell_ready(struct answer *a, const struct hold *h)
{
    char id[ID_TEXT_BYTES + 16];
    scoped(buf) struct buf url;
    buf_init(&url, ANSWER_ORIGIN_BYTES + 2048);
    snprintf(id, sizeof(id), "download-%s", h->id.text);
    write_file_url(h->v, &h->id, h->epoch, "download.mp4", str_of(h->name),
                   a->origin, &url);
    struct json_out *j =
        h->is_poll ? answer_work_done(a, '{') : answer_data(a, '{');
    json_text(j, "id", id);
    json_text(j, "name", h->name);
    json_text(j, "status", "done");
    json_str(j, "download_url", buf_view(&url));
}

static void tell_making(struct answer *a, const struct hold *h,
                        int32_t permille)
{
    scoped(buf) struct buf path;
    buf_init(&path, 2048);
    buf_printf(&path, "async-response/download/%s?name=", h->id.text);
    url_encode(&path, str_of(h->name));
    answer_processing(a, (const char *)path.bytes, permille / 10);
}

static void tell_failed(struct answer *a, const struct hold *h,
                        const struct jobs_download *now)
{
    const char *code = problem_of_err(now->result)->code;
    if (h->is_poll)
        answer_work_failed(a, code, now->why);
    else
        answer_problem(a, code, "%s", now->why);
}

typedef void then(struct http_request *r, bool is_late);

static bool park(struct http_request *r, const struct hold *h, then *next)
{
    int64_t next_us = min_i64(clock_now_us() + LOOK_STEP_US, h->until_us);
    struct http_ticket *ticket =
        clock_now_us() < h->until_us ? http_park(r, next_us, next) : NULL;
    if (ticket)
        http_drop(ticket); // the deadline wakes it
    return ticket != NULL;
}

static void look(struct http_request *r, bool is_late)
{
    (void)is_late;
    struct hold *h = visit_of(r)->work;
    struct jobs_download now = {0};
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    enum err e = jobs_download(h->v->jobs, h->download, &now);
    bool is_going =
        now.state == JOBS_DOWNLOAD_ABSENT || now.state == JOBS_DOWNLOAD_MAKING;
    if (e == OK && is_going) {
        // Said again, as nothing happens when too many wait for their turn.
        jobs_download_start(h->v->jobs, h->download);
        if (park(r, h, look))
            return;
        tell_making(&a, h, now.permille);
    } else if (e != OK) {
        answer_error(&a, e);
    } else if (now.state == JOBS_DOWNLOAD_FAILED) {
        tell_failed(&a, h, &now);
    } else {
        tell_ready(&a, h);
    }
    answer_send(r, &a);
}

static enum err start_hold(struct http_request *r, const struct id *id,
                           struct str name, bool is_poll)
{
    struct videodb *v = videodb_of(r);
    scoped(download) const struct download *d = NULL;
    int64_t epoch = 0;
    TRY(make_download(v, id, DOWNLOAD_MP4, &epoch, &d));
    struct hold *h = NEW(struct hold);
    h->v = v;
    h->download = take(d);
    h->id = *id;
    h->epoch = epoch;
    str_copy(h->name, sizeof(h->name), name.len > 0 ? name : str_of(id->text));
    h->is_poll = is_poll;
    h->until_us =
        clock_now_us() + (is_poll ? v->o.poll_wait_us : v->o.answer_wait_us);
    visit_keep(r, h, hold_free);
    look(r, false);
    return OK;
}

static void tell_error(struct http_request *r, enum err e)
{
    struct refusal why = {0};
    refusal_of_err(&why, e);
    answer_refuse_why(r, &why);
}

// ---- asked -----------------------------------------------------------------

static enum err read_wish(const json_t *body, struct id *ret_id,
                          struct str *ret_name)
{
    struct str link = STR("");
    TRY(read_text(body, "stream_link", TEXT_LINE, LINK_BYTES, &link));
    TRY(read_text(body, "stream_url", TEXT_LINE, LINK_BYTES, &link));
    TRY(read_text(body, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, ret_name));
    if (link.len == 0)
        return fail(ERR_BAD_INPUT, "stream_link is missing");
    return read_link(link, ret_id);
}

void vdb_download(struct http_request *r)
{
    json_t *body = NULL;
    struct id id;
    struct str name = STR("");
    enum err e = json_value_parse(http_request_body(r), &body);
    if (e == OK)
        e = read_wish(body, &id, &name);
    if (e == OK)
        e = start_hold(r, &id, name, false);
    json_decref(body);
    if (e != OK)
        tell_error(r, e);
}

void vdb_download_poll(struct http_request *r)
{
    struct id id;
    struct str name = STR("");
    http_request_query(r, "name", &name);
    enum err e = id_parse(http_request_part(r, "id"), &id);
    if (e == OK)
        e = start_hold(r, &id, name, true);
    if (e != OK)
        tell_error(r, e == ERR_BAD_INPUT
                          ? fail(ERR_NOT_FOUND, "there is no such work")
                          : e);
}

// ---- the file of an audio --------------------------------------------------

static enum err write_audio_url(struct videodb *v, struct str id,
                                struct answer *a)
{
    scoped(asset) const struct asset *asset = NULL;
    scoped(download) const struct download *d = NULL;
    TRY(view_find_ready(v, id, ASSET_AUDIO, &asset));
    int64_t epoch = 0;
    TRY(make_download(v, &asset->id, DOWNLOAD_M4A, &epoch, &d));
    jobs_download_start(v->jobs, d); // whoever asks for it finds it begun
    scoped(buf) struct buf url;
    buf_init(&url, ANSWER_ORIGIN_BYTES + 2048);
    write_file_url(v, &asset->id, epoch, "download.m4a", str_of(asset->name),
                   a->origin, &url);
    json_str(answer_data(a, '{'), "signed_url", buf_view(&url));
    return OK;
}

void vdb_audio_url(struct http_request *r)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    enum err e = write_audio_url(videodb_of(r), http_request_part(r, "id"), &a);
    if (e != OK)
        answer_error(&a, e);
    answer_send(r, &a);
}
