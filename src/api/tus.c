// SPDX-License-Identifier: MIT
// tus.c - resumable uploads: receiving bytes, and the calls around them.
#include "tus.h"

#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

#include "task.h"

// Called by whoever asks where the upload stands.
static bool interrupt(void *owner)
{
    struct upload *u = owner;
    HOLD(&u->tus->lock);
    if (!u->tus->is_receiving || u->tus->is_interrupted)
        return false;
    u->tus->is_interrupted = true;
    u->tus->place = NULL;
    store_abandon(take(u->writer));
    return true;
}

enum err tus_open(struct upload *u, bool is_new, int64_t size_hint_bytes)
{
    struct tus *t = u->tus;
    // The store would wait for the lock, and this may be a loop's thread.
    if (writers_has(u->api->writers, &t->row.id))
        return fail(ERR_BUSY, "upload %s is being written", t->row.id.text);
    TRY(store_draft(u->api->store, &t->row.id, is_new, size_hint_bytes,
                    &u->writer));
    t->place = writers_enter(u->api->writers, &t->row.id, is_new, u, interrupt);
    return fd_size(store_writer_fd(u->writer), &u->size_bytes);
}

enum err tus_add(struct upload *u, const void *bytes, size_t len)
{
    struct writing *place = u->tus->place;
    TRY(fd_write_all(store_writer_fd(u->writer), bytes, len));
    if (place->hashed_bytes == u->size_bytes) {
        hash_add(place->hash, bytes, len);
        place->hashed_bytes += (int64_t)len;
    }
    u->size_bytes += (int64_t)len;
    store_writer_push(u->writer, u->size_bytes);
    return OK;
}

// From here on nobody interrupts. The writer, if it is still there.
static struct store_writer *end_writing(struct upload *u)
{
    HOLD(&u->tus->lock);
    u->tus->is_receiving = false;
    u->tus->place = NULL;
    return take(u->writer);
}

void tus_let_go(struct upload *u)
{
    struct tus *t = u->tus;
    writers_leave(u->api->writers, &t->row.id, u);
    store_abandon(end_writing(u));
    store_abandon(take(t->aside));
    upload_leave(u);
}

