// SPDX-License-Identifier: MIT
// receive.c - hands out upload addresses, and takes what is sent to them.
#include <stdatomic.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/http/multipart.h"
#include "reeld/videodb/parcel.h"
#include "reeld/videodb/slots.h"

#include "errand.h"
#include "view.h"

// For the sync of the largest files on slow disks.
#define COMMIT_WAIT_US INT64_C(600000000)

static void give_address(struct errand *e)
{
    const struct videodb_options *o = &e->v->o;
    char token[SLOT_TOKEN_BYTES];
    struct collection folder;
    enum err result = view_find_collection(e->v, str_of(e->id), &folder);
    if (result == OK)
        result = slots_open(e->v->catalog, &e->key.id, o->upload_life_us,
                            o->uploads_waiting, token);
    if (result != OK) {
        answer_error(&e->answer, result);
        return;
    }
    scoped(buf) struct buf url;
    buf_init(&url, ANSWER_ORIGIN_BYTES + 64);
    slots_write_url(token, e->answer.origin, &url);
    json_str(answer_data(&e->answer, '{'), "upload_url", buf_view(&url));
}

// A GET that changes facts: the contract has it so.
void vdb_upload_address(struct http_request *r)
{
    errand_start(r, give_address);
}

// One file on its way in.
struct arrival {
    struct videodb *v;
    struct id key;
    struct digest slot; // what the address is known by
    struct parcel *parcel;
    bool has_begun, has_ended;
    atomic_int references; // the request's and the pool's
    struct http_ticket *ticket;
    struct refusal why; // what went wrong on the pool; code NULL: nothing
};

static void arrival_unref(void *held)
{
    struct arrival *a = held;
    if (atomic_fetch_sub(&a->references, 1) != 1)
        return;
    parcel_free(a->parcel);
    api_leave_upload(a->v->api, &a->key);
    free(a);
}

static void refuse_error(struct http_request *r, enum err e)
{
    struct refusal why = {0};
    refusal_of_err(&why, e);
    answer_refuse_why(r, &why);
}

static enum err begin_parcel(struct http_request *r, struct parcel **ret)
{
    const struct videodb *v = videodb_of(r);
    int64_t length = http_request_content_length(r);
    int64_t most = v->o.upload_limit_bytes;
    if (length > most + MULTIPART_OVERHEAD_BYTES)
        return fail(ERR_TOO_LARGE, "an upload may have %lld bytes at most",
                    (long long)most);
    int64_t hint = length > 0 && length < most ? length : 0;
    return parcel_new(v->store, hint, most, ret);
}

static enum err begin(struct http_request *r, struct arrival *a)
{
    struct parcel_fact slot;
    TRY(slots_find(a->v->catalog, http_request_part(r, "token"), &a->slot,
                   &slot));
    if (slot.is_held)
        return fail(ERR_CONFLICT, "An upload address is good for one upload.");
    a->key = slot.key;
    TRY(begin_parcel(r, &a->parcel));
    return api_enter_upload(a->v->api, &a->key)
               ? OK
               : fail(ERR_BUSY, "as many uploads as allowed are under way");
}

bool vdb_upload_admit(struct http_request *r)
{
    struct arrival *a = NEW(struct arrival);
    a->v = videodb_of(r);
    atomic_init(&a->references, 1);
    enum err e = begin(r, a);
    if (e == OK) {
        visit_keep(r, a, arrival_unref);
        return true;
    }
    refuse_error(r, e);
    parcel_free(a->parcel);
    free(a);
    return false;
}

static enum err on_field(struct http_request *r, struct str name,
                         struct str value)
{
    (void)r;
    (void)name;
    (void)value;
    return OK; // clients send none; nothing is made of any
}

static enum err on_begin(struct http_request *r, struct str name,
                         struct str filename)
{
    (void)name;
    struct arrival *a = visit_of(r)->work;
    if (a->has_begun)
        return fail(ERR_BAD_INPUT, "one file is uploaded at a time");
    a->has_begun = true;
    parcel_set_filename(a->parcel, filename);
    return OK;
}

static enum err on_data(struct http_request *r, const void *bytes, size_t len)
{
    struct arrival *a = visit_of(r)->work;
    return parcel_add(a->parcel, bytes, len);
}

static enum err on_end(struct http_request *r)
{
    struct arrival *a = visit_of(r)->work;
    parcel_end(a->parcel);
    a->has_ended = true;
    return OK;
}

const struct http_upload vdb_upload_calls = {
    .field = on_field,
    .begin = on_begin,
    .data = on_data,
    .end = on_end,
};

static void hold_on_pool(void *argument)
{
    struct arrival *a = argument;
    int64_t expires_us = clock_wall_us() + a->v->o.upload_life_us;
    enum err e = parcel_hold(a->parcel, a->v->store, a->v->catalog, &a->slot,
                             &a->key, expires_us);
    if (e != OK)
        refusal_of_err(&a->why, e);
    struct http_ticket *ticket = a->ticket;
    arrival_unref(a);
    http_wake(ticket);
}

static void after(struct http_request *r, bool is_late)
{
    const struct arrival *a = visit_of(r)->work;
    if (is_late) {
        answer_refuse(r, "busy", "The disk is too slow; it may still do it.");
        return;
    }
    if (a->why.code) {
        answer_refuse_why(r, &a->why);
        return;
    }
    scoped(answer) struct answer answer;
    answer_init(&answer, origin_of(r));
    answer_ok(&answer);
    answer_send(r, &answer);
}

static void hold(struct http_request *r, struct arrival *a)
{
    a->ticket = http_park(r, clock_now_us() + COMMIT_WAIT_US, after);
    if (!a->ticket) {
        answer_refuse(r, "busy", "Too many requests wait already.");
        return;
    }
    atomic_fetch_add(&a->references, 1);
    if (pool_run(a->v->pool, hold_on_pool, a) == OK)
        return;
    refusal_set(&a->why, "busy", "The server has too much to do.");
    struct http_ticket *ticket = a->ticket;
    arrival_unref(a);
    http_wake(ticket);
}

void vdb_upload_receive(struct http_request *r)
{
    struct arrival *a = visit_of(r)->work;
    const char *text = NULL;
    enum err e = http_body_error(r, &text);
    if (e != OK) {
        struct refusal why = {0};
        refusal_of_text(&why, e, text ? text : "");
        answer_refuse_why(r, &why);
    } else if (!a->has_ended || a->parcel->size_bytes == 0) {
        answer_refuse(r, "invalid_request", "There is no file in the body.");
    } else {
        hold(r, a);
    }
}
