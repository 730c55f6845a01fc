// SPDX-License-Identifier: MIT
// grant.h - the right to play one thing for a while, as one part of a path.
//
//   {kid}.{exp}.{mac}     mac = base64url(HMAC-SHA256(key[kid],
//                         "reeld-grant-1\n" kid "\n" exp "\n" id "\n" epoch))
//
// kid and exp (seconds since 1970) are decimal without leading zeros; a mac has
// one spelling. So every grant has exactly one, and no bit of it is free.
//
// Threads: the functions on plain values any; struct grants any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"

enum {
    GRANT_KEYS_MAX = 2,
    GRANT_TEXT_BYTES = 80,
    GRANT_KID_MAX = 999999999,
};
#define GRANT_EXP_MAX INT64_C(253402300799) // the end of the year 9999

struct grant_key {
    uint32_t kid;
    int64_t born_s, until_s; // until_s 0: signs; else good until then
    uint8_t key[HASH_BYTES];
};
struct grant_keys {
    uint32_t count; // [0] signs
    struct grant_key key[GRANT_KEYS_MAX];
};

// A new signing key; the one before stays good for `life_max_s` more.
void grant_keys_rotate(struct grant_keys *k, int64_t now_s, int64_t life_max_s);

struct grant {
    uint32_t kid;
    int64_t exp_s;
    struct digest mac;
};
// The form alone. ERR_BAD_INPUT.
must_check enum err grant_parse(struct str text, struct grant *ret);
void grant_write(const struct grant_keys *k, const struct id *id, int64_t epoch,
                 int64_t exp_s, char text[static GRANT_TEXT_BYTES]);
// ERR_BAD_INPUT for whatever is not a live grant of exactly this id and epoch.
must_check enum err grant_check(const struct grant_keys *k, struct str text,
                                const struct id *id, int64_t epoch,
                                int64_t now_s, int64_t *ret_exp_s);

// The keys of this server, kept in the catalog, and the grants that were found
// good before.
struct grants;
must_check enum err grants_open(struct catalog *c, int64_t life_max_s,
                                struct grants **ret);
void grants_free(struct grants *g);
DEFINE_SCOPED(grants, struct grants *, grants_free)
must_check enum err grants_rotate(struct grants *g); // not on HTTP threads
void grants_write(struct grants *g, const struct id *id, int64_t epoch,
                  int64_t exp_s, char text[static GRANT_TEXT_BYTES]);
must_check enum err grants_check(struct grants *g, struct str text,
                                 const struct id *id, int64_t epoch,
                                 int64_t now_s, int64_t *ret_exp_s);
