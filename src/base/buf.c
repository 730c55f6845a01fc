// SPDX-License-Identifier: MIT
// buf.c - text or bytes that grow up to a limit.
#include "reeld/base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"

enum {
    FIRST_BYTES = 256,
    SMALL_BYTES = 64 << 10, // mem.h's word for it: no memory for them ends all
};

void buf_init(struct buf *b, size_t limit)
{
    *b = (struct buf){.limit = limit};
}

void buf_done(struct buf *b)
{
    free(b->bytes);
    buf_init(b, b->limit);
}

// Room for `more` bytes and the NUL behind them. Once something did not fit,
// nothing more is taken, so that what is kept is always the beginning.
static bool reserve(struct buf *b, size_t more)
{
    if (b->is_over)
        return false;
    if (more > b->limit - b->len) {
        b->is_over = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->capacity)
        return true;
    size_t wanted = b->capacity > SIZE_MAX / 2 ? need : b->capacity * 2;
    if (wanted < FIRST_BYTES)
        wanted = FIRST_BYTES;
    if (wanted < need)
        wanted = need;
    if (wanted <= SMALL_BYTES) {
        b->bytes = mem_grow(b->bytes, &b->capacity, wanted, 1);
        return true;
    }
    uint8_t *grown = realloc(b->bytes, wanted);
    if (!grown) {
        b->is_over = b->lacks_memory = true;
        return false;
    }
    b->bytes = grown;
    b->capacity = wanted;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len > 0)
        memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
    b->bytes[b->len] = '\0';
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.ptr, s.len);
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

// The low `len` bytes of `v`, the most significant first.
static void put_big_endian(uint8_t *to, uint64_t v, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

static void add_big_endian(struct buf *b, uint64_t v, size_t len)
{
    uint8_t bytes[8];
    put_big_endian(bytes, v, len);
    buf_add(b, bytes, len);
}

void buf_u8(struct buf *b, uint8_t v)
{
    buf_add(b, &v, 1);
}

void buf_u16(struct buf *b, uint16_t v)
{
    add_big_endian(b, v, 2);
}

void buf_u24(struct buf *b, uint32_t v)
{
    assert(v <= 0xFFFFFF);
    add_big_endian(b, v, 3);
}

void buf_u32(struct buf *b, uint32_t v)
{
    add_big_endian(b, v, 4);
}

void buf_u64(struct buf *b, uint64_t v)
{
    add_big_endian(b, v, 8);
}

void buf_patch_u32(struct buf *b, size_t at, uint32_t v)
{
    // When the buffer is over, the four bytes may be among what did not fit.
    if (b->is_over)
        return;
    assert(at <= b->len && b->len - at >= 4);
    put_big_endian(b->bytes + at, v, 4);
}

struct str buf_view(const struct buf *b)
{
    return (struct str){(const char *)b->bytes, b->len};
}

enum err buf_end(const struct buf *b)
{
    if (b->lacks_memory)
        return fail(ERR_IO, "no memory for more than %zu bytes", b->len);
    if (b->is_over)
        return fail(ERR_TOO_LARGE, "output of more than %zu bytes", b->limit);
    return OK;
}

uint8_t *buf_take(struct buf *b, size_t *ret_len)
{
    uint8_t *bytes = b->bytes ? b->bytes : mem_new(1, 1);
    *ret_len = b->len;
    buf_init(b, b->limit);
    return bytes;
}
