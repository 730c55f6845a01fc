// SPDX-License-Identifier: MIT
// work.c - holds requests until the asset that they wait for is as it will be.
//
//   waiting ---> ready, of the kind its id says ------------------> told
//      +-------> ready, of another kind: under another id ---> waiting
//      +-------> rejected: removed ------------------------------> told
//      +-------> the time is up ------------------------> "processing"
#include "work.h"

#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/pulls.h"

#include "errand.h"
#include "outcomes.h"
#include "view.h"

// Facts change without a call to whoever waits for them: looked at this often.
#define LOOK_STEP_US INT64_C(100000)

struct hold {
    struct videodb *v;
    struct id asked; // what the client polls
    int64_t until_us;
    bool is_poll;
    bool has_tried; // to settle it
    bool is_new;    // there may be something to probe
};

// ---- what is told ----------------------------------------------------------

static void tell_asset(struct http_request *r, const struct hold *h,
                       const struct asset *asset)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    struct json_out *j =
        h->is_poll ? answer_work_done(&a, '{') : answer_data(&a, '{');
    view_write(h->v, asset, a.origin, j);
    answer_send(r, &a);
}

static void tell_failure(struct http_request *r, const struct hold *h,
                         const char *code, const char *text)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    if (h->is_poll)
        answer_work_failed(&a, code, text);
    else
        answer_problem(&a, code, "%s", text);
    answer_send(r, &a);
}

// Of bytes that are on their way; -1: nobody knows.
static int percentage(const struct hold *h)
{
    int64_t done = 0, total = 0;
    enum err e = catalog_pull_progress(h->v->catalog, &h->asked, &done, &total);
    if (e != OK || total <= 0)
        return -1;
    return (int)scale_floor(min_i64(done, total), 100, total);
}

static void tell_not_yet(struct http_request *r, const struct hold *h)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    char path[64];
    snprintf(path, sizeof(path), "async-response/%s", h->asked.text);
    answer_processing(&a, path, percentage(h));
    answer_send(r, &a);
}

static void tell_error(struct http_request *r, enum err e)
{
    struct refusal why = {0};
    refusal_of_err(&why, e);
    answer_refuse_why(r, &why);
}

// ---- ends that have to be brought about, on the pool -----------------------

// The file is of another kind than its id says: clients choose the class by
// the prefix, so it gets an id that is right. The bytes stay where they are.
static enum err move_asset(struct videodb *v, const struct asset *old,
                           struct outcome *end)
{
    struct asset *moved = asset_namesake(old);
    scoped(asset) const struct asset *held = moved;
    moved->id = id_new(asset_kind_prefix(old->kind));
    moved->state = ASSET_UPLOADED;
    moved->kind = old->kind;
    moved->created_us = clock_wall_us();
    moved->size_bytes = old->size_bytes;
    moved->source = old->source;
    TRY(api_add_asset(v->api, moved, NULL));
    end->now = moved->id;
    return api_remove_asset(v->api, old);
}

static enum err remove_failed(struct videodb *v, const struct asset *asset,
                              struct outcome *end)
{
    bool is_rejected = asset->state == ASSET_REJECTED;
    str_copy(end->code, sizeof(end->code),
             is_rejected ? str_of(asset->error_code)
                         : STR("unsupported_media"));
    str_copy(end->text, sizeof(end->text),
             is_rejected ? str_of(asset->error_detail)
                         : STR("There is no sound in it."));
    return api_remove_asset(v->api, asset);
}

// "a-" of a film stands for its sound, where it has any.
static bool is_silent(const struct asset *asset)
{
    return view_kind(&asset->id) == ASSET_AUDIO && asset->kind == ASSET_VIDEO &&
           asset_main_audio(asset) < 0;
}

static bool is_right(const struct asset *asset)
{
    enum asset_kind kind = view_kind(&asset->id);
    return kind == asset->kind ||
           (kind == ASSET_AUDIO && asset->kind == ASSET_VIDEO);
}

static void settle(struct videodb *v, const struct id *asked,
                   const struct asset *asset)
{
    if (!outcomes_begin(v->outcomes, asked))
        return;
    struct outcome end = {.asked = *asked};
    bool is_failed = asset->state == ASSET_REJECTED || is_silent(asset);
    enum err e =
        is_failed ? remove_failed(v, asset, &end) : move_asset(v, asset, &end);
    if (e == OK)
        outcomes_settle(v->outcomes, &end);
    else
        outcomes_give_back(v->outcomes, asked);
}

struct settling {
    struct videodb *v;
    struct id asked;
    struct http_ticket *ticket;
};

static void settle_on_pool(void *argument)
{
    struct settling *s = argument;
    scoped(asset) const struct asset *asset = NULL;
    if (catalog_asset(s->v->catalog, &s->asked, &asset) == OK)
        settle(s->v, &s->asked, asset);
    http_wake(s->ticket);
    free(s);
}

