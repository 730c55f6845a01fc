// SPDX-License-Identifier: MIT
// reply.h - an answer of the /v1 API while it is being made, on any thread, and
// the problem documents that tell errors (RFC 9457).
//
// Threads: one at a time a struct reply; reply_send() on the request's thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/str.h"
#include "reeld/http.h"

#include "reeld/api/fields.h"
#include "reeld/api/json_out.h"
#include "reeld/api/problem.h"

enum {
    REPLY_BYTES_MAX = 64 << 20,
    REPLY_LOCATION_BYTES = 320,
    REPLY_LINK_BYTES = 1024,
    REPLY_ETAG_BYTES = 72,
    ORIGIN_BYTES = 256,
};

struct refusal;

struct reply {
    int status;
    const char *type;  // a literal; NULL: no body
    const char *cache; // Cache-Control, a literal
    struct buf body;
    int64_t retry_after_s; // 0: none
    char location[REPLY_LOCATION_BYTES];
    char link[REPLY_LINK_BYTES];
    char etag[REPLY_ETAG_BYTES]; // with its quotes
    const char *accept_patch;    // a literal
    bool asks_for_key;           // WWW-Authenticate
    char origin[ORIGIN_BYTES];   // before URLs: "http://127.0.0.1:8080"
};

void reply_init(struct reply *p, struct str origin);
void reply_done(struct reply *p);
static inline void scoped_release_reply(struct reply *held)
{
    reply_done(held);
}
// Begins a JSON answer; the writer goes on in p->body.
struct json_out reply_json(struct reply *p, int status);
void reply_nothing(struct reply *p); // 204
void reply_send(struct http_request *r, struct reply *p);
// An ETag of two halves, "{edits}-{all}": the first covers what PATCH may
// change, the second the body of the whole answer. If-None-Match asks for both,
// If-Match for the first alone, or what changes by itself would refuse every
// change.
enum { ETAG_EDITS = 16 };
void etag_of_halves(const struct digest *edits, struct str all,
                    char to[static REPLY_ETAG_BYTES]);
// Does a list of If-None-Match name this ETag (RFC 9110 section 13.1.2)? Weak
// ones match too.
bool etag_is_named(struct str list, const char *etag);

// ---- problems --------------------------------------------------------------

// Makes the reply a problem document, whatever it was before. `code` is one of
// problem.c's table.
void reply_problem(struct reply *p, const char *code, const char *format, ...)
    printf_like(3, 4);
// The same out of another function's words.
void reply_refusal(struct reply *p, const struct refusal *why);
// A problem that time will solve: "progress" says how far it is, from 0 to 1,
// as value / 10^places.
void reply_progress(struct reply *p, const char *code, const char *detail,
                    int64_t value, int places);
// 400 with the list of what is wrong where.
void reply_faults(struct reply *p, const struct faults *faults);
// What fields_parse() or fields_end() said.
void reply_fields_error(struct reply *p, const struct fields *f, enum err e);
// What failed below, in the client's words; ERR_IO is logged and not told.
// Reads fail_text().
void reply_error(struct reply *p, enum err e);
// What a look-up by an id of a path said: 404 where the text is no id or names
// nothing ("There is no such `what`."), else as reply_error().
void reply_not_found(struct reply *p, enum err e, const char *what);
// What making something of an asset said: unsupported_media where it never can
// be, not_ready where not yet, with fail_text(); else as reply_not_found().
void reply_not_made(struct reply *p, enum err e);
// What reply_error() makes of a sentence that came from another thread.
void reply_error_text(struct reply *p, enum err e, const char *text);
