// SPDX-License-Identifier: MIT
// sandbox.h - closes the worker: after it, nothing can be opened or started.
//
// Order and reasons: threat-model section 3 (SEC-02, SEC-03, SEC-05).
//
// Threads: call while the process has one thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"

struct sandbox_limits {
    int64_t memory_bytes;    // RLIMIT_AS
    int64_t file_bytes;      // RLIMIT_FSIZE ...
    int64_t file_bytes_most; // ... up to which the parent may raise it
    int32_t files;           // RLIMIT_NOFILE
};

struct sandbox_state {
    bool has_seccomp, has_landlock;
};

// Dies with its parent `parent_pid`, closes every descriptor above
// `highest_fd`, empties the environment, sets limits, no-new-privs, Landlock
// (skipped where the kernel lacks it), seccomp, then proves that an open fails.
// ERR_IO when a wall that the kernel has could not be raised.
// `use_filter` false (sandbox = off) leaves out Landlock and seccomp and says
// so in *ret. A sanitizer build never raises them, nor limits memory: its
// runtime needs calls and address space that the walls refuse.
must_check enum err sandbox_enter(const struct sandbox_limits *limits,
                                  int highest_fd, int parent_pid,
                                  bool use_filter, struct sandbox_state *ret);
