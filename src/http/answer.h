// SPDX-License-Identifier: MIT
// answer.h - what response.c needs to know of a shared answer.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/blob.h"
#include "reeld/http.h"

struct MHD_Response;

struct http_answer {
    _Atomic unsigned holders;
    int status;
    bool has_range;
    struct blob *body; // NULL: empty
    char *etag;        // NULL: none
    // All of it, ready to send: for most requests nothing needs to be built.
    struct MHD_Response *whole;
};

// `len` bytes of `body` from `from` on, as a response that keeps the blob.
struct MHD_Response *answer_response(struct blob *body, size_t from,
                                     size_t len);
