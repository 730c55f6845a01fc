// SPDX-License-Identifier: MIT
// tus_admit.c - what the header of a request to a resumable upload says, before
// any of its body is read.
#include "tus.h"

#include <inttypes.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

// ---- what both calls have --------------------------------------------------

static bool has_body(struct http_request *r)
{
    return http_request_content_length(r) > 0 ||
           http_request_header(r, "Transfer-Encoding").len > 0;
}

static enum err read_type(struct http_request *r, struct upload *u)
{
    struct str rest = http_request_header(r, "Content-Type");
    struct str type = str_trim(str_cut(&rest, ';'));
    if (str_eq_nocase(type, STR("application/offset+octet-stream")))
        return OK;
    return upload_refuse(u, "unsupported_type",
                         "The body is application/offset+octet-stream here.");
}

static enum err read_checksum(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct str header = http_request_header(r, "Upload-Checksum");
    if (header.len == 0)
        return OK;
    if (tus_checksum_parse(header, &t->wanted) != OK)
        return tus_refuse_header(u, "Upload-Checksum");
    t->sum = t->wanted.kind == TUS_SHA1 ? hash_new_sha1() : hash_new();
    enum err e = store_begin(
        u->api->store, max_i64(http_request_content_length(r), 0), &t->aside);
    return e == OK ? OK : upload_refuse_failure(u, e);
}

static enum err check_length(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    int64_t most = u->api->o.upload_limit_bytes;
    if (t->row.length_bytes >= 0)
        most = t->row.length_bytes;
    t->room_bytes = most - u->size_bytes;
    if (http_request_content_length(r) <= t->room_bytes)
        return OK;
    return upload_refuse(u, "too_large", "The upload lacks %" PRId64 " bytes.",
                         t->room_bytes);
}

// There must be room for all that is still to come, not for this piece alone.
static enum err check_room(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    TRY(check_length(r, u));
    int64_t free_bytes, total_bytes;
    enum err e = store_space(u->api->store, &free_bytes, &total_bytes);
    if (e != OK)
        return upload_refuse_failure(u, e);
    if (t->row.length_bytes >= 0 &&
        free_bytes - u->api->o.keep_free_bytes < t->room_bytes)
        return upload_refuse(u, "no_space",
                             "The disk has no room for the rest of it.");
    return OK;
}

static enum err open_draft(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    bool is_new = t->call == TUS_CREATE;
    int64_t length = max_i64(http_request_content_length(r), 0);
    enum err e = tus_open(u, is_new, length);
    if (e == ERR_BUSY)
        return upload_refuse(u, "locked",
                             "Another request writes this upload just now.");
    if (e == ERR_NOT_FOUND)
        return upload_refuse(u, "upload_gone", "Its bytes are gone.");
    if (e != OK)
        return upload_refuse_failure(u, e);
    TRY(check_room(r, u));
    return read_checksum(r, u);
}

// Parts are no assets; what is made of them is looked at when they are put
// together. Of an upload without a length what is known to come must fit.
static enum err check_quota(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    if (t->row.kind != UPLOAD_WHOLE)
        return OK;
    int64_t need_bytes = t->row.length_bytes;
    if (need_bytes < 0)
        need_bytes = u->size_bytes + max_i64(http_request_content_length(r), 0);
    TRY(upload_check_quota(u, need_bytes));
    t->room_bytes = min_i64(t->room_bytes, u->room_bytes - u->size_bytes);
    return OK;
}

// ---- creation --------------------------------------------------------------

