// SPDX-License-Identifier: MIT
// body.h - what comes behind the header: collected, or handed on as it comes.
//
// Threads: the request's.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/http.h"
#include "reeld/http/multipart.h"

enum body_kind { BODY_NONE, BODY_COLLECTED, BODY_RAW, BODY_MULTIPART };

enum { BODY_ERROR_BYTES = 256 };

struct body {
    enum body_kind kind;
    const struct http_upload *upload;
    struct buf collected;
    struct multipart *multipart;
    int64_t received;
    enum err error; // the first one; the rest of the body is dropped
    char error_text[BODY_ERROR_BYTES];
};

// The route is known and the request admitted. An error is kept in b->error.
void body_begin(struct http_request *r);
// More bytes; ignored after an error.
void body_add(struct http_request *r, const void *bytes, size_t len);
void body_end(struct http_request *r); // the last byte came
void body_done(struct body *b);
