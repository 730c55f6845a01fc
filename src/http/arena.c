// SPDX-License-Identifier: MIT
// arena.c - small memory that lives as long as one request.
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "reeld/base/mem.h"

struct arena_block {
    struct arena_block *next;
    _Alignas(16) char bytes[];
};

void arena_init(struct arena *a)
{
    a->blocks = NULL;
    a->used = 0;
}

void arena_done(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->used = 0;
}

void *arena_get(struct arena *a, size_t len)
{
    size_t room = (len + 15) & ~(size_t)15;
    if (room <= ARENA_INLINE_BYTES - a->used) {
        void *at = a->bytes + a->used;
        a->used += room;
        return at;
    }
    struct arena_block *block = mem_new(1, sizeof *block + len);
    block->next = a->blocks;
    a->blocks = block;
    return block->bytes;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *copy = arena_get(a, s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return (struct str){copy, s.len};
}
