// SPDX-License-Identifier: MIT
// tus_settle.c - after the last byte of a request, on the pool: what came is
// checked, synced and noted; when nothing is missing, it is made ready to
// become an asset.
//
// The pool has few threads and others wait for them: what takes long (copying,
// hashing what a former life received) is done in slices, each a task of its
// own.
#include "tus.h"

#include <inttypes.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

#define SLICE_US INT64_C(200000)
enum { BLOCK_BYTES = 1 << 20 };

// One slice; `is_over` turns false when it ends before the work.
struct slice {
    int64_t until_us;
    bool is_over;
};

static bool goes_on(struct slice *s)
{
    s->is_over = clock_now_us() < s->until_us;
    return s->is_over;
}

// ---- bytes from elsewhere --------------------------------------------------

// Appends what is left of `size_bytes` of a file.
static enum err copy(struct upload *u, int fd, int64_t size_bytes,
                     struct slice *s)
{
    struct tus *t = u->tus;
    scoped(mem) uint8_t *block = mem_new(BLOCK_BYTES, 1);
    while (t->copied_bytes < size_bytes) {
        if (!goes_on(s))
            return OK;
        int64_t len = min_i64(BLOCK_BYTES, size_bytes - t->copied_bytes);
        TRY(fd_pread_all(fd, block, (size_t)len, t->copied_bytes));
        TRY(tus_add(u, block, (size_t)len));
        t->copied_bytes += len;
    }
    return OK;
}

static enum err take_aside(struct upload *u, struct slice *s)
{
    struct tus *t = u->tus;
    if (t->sum) {
        struct digest sum = hash_end(t->sum);
        hash_free(take(t->sum));
        if (!digest_eq(&sum, &t->wanted.digest))
            return upload_refuse(u, "checksum_mismatch",
                                 "The bytes do not have the sum of "
                                 "Upload-Checksum.");
    }
    TRY(copy(u, store_writer_fd(t->aside), t->aside_bytes, s));
    if (s->is_over)
        store_abandon(take(t->aside));
    return OK;
}

// One part of those that are put together, all of which is there.
static enum err check_part(struct upload *u, const struct id *id,
                           int64_t *ret_bytes)
{
    scoped(catalog_upload) struct catalog_upload part = {0};
    enum err e = catalog_upload(u->api->catalog, id, &part);
    if (e == ERR_NOT_FOUND)
        return upload_refuse(u, "invalid_request",
                             "Upload-Concat: there is no upload %s.", id->text);
    TRY(e);
    if (part.kind != UPLOAD_PART)
        return upload_refuse(u, "invalid_request",
                             "Upload-Concat: %s is not a partial upload.",
                             id->text);
    int64_t size_bytes = -1;
    e = store_draft_size(u->api->store, id, &size_bytes);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    if (e != OK || size_bytes != part.length_bytes)
        return upload_refuse(u, "conflict", "Part %s is not complete.",
                             id->text);
    *ret_bytes = size_bytes;
    return OK;
}

static enum err check_parts(struct upload *u)
{
    struct tus *t = u->tus;
    int64_t length_bytes = 0, free_bytes, total_bytes;
    for (size_t i = 0; i < t->concat->parts; i++) {
        int64_t part_bytes = 0;
        TRY(check_part(u, &t->concat->part[i], &part_bytes));
        length_bytes += part_bytes;
        if (length_bytes > u->api->o.upload_limit_bytes)
            return upload_refuse_size(u);
    }
    if (length_bytes == 0)
        return upload_refuse(u, "unsupported_media", "The file is empty.");
    TRY(store_space(u->api->store, &free_bytes, &total_bytes));
    if (free_bytes - u->api->o.keep_free_bytes < length_bytes)
        return upload_refuse(u, "no_space", "The disk has no room for it.");
    TRY(upload_check_quota(u, length_bytes));
    t->row.length_bytes = length_bytes;
    return OK;
}

