// SPDX-License-Identifier: MIT
// parcels.h - one-time upload addresses, and bytes that nobody has claimed yet.
//
//          hold             claim, take
//    OUT --------> HELD ------------------> gone
//     |              |
//     +--------------+--> gone, past its time
//
// An address is known by the hash of its token alone. The bytes of one that is
// HELD are in the store, and stay there for it.
//
// Threads: catalog_parcel() any; the others not on HTTP threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/catalog.h"

struct parcel_fact {
    struct id key;      // who asked for the address
    int64_t expires_us; // wall clock
    bool is_held;
    // HELD:
    struct digest source; // SHA-256 of the bytes, and their key in the store
    int64_t size_bytes;   // > 0
    enum asset_kind kind; // a guess
    char filename[ASSET_FILENAME_BYTES];
};

// ERR_NOT_FOUND: there is none, or it is past its time.
must_check enum err catalog_parcel(struct catalog *c,
                                   const struct digest *token,
                                   struct parcel_fact *ret);

// A new address, OUT until expires_us. ERR_BUSY: there are `most` already.
must_check enum err catalog_open_parcel(struct catalog *c,
                                        const struct digest *token,
                                        const struct id *key,
                                        int64_t expires_us, int64_t most);
// Bytes that are in the store came to it: all of `p` counts, is_held is taken
// for granted. Bytes before facts: whoever calls shares the claim on
// `p->source`. ERR_CONFLICT: others came first.
must_check enum err catalog_hold_parcel(struct catalog *c,
                                        const struct digest *token,
                                        const struct parcel_fact *p);
// It becomes this asset, as by catalog_add_asset(), and is gone, both or
// neither. ERR_NOT_FOUND: nothing is HELD there (any more).
must_check enum err catalog_claim_parcel(struct catalog *c,
                                         const struct digest *token,
                                         const struct asset *asset);
// It is gone; its bytes are the sweep's. ERR_NOT_FOUND as above.
must_check enum err catalog_take_parcel(struct catalog *c,
                                        const struct digest *token);
