// SPDX-License-Identifier: MIT
// clock_shim.c - LD_PRELOADed: the wall clock, set by a file while a program
// runs.
//
// CLOCK_SHIM names a file of at least 8 bytes; the int64_t in it, seconds, is
// added to CLOCK_REALTIME.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

static void __attribute__((constructor)) open_shim(void)
{
    const char *path = getenv("CLOCK_SHIM");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        offset = at;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    long got = syscall(SYS_clock_gettime, clock, t);
    if (got == 0 && clock == CLOCK_REALTIME && offset)
        t->tv_sec += *offset;
    return (int)got;
}
