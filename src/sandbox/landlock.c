// SPDX-License-Identifier: MIT
// landlock.c - a ruleset that handles every right and grants none.
//
// Debian 12's headers stop at ABI 2, so the structure and the rights of later
// kernels are written by number (Linux, include/uapi/linux/landlock.h) and cut
// to what the running kernel knows.
#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "walls.h"

struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; // ABI 4
    uint64_t scoped;             // ABI 6
};

// Of each ABI: how many rights exist, and how long the structure is.
static const struct abi {
    int fs_rights, net_rights, scopes;
    size_t bytes;
} abis[] = {
    {13, 0, 0, 8 }, // 1
    {14, 0, 0, 8 }, // 2: refer
    {15, 0, 0, 8 }, // 3: truncate
    {15, 2, 0, 16}, // 4: TCP bind, connect
    {16, 2, 0, 16}, // 5: ioctl on devices
    {16, 2, 2, 24}, // 6: abstract sockets, signals
};

static uint64_t lowest_bits(int count)
{
    return (UINT64_C(1) << count) - 1;
}

// threat-model F10: only these two mean that the kernel has none; EPERM means
// that something forbade it, and that must not pass as an older kernel.
static bool is_lacking(int error)
{
    return error == ENOSYS || error == EOPNOTSUPP;
}

enum err landlock_raise(bool *ret_is_up)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                           LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0 && is_lacking(errno)) {
        *ret_is_up = false;
        return OK;
    }
    if (version < 1)
        return fail_errno(ERR_IO, "landlock: version");
    long known = sizeof abis / sizeof *abis;
    const struct abi *abi = &abis[(version < known ? version : known) - 1];
    struct ruleset rules = {lowest_bits(abi->fs_rights),
                            lowest_bits(abi->net_rights),
                            lowest_bits(abi->scopes)};
    scoped(fd) int fd =
        (int)syscall(SYS_landlock_create_ruleset, &rules, abi->bytes, 0);
    if (fd < 0)
        return fail_errno(ERR_IO, "landlock: ruleset");
    if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        return fail_errno(ERR_IO, "landlock: restrict");
    *ret_is_up = true;
    return OK;
}