struct tus *tus_new(void)
{
    struct tus *t = NEW(struct tus);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void tus_free(struct upload *u)
{
    struct tus *t = u->tus;
    if (!t)
        return;
    tus_let_go(u);
    hash_free(t->sum);
    free(t->concat);
    catalog_upload_done(&t->row);
    pthread_mutex_destroy(&t->lock);
    free(t);
    u->tus = NULL;
}

// ---- receiving -------------------------------------------------------------

static enum err receive_field(struct http_request *r, struct str name,
                              struct str value)
{
    (void)name;
    (void)value;
    // Forms have another type than tus_admit() lets in.
    return upload_refuse(call_of(r)->work, "unsupported_type",
                         "A resumable upload is no form.");
}

static enum err receive_begin(struct http_request *r, struct str name,
                              struct str filename)
{
    (void)r;
    (void)name;
    (void)filename;
    return OK;
}

static enum err put_aside(struct upload *u, const void *bytes, size_t len)
{
    struct tus *t = u->tus;
    TRY(fd_write_all(store_writer_fd(t->aside), bytes, len));
    hash_add(t->sum, bytes, len);
    t->aside_bytes += (int64_t)len;
    return OK;
}

static enum err receive_data(struct http_request *r, const void *bytes,
                             size_t len)
{
    struct upload *u = call_of(r)->work;
    // A repeat of what is there already: its bytes are, too.
    if (!u || u->tus->call == TUS_LOOK)
        return OK;
    struct tus *t = u->tus;
    HOLD(&t->lock);
    if (t->is_interrupted)
        return upload_refuse(u, "locked",
                             "Another request asked where this upload stands "
                             "meanwhile.");
    if ((int64_t)len > t->room_bytes)
        return upload_refuse(
            u, "too_large", "There is more in the body than the upload lacks.");
    t->room_bytes -= (int64_t)len;
    enum err e = t->aside ? put_aside(u, bytes, len) : tus_add(u, bytes, len);
    return e == OK ? OK : upload_refuse_failure(u, e);
}

static enum err receive_end(struct http_request *r)
{
    (void)r;
    return OK;
}

const struct http_upload tus_put = {
    .field = receive_field,
    .begin = receive_begin,
    .data = receive_data,
    .end = receive_end,
};

// From here on nobody interrupts. False: somebody has.
static bool end_receiving(struct tus *t)
{
    HOLD(&t->lock);
    t->is_receiving = false;
    return !t->is_interrupted;
}

void tus_refuse(struct http_request *r, struct upload *u)
{
    tus_let_go(u);
    reply_send(r, &u->reply);
}

static void after_settling(struct http_request *r, bool is_late)
{
    struct upload *u = call_of(r)->work;
    if (is_late)
        refuse(r, "busy", "This took too long; it may still come about.");
    else if (u->result != OK)
        tus_refuse(r, u);
    else if (u->tus->is_whole)
        upload_commit(r, u);
    else
        tus_answer(r, u);
}

static void refuse_body(struct http_request *r, struct upload *u,
                        const char *text)
{
    // The reply is there, unless it was the framing that was wrong.
    if (!u->is_refused)
        reply_problem(&u->reply, "invalid_request", "%s",
                      text && text[0] ? text : "The body is malformed.");
    tus_refuse(r, u);
}

void tus_handle(struct http_request *r)
{
    struct upload *u = call_of(r)->work;
    if (!u) {
        tus_delete(r); // by X-HTTP-Method-Override
        return;
    }
    const char *text = NULL;
    enum err e = http_body_error(r, &text);
    if (e == OK && !end_receiving(u->tus))
        e = upload_refuse(u, "locked",
                          "Another request asked where this upload stands "
                          "meanwhile.");
    if (e == OK)
        upload_park(r, u, tus_settle, after_settling);
    else
        refuse_body(r, u, text);
}

// ---- HEAD and GET ----------------------------------------------------------

static void look(struct http_request *r)
{
    if (!tus_check_version(r))
        return;
    struct id id;
    if (id_parse(http_request_part(r, "id"), &id) != OK) {
        refuse(r, "not_found", "There is no such upload.");
        return;
    }
    struct upload *u = upload_new(r);
    u->tus = tus_new();
    u->tus->call = TUS_LOOK;
    u->tus->good_status = 200;
    u->tus->row.id = id;
    // Whoever asks where to go on does not wait for a probe.
    u->is_async = true;
    upload_park(r, u, tus_settle, after_settling);
}

static const char *state_name(const struct catalog_upload *row)
{
    switch (row->state) {
    case UPLOAD_UPLOADING:
        return "uploading";
    case UPLOAD_FINISHING:
        return "finishing";
    case UPLOAD_FINISHED:
        return "finished";
    case UPLOAD_REJECTED:
        return "rejected";
    }
    return "";
}

static const char *kind_name(const struct catalog_upload *row)
{
    static const char *const names[] = {
        [UPLOAD_WHOLE] = "whole",
        [UPLOAD_PART] = "partial",
        [UPLOAD_FINAL] = "final",
    };
    return names[row->kind];
}

static void write_upload(struct task *t, const struct catalog_upload *row,
                         int64_t offset_bytes)
{
    struct json_out j = reply_json(&t->reply, 200);
    json_open(&j, NULL, '{');
    json_text(&j, "id", row->id.text);
    json_text(&j, "kind", kind_name(row));
    json_text(&j, "state", state_name(row));
    json_int(&j, "offset", offset_bytes);
    if (row->length_bytes >= 0)
        json_int(&j, "length", row->length_bytes);
    else
        json_none(&j, "length");
    json_time(&j, "created_at", row->created_us);
    json_time(&j, "expires_at", row->expires_us);
    if (row->state == UPLOAD_FINISHED)
        json_text(&j, "asset", row->asset.text);
    else
        json_none(&j, "asset");
    if (row->state == UPLOAD_REJECTED) {
        json_open(&j, "error", '{');
        json_text(&j, "code", row->error_code);
        json_text(&j, "detail", row->error_detail);
        json_close(&j, '}');
    } else {
        json_none(&j, "error");
    }
    json_close(&j, '}');
}

// The row that the path names, or a problem.
static bool find(struct task *t, struct catalog_upload *ret)
{
    struct id id;
    enum err e = id_parse(str_of(t->id), &id);
    if (e == OK)
        e = catalog_upload(t->api->catalog, &id, ret);
    if (e != OK)
        reply_not_found(&t->reply, e, "upload");
    return e == OK;
}

// On the pool: what is told is on the disk.
static void tell(struct task *t)
{
    scoped(catalog_upload) struct catalog_upload row = {0};
    if (!find(t, &row))
        return;
    int64_t offset_bytes = row.length_bytes;
    enum err e = OK;
    if (row.state == UPLOAD_UPLOADING)
        e = store_draft_size(t->api->store, &row.id, &offset_bytes);
    if (e == OK)
        write_upload(t, &row, offset_bytes);
    else if (e == ERR_NOT_FOUND)
        reply_problem(&t->reply, "upload_gone", "Its bytes are gone.");
    else
        reply_error(&t->reply, e);
}

void tus_get(struct http_request *r)
{
    if (http_request_is_head(r))
        look(r);
    else
        task_start(r, tell);
}

// ---- DELETE ----------------------------------------------------------------

static void end(struct task *t)
{
    struct api *a = t->api;
    scoped(catalog_upload) struct catalog_upload row = {0};
    if (!find(t, &row))
        return;
    writers_interrupt(a->writers, &row.id);
    enum err e = store_remove_draft(a->store, &row.id);
    if (e == OK || e == ERR_NOT_FOUND)
        e = catalog_remove_upload(a->catalog, &row.id);
    writers_forget(a->writers, &row.id);
    if (e == OK || e == ERR_NOT_FOUND)
        reply_nothing(&t->reply);
    else if (e == ERR_BUSY)
        reply_problem(&t->reply, "locked", "It is being written just now.");
    else
        reply_error(&t->reply, e);
}

void tus_delete(struct http_request *r)
{
    if (tus_check_version(r))
        task_start(r, end);
}

// ---- the end of it ---------------------------------------------------------

void tus_reject(struct upload *u, const struct asset *asset)
{
    enum err e = catalog_reject_upload(u->api->catalog, &u->tus->row.id,
                                       asset->error_code, asset->error_detail);
    // The client is told now; who asks later finds an asset that is gone.
    if (e != OK)
        log_warn("upload.not_rejected id=%s error=%s", u->tus->row.id.text,
                 err_name(e));
}