// ---- looking ---------------------------------------------------------------

// The asset that the work has come to, or NULL and how it failed. `end` has no
// id where the work was not begun here. ERR_NOT_FOUND.
static enum err find(struct videodb *v, const struct id *asked,
                     struct outcome *ret_end, const struct asset **ret)
{
    struct id id = *asked;
    if (outcomes_find(v->outcomes, &id, ret_end) &&
        ret_end->stage == OUTCOME_SETTLED) {
        id = ret_end->now;
        if (!id.text[0])
            return OK;
    }
    enum err e = catalog_asset(v->catalog, &id, ret);
    if (e == ERR_NOT_FOUND)
        return fail(e, "there is no work of the name %s", asked->text);
    return e;
}

// Told as it is, or to be settled first.
static bool is_plain(const struct asset *asset)
{
    return asset->state == ASSET_READY && is_right(asset) && !is_silent(asset);
}

typedef void then(struct http_request *r, bool is_late);

static void park(struct http_request *r, struct hold *h, then *next)
{
    int64_t next_us = min_i64(clock_now_us() + LOOK_STEP_US, h->until_us);
    struct http_ticket *ticket = http_park(r, next_us, next);
    if (ticket)
        http_drop(ticket); // the deadline wakes it
    else
        tell_not_yet(r, h);
}

// Once a request: what fails is tried again by the next poll.
static void park_and_settle(struct http_request *r, struct hold *h, then *next)
{
    h->has_tried = h->is_new = true;
    struct http_ticket *ticket = http_park(r, h->until_us, next);
    if (!ticket) {
        tell_not_yet(r, h);
        return;
    }
    struct settling *s = NEW(struct settling);
    *s = (struct settling){h->v, h->asked, ticket};
    if (pool_run(h->v->pool, settle_on_pool, s) == OK)
        return;
    free(s);
    http_wake(ticket);
}

static void look(struct http_request *r, bool is_late)
{
    (void)is_late;
    struct hold *h = visit_of(r)->work;
    scoped(asset) const struct asset *asset = NULL;
    struct outcome end = {0};
    if (h->is_new)
        jobs_look(h->v->jobs);
    h->is_new = false;
    enum err e = find(h->v, &h->asked, &end, &asset);
    if (e != OK) {
        tell_error(r, e);
        return;
    }
    if (!asset) {
        tell_failure(r, h, end.code, end.text);
        return;
    }
    bool is_ready = asset->state == ASSET_READY;
    bool is_rejected = asset->state == ASSET_REJECTED;
    bool is_ours = end.asked.text[0];
    if (is_ready && (!is_ours || is_plain(asset)))
        tell_asset(r, h, asset);
    else if (is_rejected && !is_ours)
        tell_failure(r, h, asset->error_code, asset->error_detail);
    else if (clock_now_us() >= h->until_us)
        tell_not_yet(r, h);
    else if ((is_ready || is_rejected) && !h->has_tried)
        park_and_settle(r, h, look);
    else
        park(r, h, look);
}

static void hold(struct http_request *r, const struct id *asset, bool is_poll)
{
    struct videodb *v = videodb_of(r);
    struct hold *h = NEW(struct hold);
    h->v = v;
    h->asked = *asset;
    h->is_poll = is_poll;
    h->until_us =
        clock_now_us() + (is_poll ? v->o.poll_wait_us : v->o.answer_wait_us);
    h->is_new = true;
    visit_keep(r, h, free);
    look(r, false);
}

bool work_is_over(struct videodb *v, const struct id *asked, struct answer *to)
{
    scoped(asset) const struct asset *asset = NULL;
    struct outcome end = {0};
    enum err e = find(v, asked, &end, &asset);
    if (e == ERR_NOT_FOUND) {
        answer_work_failed(to, "not_found", "It was deleted.");
        return true;
    }
    if (e != OK)
        return false; // the catalog's trouble: it is asked again
    if (!asset) {
        answer_work_failed(to, end.code, end.text);
        return true;
    }
    if (is_plain(asset)) {
        view_write(v, asset, to->origin, answer_work_done(to, '{'));
        return true;
    }
    if (asset->state == ASSET_READY || asset->state == ASSET_REJECTED) {
        settle(v, asked, asset);
        jobs_look(v->jobs); // what was moved is to be probed
    }
    return false;
}

void work_hold(struct http_request *r, const struct id *asset)
{
    outcomes_expect(videodb_of(r)->outcomes, asset);
    hold(r, asset, false);
}

void vdb_work_poll(struct http_request *r)
{
    struct id id;
    struct str text = http_request_part(r, "id");
    if (id_parse(text, &id) == OK)
        hold(r, &id, true);
    else
        answer_refuse(r, "not_found", "There is no work of the name \"%.*s\".",
                      STR_ARG(text));
}
