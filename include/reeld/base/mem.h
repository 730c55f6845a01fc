// SPDX-License-Identifier: MIT
// mem.h - allocation that does not fail.
//
// Small allocations abort when memory is out: jobs are in the catalog and the
// daemon restarts. A size taken from input is checked against a named limit
// before it comes here.
//
// Threads: any.
#pragma once

#include <stddef.h>

// Zeroed memory, never NULL; released with free(). Aborts on overflow too.
void *mem_new(size_t count, size_t item_bytes)
    __attribute__((malloc, returns_nonnull));

// Grows `items` so that it holds at least `need` items, doubling *capacity.
// Returns the (perhaps moved) memory; new items are not zeroed.
void *mem_grow(void *items, size_t *capacity, size_t need, size_t item_bytes)
    __attribute__((returns_nonnull, warn_unused_result));

// A copy of a C string, never NULL.
char *mem_text(const char *text) __attribute__((malloc, returns_nonnull));

#define NEW(type)              ((type *)mem_new(1, sizeof(type)))
#define NEW_ARRAY(count, type) ((type *)mem_new((count), sizeof(type)))

// Appends one item to a growing array of three variables.
#define PUSH(items, count, capacity, item)                                     \
    do {                                                                       \
        (items) =                                                              \
            mem_grow((items), &(capacity), (count) + 1, sizeof *(items));      \
        (items)[(count)++] = (item);                                           \
    } while (0)
