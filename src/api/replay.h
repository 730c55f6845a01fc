// SPDX-License-Identifier: MIT
// replay.h - Idempotency-Key: one request, one effect, the same answer.
//
// The catalog keeps the claim and then the answer. Which claims are *live* is
// known here alone (one process has the catalog): a claim without an answer
// that nobody here owns is of a life that ended, and is taken over.
//
// Threads: replay_of() the request's; the others the pool.
#pragma once

#include <stdbool.h>

#include "reeld/base/hash.h"
#include "reeld/catalog.h"
#include "reeld/http.h"

#include "reeld/store/claims.h"
#include "reply.h"

struct replay {
    bool is_wanted; // the header was sent
    bool is_owned;  // claimed: replay_end() or replay_drop() is due
    struct digest key, request;
};

// Reads the header; `body` is the digest of what was sent. ERR_BAD_INPUT when
// the key is empty, longer than 255 bytes or not visible ASCII.
must_check enum err replay_of(const struct http_request *r, const char *key_id,
                              const struct digest *body, struct replay *ret);
// True: go on. False: *p is the answer (the kept one, 409, 422 or 503).
// `note`, where not NULL, gets what replay_note() kept in a former life; it is
// empty otherwise.
bool replay_begin(struct replay *y, struct claims *claims, struct catalog *c,
                  struct reply *p, char *note, size_t note_bytes);
// Keeps a word for the next life, should this one end before the answer.
must_check enum err replay_note(struct replay *y, struct catalog *c,
                                const char *note);
// Keeps the answer; one that says that the server failed (5xx) gives the claim
// up, and the client may try again with the same key.
void replay_end(struct replay *y, struct claims *claims, struct catalog *c,
                const struct reply *p);
// Lets go without an answer. Fine when nothing is owned.
void replay_drop(struct replay *y, struct claims *claims);
