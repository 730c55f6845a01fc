// SPDX-License-Identifier: MIT
// receive.c - hands out upload addresses, and takes what is sent to them.
#include "reeld/base/mem.h"

#include "answer.h"
#include "parcel.h"
#include "room.h"
#include "slots.h"

// Multipart puts its own lines around the file.
enum { MULTIPART_EXTRA_BYTES = 1 << 20 };

void vdb_upload_address(struct http_request *r)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    char token[SLOT_TOKEN_BYTES];
    enum err e = slots_open(videodb_of(r)->slots, &visit_of(r)->key.id, token);
    if (e == OK) {
        scoped(buf) struct buf url;
        buf_init(&url, ANSWER_ORIGIN_BYTES + 64);
        slots_write_url(token, a.origin, &url);
        json_str(answer_data(&a, '{'), "upload_url", buf_view(&url));
    } else {
        answer_error(&a, e);
    }
    answer_send(r, &a);
}

// One file on its way in.
struct arrival {
    struct videodb *v;
    struct id key;
    char token[SLOT_TOKEN_BYTES];
    struct parcel *parcel; // NULL: handed on
    bool has_begun, has_ended;
};

// What came is of no use: the address may be used again.
static void drop_parcel(struct arrival *a)
{
    if (!a->parcel)
        return;
    parcel_free(take(a->parcel));
    slots_abort(a->v->slots, str_of(a->token));
}

static void arrival_free(void *held)
{
    struct arrival *a = held;
    drop_parcel(a);
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
    if (length > most + MULTIPART_EXTRA_BYTES)
        return fail(ERR_TOO_LARGE, "an upload may have %lld bytes at most",
                    (long long)most);
    int64_t hint = length > 0 && length < most ? length : 0;
    return parcel_new(v->store, hint, most, ret);
}

bool vdb_upload_admit(struct http_request *r)
{
    struct videodb *v = videodb_of(r);
    struct str token = http_request_part(r, "token");
    struct arrival *a = NEW(struct arrival);
    a->v = v;
    enum err e = slots_begin(v->slots, token, &a->key);
    if (e != OK) {
        free(a);
        refuse_error(r, e);
        return false;
    }
    str_copy(a->token, sizeof(a->token), token);
    bool has_room = api_enter_upload(v->api, &a->key);
    e = has_room ? begin_parcel(r, &a->parcel)
                 : fail(ERR_BUSY, "as many uploads as allowed are under way");
    if (e == OK) {
        visit_keep(r, a, arrival_free);
        return true;
    }
    if (has_room)
        api_leave_upload(v->api, &a->key);
    slots_abort(v->slots, token);
    free(a);
    refuse_error(r, e);
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

void vdb_upload_receive(struct http_request *r)
{
    struct arrival *a = visit_of(r)->work;
    const char *text = NULL;
    enum err e = http_body_error(r, &text);
    if (e != OK) {
        struct refusal why = {0};
        refusal_of_text(&why, e, text ? text : "");
        drop_parcel(a); // before the client knows, and comes again
        answer_refuse_why(r, &why);
        return;
    }
    if (!a->has_ended || a->parcel->size_bytes == 0) {
        drop_parcel(a);
        answer_refuse(r, "invalid_request", "There is no file in the body.");
        return;
    }
    slots_hold(a->v->slots, str_of(a->token), take(a->parcel));
    scoped(answer) struct answer answer;
    answer_init(&answer, origin_of(r));
    answer_ok(&answer);
    answer_send(r, &answer);
}
