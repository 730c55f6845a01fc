// SPDX-License-Identifier: MIT
// tus.h - one request to a resumable upload (tus 1.0), beside its struct
// upload.
//
//   ADMITTED -> RECEIVING -> SETTLING -> answered
//                  |  ^          |
//      interrupted |  | bytes    +-> upload_commit(): all bytes are there
//                  v  +
//               refused
//
// Whatever Upload-Offset tells is on the disk: SETTLING syncs the draft, on the
// pool. A request that asks where an upload stands (HEAD) first ends the one
// that still seems to write it: its client has lost that connection.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "reeld/api/tus.h"
#include "reeld/catalog/uploads.h"

#include "upload.h"
#include "writers.h"

enum tus_call {
    TUS_CREATE,
    TUS_APPEND,
    TUS_LOOK, // also a creation, or a last piece, that is sent again
};

struct tus {
    enum tus_call call;
    int good_status;           // of the answer
    struct catalog_upload row; // as it is in the catalog, or will be
    bool is_known;             // it is in the catalog
    bool has_metadata;         // what it says of the asset is in the upload
    bool is_gone;              // for good: its draft too, after this request
    struct tus_concat *concat; // of a final one that is being made
    // Receiving; `lock` guards these and u->writer, u->size_bytes:
    pthread_mutex_t lock;
    bool is_receiving;     // may be interrupted
    bool is_interrupted;   // u->writer was let go of
    int64_t room_bytes;    // how many more may come
    struct writing *place; // in the table of writers
    // A body with a checksum waits here until it is found to be good.
    struct store_writer *aside;
    int64_t aside_bytes;
    struct tus_checksum wanted;
    struct hash *sum;
    // Settling:
    bool has_looked, is_synced;
    size_t part;          // the one that is being copied
    int64_t copied_bytes; // of it, or of what waits aside
    int64_t offset_bytes; // what Upload-Offset tells
    bool is_whole;        // nothing is missing: it becomes an asset
};

// Comes before the answer: the client may at once go on with the next request.
void tus_let_go(struct upload *u);
// Lets go, and answers what u->reply says.
void tus_refuse(struct http_request *r, struct upload *u);
struct tus *tus_new(void);
void tus_free(struct upload *u); // fine where there is none
// Opens the draft for this request and enters it among the writers.
must_check enum err tus_open(struct upload *u, bool is_new,
                             int64_t size_hint_bytes);
// Bytes behind the last one of the draft.
must_check enum err tus_add(struct upload *u, const void *bytes, size_t len);

// tus_metadata.c: 400 that names the header, and says what fail() was told.
must_check enum err tus_refuse_header(struct upload *u, const char *name);
// name, description ... of the asset out of Upload-Metadata.
// `is_stored`: it was good when the upload was made, and what is not any more
// (a collection that went) is left out.
must_check enum err tus_read_metadata(struct upload *u, struct str header,
                                      bool is_stored);
// tus_settle.c: on the pool.
void tus_settle(void *upload);
// tus_answer.c
void tus_answer(struct http_request *r, struct upload *u);
// 412 and false unless the request speaks our version.
bool tus_check_version(struct http_request *r);
// The asset that it became was rejected and goes: so does the upload.
void tus_reject(struct upload *u, const struct asset *asset);