static enum err read_length(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct str length = http_request_header(r, "Upload-Length");
    struct str defer = http_request_header(r, "Upload-Defer-Length");
    t->row.length_bytes = -1;
    if (t->row.kind == UPLOAD_FINAL) {
        if (length.len > 0 || defer.len > 0 || has_body(r))
            return upload_refuse(u, "invalid_request",
                                 "What is put together has neither a length "
                                 "nor a body of its own.");
        return OK;
    }
    if ((length.len > 0) == (defer.len > 0))
        return upload_refuse(u, "invalid_request",
                             "Send Upload-Length, or Upload-Defer-Length: 1.");
    if (defer.len > 0)
        return str_eq(defer, STR("1"))
                   ? OK
                   : upload_refuse(u, "invalid_request",
                                   "Upload-Defer-Length is 1.");
    if (str_to_int(length, 0, INT64_MAX, &t->row.length_bytes) != OK)
        return upload_refuse(u, "invalid_request",
                             "Upload-Length is a number of bytes.");
    if (t->row.length_bytes > u->api->o.upload_limit_bytes)
        return upload_refuse_size(u);
    if (t->row.length_bytes == 0 && t->row.kind == UPLOAD_WHOLE)
        return upload_refuse(u, "unsupported_media", "The file is empty.");
    return OK;
}

static enum err read_concat(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct str header = http_request_header(r, "Upload-Concat");
    t->row.concat = str_dup(header);
    if (header.len == 0)
        return OK;
    t->concat = NEW(struct tus_concat);
    if (tus_concat_parse(header, t->concat) != OK)
        return tus_refuse_header(u, "Upload-Concat");
    t->row.kind = t->concat->kind;
    return OK;
}

static void add(struct hash *h, struct str text)
{
    uint64_t len = text.len;
    hash_add(h, &len, sizeof(len));
    hash_add(h, text.ptr, text.len);
}

// A creation that may be sent again names the same upload again: one with
// Idempotency-Key, and one that puts parts together, which are used up by it.
static bool choose_id(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct str said = http_request_header(r, "Idempotency-Key");
    if (said.len == 0 && t->row.kind != UPLOAD_FINAL) {
        t->row.id = id_new("u");
        return false;
    }
    scoped(hash) struct hash *h = hash_new();
    add(h, str_of(u->key_id.text));
    add(h, said);
    for (size_t i = 0; t->concat && i < t->concat->parts; i++)
        add(h, str_of(t->concat->part[i].text));
    struct digest digest = hash_end(h);
    t->row.id = id_from_hash("u", digest.bytes);
    return true;
}

static bool is_same(const struct catalog_upload *a,
                    const struct catalog_upload *b)
{
    return a->kind == b->kind && strcmp(a->metadata, b->metadata) == 0 &&
           strcmp(a->concat, b->concat) == 0 &&
           (a->kind == UPLOAD_FINAL || a->length_bytes < 0 ||
            a->length_bytes == b->length_bytes);
}

// There already: then this is an answer that was lost.
static enum err find_repeat(struct upload *u)
{
    struct tus *t = u->tus;
    scoped(catalog_upload) struct catalog_upload row = {0};
    enum err e = catalog_upload(u->api->catalog, &t->row.id, &row);
    if (e == ERR_NOT_FOUND)
        return OK;
    if (e != OK)
        return upload_refuse_failure(u, e);
    if (!is_same(&t->row, &row))
        return upload_refuse(u, "idempotency_mismatch",
                             "This was another upload before.");
    t->call = TUS_LOOK;
    return OK;
}

static enum err admit_creation(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct str metadata = http_request_header(r, "Upload-Metadata");
    t->good_status = 201;
    t->row.key = u->key_id;
    t->row.created_us = clock_wall_us();
    t->row.expires_us =
        catalog_uploads_now_us(u->api->catalog) + u->api->o.upload_expiry_us;
    t->row.metadata = str_dup(metadata);
    TRY(read_concat(r, u));
    TRY(read_length(r, u));
    if (has_body(r))
        TRY(read_type(r, u));
    TRY(tus_read_metadata(u, metadata, false));
    if (choose_id(r, u))
        TRY(find_repeat(u));
    if (t->call != TUS_CREATE)
        return OK;
    TRY(open_draft(r, u));
    return check_quota(r, u);
}

// ---- another piece ---------------------------------------------------------

