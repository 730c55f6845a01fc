// SPDX-License-Identifier: MIT
// upload.h - one upload, from its headers to its answer.
//
//   RECEIVING -> COMMITTING -> PROBING -> FINISHING -> answered
//       |            |
//       +------------+--> answered (an error)
//
// FINISHING removes what was rejected and keeps the answer for a repeat, where
// there is need for either. RECEIVING and PROBING belong to the request's
// thread, COMMITTING and FINISHING to the pool, with the request parked.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "reeld/jobs.h"
#include "reeld/model/asset.h"
#include "reeld/store.h"

#include "await.h"
#include "replay.h"
#include "room.h"

enum upload_field {
    UPLOAD_NAME,
    UPLOAD_DESCRIPTION,
    UPLOAD_COLLECTION,
    UPLOAD_METADATA,
    UPLOAD_CALLBACK_URL, // from here on not the asset's
    UPLOAD_CALLBACK_SECRET,
    UPLOAD_FIELDS,
};

struct tus;

struct upload {
    struct api *api;
    struct id key_id;
    bool has_place;        // among the uploads at once
    atomic_int references; // the request's and the pool's
    struct tus *tus;       // of resumable ones; NULL: POST /v1/assets
    // What the request says:
    bool is_multipart;
    bool is_async; // Prefer: respond-async
    bool has_digest;
    enum asset_kind kind;       // by type or name: decides the prefix of the id
    struct digest wanted;       // Content-Digest
    char *field[UPLOAD_FIELDS]; // NULL: not sent
    char *filename;             // of the part, "" for a raw body
    struct replay replay;
    // What came in:
    struct store_writer *writer;
    struct hash *hash;
    int64_t size_bytes;
    int64_t room_bytes; // that the quotas leave
    bool has_begun, has_ended;
    struct digest source;
    // What becomes of it:
    struct id id;
    struct reply reply;
    bool is_refused; // the reply says why
    enum err result; // of the stage before
    // How it waits:
    struct http_ticket *ticket; // for the pool
    struct await probe;         // for jobs
};

// Lives with the request, and on while the pool is at it.
struct upload *upload_new(struct http_request *r);
// The same with a place among the uploads at once; NULL: answered, none is
// free.
struct upload *upload_enter(struct http_request *r);
// Refuses with a problem; returns ERR_BAD_INPUT.
enum err upload_refuse(struct upload *u, const char *code, const char *format,
                       ...) printf_like(3, 4);

// What failed below; returns it.
enum err upload_refuse_failure(struct upload *u, enum err e);
enum err upload_refuse_size(struct upload *u); // past upload_limit

// ---- upload_fields.c: what stands around the file --------------------------

// One field, by query or multipart. ERR_BAD_INPUT: refused.
enum err upload_set(struct upload *u, struct str name, struct str value);
// Query and headers. ERR_BAD_INPUT: refused.
enum err upload_read_head(struct http_request *r, struct upload *u);
// Whether the quotas have room for `need_bytes` more, once it is known where
// the asset goes. ERR_BAD_INPUT: refused.
enum err upload_check_quota(struct upload *u, int64_t need_bytes);
// Once all fields are known. ERR_BAD_INPUT: refused.
enum err upload_check_callback(struct upload *u);
// What a file's name promises.
enum asset_kind upload_kind_of_name(struct str filename);
enum err upload_set_filename(struct upload *u, struct str filename);
// What a media type promises; ASSET_VIDEO where it says nothing.
enum asset_kind upload_kind_of_type(struct str type);
bool upload_wants_async(struct http_request *r);

// ---- upload_commit.c: once the last byte is there --------------------------

// Bytes in u->writer and their digest in u->source become an asset, and that is
// answered. Of a resumable upload u->id is given, and u->writer may be NULL: a
// former life came as far as the store.
void upload_commit(struct http_request *r, struct upload *u);
// Parks and runs `work` on the pool with a reference of its own, which
// upload_wake() ends. `then` is called in every case but one: nothing could be
// parked, and it is answered.
void upload_park(struct http_request *r, struct upload *u,
                 void (*work)(void *upload),
                 void (*then)(struct http_request *r, bool is_late));
void upload_wake(struct upload *u);
void upload_leave(struct upload *u); // its place among the uploads at once
void upload_unref(void *held);