static enum err put_together(struct upload *u, struct slice *s)
{
    struct tus *t = u->tus;
    if (t->row.length_bytes < 0)
        TRY(check_parts(u));
    for (; t->part < t->concat->parts; t->part++, t->copied_bytes = 0) {
        scoped(fd) int fd = -1;
        int64_t size_bytes;
        TRY(store_read_draft(u->api->store, &t->concat->part[t->part], &fd));
        TRY(fd_size(fd, &size_bytes));
        TRY(copy(u, fd, size_bytes, s));
        if (!s->is_over)
            return OK;
    }
    return OK;
}

// Their bytes are in the whole now. What stays behind here expires.
static void drop_parts(struct upload *u)
{
    const struct tus_concat *concat = u->tus->concat;
    for (size_t i = 0; concat && i < concat->parts; i++) {
        const struct id *id = &concat->part[i];
        enum err e = store_remove_draft(u->api->store, id);
        if (e == OK || e == ERR_NOT_FOUND)
            e = catalog_remove_upload(u->api->catalog, id);
        writers_forget(u->api->writers, id);
        if (e != OK && e != ERR_NOT_FOUND)
            log_warn("upload.part_left id=%s error=%s", id->text, err_name(e));
    }
}

// ---- where an upload stands ------------------------------------------------

static enum err refuse_gone(struct upload *u, const char *why)
{
    return upload_refuse(u, "upload_gone", "%s", why);
}

static enum err find(struct upload *u)
{
    struct tus *t = u->tus;
    struct id id = t->row.id;
    catalog_upload_done(&t->row);
    enum err e = catalog_upload(u->api->catalog, &id, &t->row);
    if (e == ERR_NOT_FOUND)
        return upload_refuse(u, "not_found", "There is no such upload.");
    TRY(e);
    t->is_known = true;
    if (t->row.state == UPLOAD_REJECTED)
        return refuse_gone(u, t->row.error_detail);
    if (t->row.state == UPLOAD_UPLOADING &&
        t->row.expires_us <= catalog_uploads_now_us(u->api->catalog))
        return refuse_gone(u, "It has expired.");
    return OK;
}

// Takes the draft over from whoever seems to write it.
static enum err look(struct upload *u)
{
    struct tus *t = u->tus;
    writers_interrupt(u->api->writers, &t->row.id);
    TRY(find(u));
    if (t->row.state == UPLOAD_FINISHED)
        return OK;
    enum err e = tus_open(u, false, 0);
    if (e == ERR_BUSY)
        // It is past its last byte: the pool is at it.
        e = store_draft_size(u->api->store, &t->row.id, &t->offset_bytes);
    if (e == ERR_NOT_FOUND)
        TRY(find(u)); // it may have become an asset in between
    if (t->row.state == UPLOAD_FINISHED)
        return OK;
    if (e == ERR_NOT_FOUND && t->row.state == UPLOAD_UPLOADING)
        return refuse_gone(u, "Its bytes are gone.");
    if (e == ERR_NOT_FOUND) {
        // A former life, or a request just now, brought it into the store.
        t->is_whole = true;
        u->id = t->row.asset;
        u->source = t->row.source;
        u->size_bytes = t->row.length_bytes;
        return tus_read_metadata(u, str_of(t->row.metadata), true);
    }
    return e;
}

// ---- noting ----------------------------------------------------------------

// What does not reach the disk is lost, whatever is read back of it: such a
// draft does not go on.
static enum err sync_draft(struct upload *u)
{
    struct tus *t = u->tus;
    enum err e = store_sync(u->writer);
    t->is_gone = e != OK;
    TRY(e);
    t->offset_bytes = u->size_bytes;
    t->is_synced = true;
    return OK;
}

static enum err note(struct upload *u)
{
    struct tus *t = u->tus;
    struct api *a = u->api;
    if (t->is_known && t->call == TUS_LOOK)
        return OK;
    if (t->is_known) {
        t->row.expires_us =
            catalog_uploads_now_us(a->catalog) + a->o.upload_expiry_us;
        return catalog_renew_upload(a->catalog, &t->row.id, t->row.expires_us,
                                    t->row.length_bytes);
    }
    enum err e =
        catalog_add_upload(a->catalog, &t->row, a->o.unfinished_per_key);
    t->is_gone = e == ERR_BUSY;
    if (e == ERR_BUSY)
        return upload_refuse(u, "too_many_requests",
                             "This key has %d unfinished uploads already: "
                             "finish or delete some.",
                             a->o.unfinished_per_key);
    TRY(e);
    t->is_known = true;
    drop_parts(u);
    return OK;
}