static enum err find_upload(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct id id;
    enum err e = id_parse(http_request_part(r, "id"), &id);
    if (e == OK)
        e = catalog_upload(u->api->catalog, &id, &t->row);
    if (e == ERR_BAD_INPUT || e == ERR_NOT_FOUND)
        return upload_refuse(u, "not_found", "There is no such upload.");
    if (e != OK)
        return upload_refuse_failure(u, e);
    t->is_known = true;
    if (t->row.kind == UPLOAD_FINAL)
        return upload_refuse(u, "forbidden",
                             "To what was put together nothing is added.");
    if (t->row.state == UPLOAD_REJECTED)
        return upload_refuse(u, "upload_gone", "%s", t->row.error_detail);
    if (t->row.state == UPLOAD_UPLOADING &&
        t->row.expires_us <= catalog_uploads_now_us(u->api->catalog))
        return upload_refuse(u, "upload_gone", "It has expired.");
    return OK;
}

// Of an upload whose length was deferred.
static enum err read_late_length(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    struct str header = http_request_header(r, "Upload-Length");
    int64_t length;
    if (header.len == 0)
        return OK;
    if (str_to_int(header, 0, INT64_MAX, &length) != OK ||
        length < u->size_bytes)
        return upload_refuse(u, "invalid_request",
                             "Upload-Length is a number of bytes, not less "
                             "than there are.");
    if (length > u->api->o.upload_limit_bytes)
        return upload_refuse_size(u);
    if (t->row.length_bytes >= 0 && t->row.length_bytes != length)
        return upload_refuse(u, "invalid_request",
                             "The upload's length is known already.");
    t->row.length_bytes = length;
    return check_length(r, u);
}

static enum err refuse_offset(struct upload *u)
{
    return upload_refuse(u, "wrong_offset",
                         "Upload-Offset is not where the upload ends.");
}

static enum err admit_piece(struct http_request *r, struct upload *u)
{
    struct tus *t = u->tus;
    int64_t offset;
    t->call = TUS_APPEND;
    t->good_status = 204;
    TRY(read_type(r, u));
    if (str_to_int(http_request_header(r, "Upload-Offset"), 0, INT64_MAX,
                   &offset) != OK)
        return upload_refuse(u, "invalid_request",
                             "Upload-Offset is a number of bytes.");
    TRY(find_upload(r, u));
    if (t->row.state != UPLOAD_UPLOADING) {
        t->call = TUS_LOOK;
        return offset == t->row.length_bytes && !has_body(r) ? OK
                                                             : refuse_offset(u);
    }
    enum err e = open_draft(r, u);
    // Where it ends is of more interest than what does not fit behind it.
    if (u->writer && offset != u->size_bytes)
        return refuse_offset(u);
    TRY(e);
    TRY(read_late_length(r, u));
    TRY(tus_read_metadata(u, str_of(t->row.metadata), true));
    return check_quota(r, u);
}

// ---- the door --------------------------------------------------------------

static bool is_override(struct http_request *r, struct str method)
{
    return str_eq(http_request_header(r, "X-HTTP-Method-Override"), method);
}

// A POST to an upload stands for a method that something on the way does not
// let through. False: answered.
static bool check_override(struct http_request *r)
{
    if (!str_eq(http_request_method(r), STR("POST")) ||
        http_request_part(r, "id").len == 0 || is_override(r, STR("PATCH")) ||
        is_override(r, STR("DELETE")))
        return true;
    refuse(r, "method_not_allowed",
           "POST goes here with X-HTTP-Method-Override: PATCH or DELETE.");
    return false;
}

bool tus_admit(struct http_request *r)
{
    if (!tus_check_version(r) || !check_override(r))
        return false;
    bool is_creation = http_request_part(r, "id").len == 0;
    if (!is_creation && is_override(r, STR("DELETE")))
        return true;
    struct upload *u = upload_enter(r);
    if (!u)
        return false;
    u->tus = tus_new();
    u->is_async = upload_wants_async(r);
    enum err e = is_creation ? admit_creation(r, u) : admit_piece(r, u);
    if (e == OK)
        u->tus->is_receiving = u->writer != NULL;
    else
        tus_refuse(r, u);
    return e == OK;
}
