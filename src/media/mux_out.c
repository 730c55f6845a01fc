// SPDX-License-Identifier: MIT
// mux_out.c - bytes written one behind the other, in large blocks.
#include "mux_out.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"

enum { BLOCK_BYTES = 1 << 20 };

enum err mux_out_init(struct mux_out *o, int fd, int64_t at)
{
    if (lseek(fd, at, SEEK_SET) != at)
        return fail_errno(ERR_IO, "go to where samples begin");
    *o = (struct mux_out){.fd = fd, .at = at, .block = mem_new(BLOCK_BYTES, 1)};
    return OK;
}

void mux_out_done(struct mux_out *o)
{
    free(o->block);
    *o = (struct mux_out){.fd = -1};
}

enum err mux_out_flush(struct mux_out *o)
{
    size_t len = o->filled;
    o->filled = 0;
    return fd_write_all(o->fd, o->block, len);
}

enum err mux_out_add(struct mux_out *o, const uint8_t *bytes, size_t len)
{
    o->at += (int64_t)len;
    if (len > BLOCK_BYTES - o->filled)
        TRY(mux_out_flush(o));
    if (len > BLOCK_BYTES)
        return fd_write_all(o->fd, bytes, len);
    if (len > 0)
        memcpy(o->block + o->filled, bytes, len);
    o->filled += len;
    return OK;
}
