// SPDX-License-Identifier: MIT
// upload.c - receives the bytes of an upload: into the store's temp file, with
// a running SHA-256.
#include "upload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/http/multipart.h"

enum err upload_refuse(struct upload *u, const char *code, const char *format,
                       ...)
{
    char detail[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    reply_problem(&u->reply, code, "%s", detail);
    u->is_refused = true;
    return fail(ERR_BAD_INPUT, "%s", detail);
}

enum err upload_refuse_failure(struct upload *u, enum err e)
{
    reply_error(&u->reply, e);
    u->is_refused = true;
    return e;
}

enum err upload_refuse_size(struct upload *u)
{
    return upload_refuse(u, "too_large",
                         "An upload may have %" PRId64 " bytes at most.",
                         u->api->o.upload_limit_bytes);
}

struct upload *upload_new(struct http_request *r)
{
    struct upload *u = NEW(struct upload);
    u->api = api_of(r);
    u->key_id = call_of(r)->key.id;
    atomic_init(&u->references, 1);
    reply_init(&u->reply, api_origin(r));
    call_keep(r, u, upload_unref);
    return u;
}

struct upload *upload_enter(struct http_request *r)
{
    struct str key = str_of(call_of(r)->key.id.text);
    if (!gate_enter(api_of(r)->uploads, key)) {
        refuse(r, "busy", "As many uploads as allowed are under way already.");
        return NULL;
    }
    struct upload *u = upload_new(r);
    u->has_place = true;
    return u;
}

// HTTP-11, threat-model section 4: a length that is announced is refused, and
// its room reserved, before any of it is sent.
static enum err check_length(struct http_request *r, struct upload *u)
{
    int64_t length = http_request_content_length(r);
    if (length < 0 && http_request_header(r, "Transfer-Encoding").len == 0)
        return upload_refuse(u, "length_required",
                             "Send Content-Length or a chunked body.");
    int64_t most = u->api->o.upload_limit_bytes +
                   (u->is_multipart ? MULTIPART_OVERHEAD_BYTES : 0);
    if (length > most)
        return upload_refuse_size(u);
    // Where a form goes stands in its body.
    if (!u->is_multipart) {
        TRY(upload_check_callback(u));
        TRY(upload_check_quota(u, length));
    }
    enum err e = store_begin(u->api->store, max_i64(length, 0), &u->writer);
    return e == OK ? OK : upload_refuse_failure(u, e);
}

static bool admit(struct http_request *r, struct upload *u)
{
    if (upload_read_head(r, u) == OK && check_length(r, u) == OK)
        return true;
    reply_send(r, &u->reply);
    return false;
}

static bool is_json(struct http_request *r)
{
    struct str rest = http_request_header(r, "Content-Type");
    struct str type = str_trim(str_cut(&rest, ';'));
    return str_eq_nocase(type, STR("application/json"));
}

// JSON names a URL; all else are the bytes themselves.
bool upload_admit(struct http_request *r)
{
    if (is_json(r)) {
        http_collect_body(r);
        return true;
    }
    struct upload *u = upload_enter(r);
    if (!u)
        return false;
    u->hash = hash_new();
    return admit(r, u);
}

static struct upload *upload_of(struct http_request *r)
{
    return call_of(r)->work;
}

static enum err receive_field(struct http_request *r, struct str name,
                              struct str value)
{
    struct upload *u = upload_of(r);
    if (u->has_begun)
        return upload_refuse(u, "invalid_request",
                             "Multipart fields come before the file.");
    return upload_set(u, name, value);
}

static enum err receive_begin(struct http_request *r, struct str name,
                              struct str filename)
{
    struct upload *u = upload_of(r);
    if (u->has_begun)
        return upload_refuse(u, "invalid_request",
                             "One file is uploaded at a time.");
    if (u->is_multipart && !str_eq(name, STR("file")))
        return upload_refuse(u, "invalid_request",
                             "The file goes in the field \"file\".");
    TRY(upload_set_filename(u, filename));
    if (u->is_multipart) {
        TRY(upload_check_callback(u));
        TRY(upload_check_quota(u, 0));
    }
    u->has_begun = true;
    return OK;
}

static enum err receive_data(struct http_request *r, const void *bytes,
                             size_t len)
{
    struct upload *u = upload_of(r);
    if ((int64_t)len > u->api->o.upload_limit_bytes - u->size_bytes)
        return upload_refuse_size(u);
    if ((int64_t)len > u->room_bytes - u->size_bytes)
        TRY(upload_check_quota(u, u->size_bytes + (int64_t)len));
    enum err e = fd_write_all(store_writer_fd(u->writer), bytes, len);
    if (e != OK)
        return upload_refuse_failure(u, e);
    hash_add(u->hash, bytes, len);
    u->size_bytes += (int64_t)len;
    store_writer_push(u->writer, u->size_bytes);
    return OK;
}

static enum err receive_end(struct http_request *r)
{
    struct upload *u = upload_of(r);
    u->source = hash_end(u->hash);
    u->has_ended = true;
    return OK;
}

const struct http_upload uploads = {
    .field = receive_field,
    .begin = receive_begin,
    .data = receive_data,
    .end = receive_end,
};

// Everything that can be said against it without the disk.
static enum err check_whole(struct http_request *r, struct upload *u)
{
    const char *text = NULL;
    enum err e = http_body_error(r, &text);
    if (u->is_refused)
        return ERR_BAD_INPUT;
    if (e != OK) {
        reply_error_text(&u->reply, e, text ? text : "");
        return e;
    }
    if (!u->has_ended)
        return upload_refuse(u, "invalid_request",
                             "There is no file in the body.");
    if (u->size_bytes == 0)
        return upload_refuse(u, "unsupported_media", "The file is empty.");
    if (u->has_digest && !digest_eq(&u->wanted, &u->source))
        return upload_refuse(u, "digest_mismatch",
                             "The SHA-256 of the body is not the one in "
                             "Content-Digest.");
    return OK;
}

void upload_handle(struct http_request *r)
{
    struct upload *u = upload_of(r);
    if (!u) {
        pull_create(r);
        return;
    }
    if (check_whole(r, u) != OK)
        reply_send(r, &u->reply);
    else
        upload_commit(r, u);
}