static enum err catch_up(struct upload *u, struct slice *s)
{
    struct writing *place = u->tus->place;
    int fd = store_writer_fd(u->writer);
    scoped(mem) uint8_t *block = mem_new(BLOCK_BYTES, 1);
    while (place->hashed_bytes < u->size_bytes) {
        if (!goes_on(s))
            return OK;
        int64_t len = min_i64(BLOCK_BYTES, u->size_bytes - place->hashed_bytes);
        TRY(fd_pread_all(fd, block, (size_t)len, place->hashed_bytes));
        hash_add(place->hash, block, (size_t)len);
        place->hashed_bytes += len;
    }
    return OK;
}

// All of it is there: asset and digest are noted before the bytes move.
static enum err make_ready(struct upload *u, struct slice *s)
{
    struct tus *t = u->tus;
    if (t->row.state == UPLOAD_UPLOADING) {
        TRY(catch_up(u, s));
        if (!s->is_over)
            return OK;
        t->row.source = hash_end(t->place->hash);
        hash_free(take(t->place->hash));
    }
    if (!t->has_metadata)
        TRY(tus_read_metadata(u, str_of(t->row.metadata), true));
    if (t->row.state == UPLOAD_UPLOADING) {
        t->row.asset = id_new(asset_kind_prefix(u->kind));
        TRY(catalog_finish_upload(u->api->catalog, &t->row.id, &t->row.asset,
                                  &t->row.source));
        t->row.state = UPLOAD_FINISHING;
    }
    u->id = t->row.asset;
    u->source = t->row.source;
    t->is_whole = true;
    return OK;
}

static bool is_complete(const struct upload *u)
{
    const struct catalog_upload *row = &u->tus->row;
    return row->kind != UPLOAD_PART && row->length_bytes == u->size_bytes;
}

static enum err settle(struct upload *u, struct slice *s)
{
    struct tus *t = u->tus;
    if (t->call == TUS_LOOK && !t->has_looked)
        TRY(look(u));
    t->has_looked = true;
    if (!u->writer)
        return OK;
    if (t->aside)
        TRY(take_aside(u, s));
    if (s->is_over && t->concat && t->concat->kind == UPLOAD_FINAL &&
        !t->is_known)
        TRY(put_together(u, s));
    if (!s->is_over)
        return OK;
    if (!t->is_synced) {
        TRY(sync_draft(u));
        TRY(note(u));
    }
    return is_complete(u) ? make_ready(u, s) : OK;
}

// A creation of which nobody was told, or bytes that cannot be trusted.
static void clean_up(struct upload *u)
{
    struct tus *t = u->tus;
    if (t->is_known && !t->is_gone)
        return;
    if (!u->writer)
        return;
    tus_let_go(u);
    enum err e = store_remove_draft(u->api->store, &t->row.id);
    if (e == OK && t->is_known)
        e = catalog_remove_upload(u->api->catalog, &t->row.id);
    writers_forget(u->api->writers, &t->row.id);
    if (e != OK)
        log_warn("upload.draft_left id=%s error=%s", t->row.id.text,
                 err_name(e));
}

void tus_settle(void *upload)
{
    struct upload *u = upload;
    struct slice s = {clock_now_us() + SLICE_US, true};
    enum err e = settle(u, &s);
    if (e == OK && !s.is_over) {
        // The next slice has our reference, and may be running by now.
        e = pool_run(u->api->pool, tus_settle, u);
        if (e == OK)
            return;
    }
    u->result = e;
    if (e != OK) {
        if (!u->is_refused)
            upload_refuse_failure(u, e);
        clean_up(u);
    }
    upload_wake(u);
}
