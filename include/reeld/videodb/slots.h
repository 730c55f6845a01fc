// SPDX-License-Identifier: MIT
// slots.h - one-time upload addresses: what stands in them, and what came.
//
// The token in the address is 128 random bits and the only right that is
// needed: Python sends no key there. The catalog keeps its hash, and what came
// to it, over restarts (catalog/parcels.h).
//
// Threads: any, save slots_open().
#pragma once

#include <stdbool.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/str.h"
#include "reeld/catalog/parcels.h"

enum { SLOT_TOKEN_BYTES = 23 }; // 22 of base64url and a NUL

// Is it an address that was given out under this origin? What it ends in.
bool slots_token(struct str url, const char *origin, struct str *ret);
// What is handed out for a token.
void slots_write_url(const char *token, const char *origin, struct buf *to);

// A new address, for `life_us`. On the pool. ERR_BUSY: `most` are out.
must_check enum err slots_open(struct catalog *c, const struct id *key,
                               int64_t life_us, int64_t most,
                               char token[static SLOT_TOKEN_BYTES]);
// The address that ends in it, and what it is known by. ERR_NOT_FOUND.
must_check enum err slots_find(struct catalog *c, struct str token,
                               struct digest *ret_hash,
                               struct parcel_fact *ret);
// The same of one to which bytes came. ERR_CONFLICT: not yet.
must_check enum err slots_find_held(struct catalog *c, struct str token,
                                    struct digest *ret_hash,
                                    struct parcel_fact *ret);
