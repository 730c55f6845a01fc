// SPDX-License-Identifier: MIT
// gzip.c - gzip of a body, for answers made once.
#include <stdlib.h>
#include <zlib.h>

#include "reeld/base/mem.h"
#include "reeld/http.h"

enum {
    LEVEL = 9,             // made once, sent often
    GZIP_WINDOW = 15 + 16, // the largest window, with a gzip header
    MEMORY = 9,
};

// The same body gives the same bytes: zlib writes no time and no name.
static bool compress_into(struct str body, uint8_t *to, size_t room,
                          size_t *ret_len)
{
    z_stream z = {0};
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    // zlib reads the input only, but its type says so under ZLIB_CONST alone.
    z.next_in = (Bytef *)(uintptr_t)body.ptr;
    z.avail_in = (uInt)body.len;
    z.next_out = to;
    z.avail_out = (uInt)room;
    int result = deflate(&z, Z_FINISH);
    *ret_len = z.total_out;
    deflateEnd(&z);
    return result == Z_STREAM_END;
}

struct blob *http_gzip(struct str body)
{
    struct buf out;
    buf_init(&out, UINT32_MAX);
    size_t room = compressBound((uLong)body.len) + 32;
    size_t len = 0;
    if (body.len < UINT32_MAX / 2) {
        uint8_t *bytes = mem_new(room, 1);
        if (compress_into(body, bytes, room, &len))
            buf_add(&out, bytes, len);
        free(bytes);
    }
    return blob_from_buf(&out);
}
