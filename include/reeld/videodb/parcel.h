// SPDX-License-Identifier: MIT
// parcel.h - the bytes of an upload on their way to an address: a temporary
// file of the store, counted and hashed as it grows.
//
// Threads: one at a time a parcel.
#pragma once

#include <stdint.h>

#include "reeld/base/hash.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/catalog/parcels.h"
#include "reeld/model/asset.h"
#include "reeld/store.h"

enum { PARCEL_FIRST_BYTES = 16 };

struct parcel {
    struct store_writer *writer;
    struct hash *hash;
    int64_t size_bytes, limit_bytes;
    uint8_t first[PARCEL_FIRST_BYTES]; // zero behind the end
    char filename[ASSET_FILENAME_BYTES];
    struct digest source; // set by parcel_end()
};

// `announced_bytes` 0: nobody knows. ERR_TOO_LARGE, ERR_NO_SPACE, ERR_IO.
must_check enum err parcel_new(struct store *s, int64_t announced_bytes,
                               int64_t limit_bytes, struct parcel **ret);
void parcel_free(struct parcel *p);
DEFINE_SCOPED(parcel, struct parcel *, parcel_free)
// The last part of a path, cut to what an asset may have.
void parcel_set_filename(struct parcel *p, struct str filename);
// ERR_TOO_LARGE, ERR_NO_SPACE, ERR_IO.
must_check enum err parcel_add(struct parcel *p, const void *bytes, size_t len);
void parcel_end(struct parcel *p);
// They are durable, and what came to the address of this hash until
// `expires_us`. On the pool, once. ERR_CONFLICT: others came first.
must_check enum err parcel_hold(struct parcel *p, struct store *s,
                                struct catalog *c, const struct digest *slot,
                                const struct id *key, int64_t expires_us);

// What its first bytes look like: a guess, for the prefix of an id that has to
// be there before the probe. What may be either is taken for a video.
enum asset_kind parcel_kind(const struct parcel *p);
// All that came as text, ERR_TOO_LARGE past `most_bytes`.
must_check enum err parcel_text(struct store *s, const struct parcel_fact *p,
                                size_t most_bytes, char **ret_text);
