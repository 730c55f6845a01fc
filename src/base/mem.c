// SPDX-License-Identifier: MIT
// mem.c - allocation that does not fail.
#include "reeld/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reeld/base/err.h"

enum { FIRST_CAPACITY = 8 };

static _Noreturn void give_up(void)
{
    // Without the log, which may want memory itself.
    static const char text[] = "out of memory\n";
    ignore(write(STDERR_FILENO, text, sizeof(text) - 1) < 0); // the end anyway
    abort();
}

void *mem_new(size_t count, size_t item_bytes)
{
    // calloc(0) may answer NULL, which callers are promised not to see.
    void *memory = calloc(count ? count : 1, item_bytes ? item_bytes : 1);
    if (!memory)
        give_up();
    return memory;
}

void *mem_grow(void *items, size_t *capacity, size_t need, size_t item_bytes)
{
    if (items && need <= *capacity)
        return items;
    size_t wanted = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (wanted < need)
        wanted = need;
    if (wanted < FIRST_CAPACITY)
        wanted = FIRST_CAPACITY;
    void *grown = reallocarray(items, wanted, item_bytes ? item_bytes : 1);
    if (!grown)
        give_up();
    *capacity = wanted;
    return grown;
}

char *mem_text(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        give_up();
    return copy;
}
