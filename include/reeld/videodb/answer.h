// SPDX-License-Identifier: MIT
// answer.h - the envelope around every answer, while it is being made.
//
//   {"success": true, "message": "ok", "data": {...}}
//   {"success": false, "message": "...", "error_code": "..."}
//
// Threads: one at a time a struct answer; answer_send() on the request's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/api/face.h"
#include "reeld/api/json_out.h"
#include "reeld/base/buf.h"
#include "reeld/catalog/events.h"

enum { ANSWER_BYTES_MAX = 64 << 20 };

struct answer {
    int status;
    struct buf body;
    struct json_out json;
    char open; // the bracket of "data" that is still to be closed; 0: none
    int64_t retry_after_s;
    char origin[ANSWER_ORIGIN_BYTES]; // before URLs: "http://127.0.0.1:8080"
};

void answer_init(struct answer *a, struct str origin);
void answer_done(struct answer *a);
static inline void scoped_release_answer(struct answer *held)
{
    answer_done(held);
}

// Begins a success, whatever was there before; "data" is what the caller
// writes: members where `bracket` is '{', items where it is '['.
struct json_out *answer_data(struct answer *a, char bracket);
// Success with nothing to tell.
void answer_ok(struct answer *a);
void answer_refusal(struct answer *a, const struct refusal *why);
void answer_problem(struct answer *a, const char *code, const char *format, ...)
    printf_like(3, 4);
void answer_error(struct answer *a, enum err e); // reads fail_text()

// Work that goes on: `path` below /videodb/ is where to ask for it.
void answer_processing(struct answer *a, const char *path, int percentage);
// As a poll tells it. Begins like answer_data().
struct json_out *answer_work_done(struct answer *a, char bracket);
void answer_work_failed(struct answer *a, const char *code, const char *text);
// Accepted; the answer will go to the call-back.
void answer_accepted(struct answer *a);

// Ends it: the whole text, valid until the answer is used again.
struct str answer_text(struct answer *a);
void answer_send(struct http_request *r, struct answer *a);
// All at once, for handlers.
void answer_refuse(struct http_request *r, const char *code, const char *format,
                   ...) printf_like(3, 4);
void answer_refuse_why(struct http_request *r, const struct refusal *why);
