// SPDX-License-Identifier: MIT
// multipart.h - multipart/form-data (RFC 7578), read as it streams in. Pure.
//
// The bytes may be cut anywhere: the calls are the same, but for where the
// bytes of one file are cut into data() calls (SEC-13).
//
// Threads: one at a time a parser.
#pragma once

#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

enum {
    MULTIPART_PARTS_MAX = 16,
    MULTIPART_HEAD_BYTES = 8 * 1024,
    MULTIPART_FIELD_BYTES = 64 * 1024, // a field that is not a file
    MULTIPART_NAME_BYTES = 256,
    MULTIPART_FILENAME_BYTES = 1024,
    MULTIPART_OUTSIDE_BYTES = 8 * 1024, // before the first and behind the last
    // By how much a form with one file may be longer than the file is: more
    // than any client puts around it.
    MULTIPART_OVERHEAD_BYTES = 1024 * 1024,
};

// A part with a filename is a file: begin, data ..., end. Any other is a field.
// A call that returns an error ends the parse with it.
struct multipart_calls {
    enum err (*field)(void *context, struct str name, struct str value);
    enum err (*begin)(void *context, struct str name, struct str filename);
    enum err (*data)(void *context, const void *bytes, size_t len);
    enum err (*end)(void *context);
};

struct multipart;
// `content_type` is the request's header. ERR_BAD_INPUT: no usable boundary.
must_check enum err multipart_new(struct str content_type,
                                  const struct multipart_calls *calls,
                                  void *context, struct multipart **ret);
void multipart_free(struct multipart *m);
DEFINE_SCOPED(multipart, struct multipart *, multipart_free)

// More bytes of the body. ERR_BAD_INPUT when they are malformed, ERR_TOO_LARGE
// past a limit, ERR_UNSUPPORTED for encoded parts, or what a call returned.
must_check enum err multipart_add(struct multipart *m, const void *bytes,
                                  size_t len);
// The body is over. ERR_BAD_INPUT when the last boundary is missing.
must_check enum err multipart_end(struct multipart *m);

// ---- the header of one part ------------------------------------------------

struct multipart_head {
    bool is_file;
    struct str name, filename; // point into the arrays below
    char name_bytes[MULTIPART_NAME_BYTES];
    char filename_bytes[MULTIPART_FILENAME_BYTES];
};

// `text`: the header lines with their ends. Errors as multipart_add().
must_check enum err multipart_read_head(struct str text,
                                        struct multipart_head *ret);
