// SPDX-License-Identifier: MIT
// slots.h - one-time upload addresses, and the bytes that came to them.
//
//          begin             hold            take
//    OUT -------> RECEIVING -------> HELD -------> gone
//     ^               |
//     +---------------+  abort
//
// The token in the address is 128 random bits and the only right that is
// needed: Python sends no key there. Slots are memory: what was not claimed is
// gone after `life_us`, or with the daemon, and the client uploads again.
//
// Threads: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"

#include "parcel.h"

enum { SLOT_TOKEN_BYTES = 23 }; // 22 of base64url and a NUL

struct slots;
struct slots *slots_new(int most, int64_t life_us);
void slots_free(struct slots *s);

// Is it an address that was given out under this origin? What it ends in.
bool slots_token(struct str url, const char *origin, struct str *ret);
// What is handed out for a token.
void slots_write_url(const char *token, const char *origin, struct buf *to);

// A new address. ERR_BUSY: as many as allowed are out.
must_check enum err slots_open(struct slots *s, const struct id *key,
                               char token[static SLOT_TOKEN_BYTES]);
// The bytes begin to come. *ret_key: who asked for the address. ERR_NOT_FOUND,
// ERR_CONFLICT: they came already, or are coming.
must_check enum err slots_begin(struct slots *s, struct str token,
                                struct id *ret_key);
void slots_abort(struct slots *s, struct str token);
void slots_hold(struct slots *s, struct str token, struct parcel *taken);
// The bytes, and the end of the address. ERR_NOT_FOUND, ERR_CONFLICT: they are
// not there yet.
must_check enum err slots_take(struct slots *s, struct str token,
                               struct parcel **ret);
