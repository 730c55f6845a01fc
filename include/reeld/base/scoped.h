// SPDX-License-Identifier: MIT
// scoped.h - locals that own what they hold until their scope ends.
//
//     scoped(mem) char *text = str_dup(name);
//     scoped(fd) int fd = open(...);
//     return take(text);      // ownership moves out, nothing is released
//
// Releasing NULL (or -1 for a descriptor) is always fine.
#pragma once

#include <stdlib.h>

// Its release is a use that clang does not count.
#define scoped(kind) __attribute__((cleanup(scoped_release_##kind), unused))

#define DEFINE_SCOPED(kind, type, release)                                     \
    __attribute__((unused)) static inline void scoped_release_##kind(          \
        type *held)                                                            \
    {                                                                          \
        release(*held);                                                        \
    }

// Moves a pointer out of a scoped local.
#define take(pointer)                                                          \
    __extension__({                                                            \
        __typeof__(pointer) taken_ = (pointer);                                \
        (pointer) = NULL;                                                      \
        taken_;                                                                \
    })

// Moves a descriptor out of a scoped(fd) local.
static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

// scoped(mem): anything from malloc(). Takes the address as void * because a
// cleanup function receives a pointer to a variable of whatever type.
static inline void scoped_release_mem(void *held)
{
    free(*(void **)held);
}
