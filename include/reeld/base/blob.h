// SPDX-License-Identifier: MIT
// blob.h - immutable bytes in memory that several holders share.
//
// Threads: any; the count is atomic and the bytes never change.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/scoped.h"

struct blob {
    const uint8_t *bytes;
    size_t len;
};

// Takes over the bytes of `b`, which is empty afterwards. One reference.
struct blob *blob_from_buf(struct buf *b);
// The whole file behind `fd`, read into memory; `most` bytes at the most.
// ERR_TOO_LARGE, ERR_IO.
must_check enum err blob_from_fd(int fd, size_t most, struct blob **ret);
struct blob *blob_ref(struct blob *b); // returns b
void blob_unref(struct blob *b);
DEFINE_SCOPED(blob, struct blob *, blob_unref)
