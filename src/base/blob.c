// SPDX-License-Identifier: MIT
// blob.c - immutable bytes that several holders share.
#include "reeld/base/blob.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"

// What a struct blob really is; holders see the first field alone.
struct shared {
    struct blob blob;
    uint8_t *bytes; // the same as blob.bytes, but ours to free
    atomic_uint holders;
};

static struct blob *share(uint8_t *bytes, size_t len)
{
    struct shared *s = NEW(struct shared);
    s->blob = (struct blob){bytes, len};
    s->bytes = bytes;
    atomic_init(&s->holders, 1);
    return &s->blob;
}

struct blob *blob_from_buf(struct buf *b)
{
    size_t len = 0;
    uint8_t *bytes = buf_take(b, &len);
    return share(bytes, len);
}

enum err blob_from_fd(int fd, size_t most, struct blob **ret)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    TRY(fd_read_file(fd, most, &bytes, &len));
    *ret = share(bytes, len);
    return OK;
}

struct blob *blob_ref(struct blob *b)
{
    struct shared *s = (struct shared *)b;
    atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
    return b;
}

void blob_unref(struct blob *b)
{
    struct shared *s = (struct shared *)b;
    if (!s || atomic_fetch_sub(&s->holders, 1) != 1)
        return;
    free(s->bytes);
    free(s);
}
