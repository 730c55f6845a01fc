// SPDX-License-Identifier: MIT
// enter.c - everything that closes a worker, in the order that works.
#include "reeld/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "walls.h"

#ifdef REELD_SANITIZED
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

// The daemon may have gone between fork and prctl: then nobody would send the
// signal any more (F11).
static enum err die_with_parent(int parent_pid)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return fail_errno(ERR_IO, "prctl: PDEATHSIG");
    if (getppid() != parent_pid)
        return fail(ERR_IO, "the parent is %d, not %d", (int)getppid(),
                    parent_pid);
    return OK;
}

static enum err shed_inheritance(int highest_fd)
{
    if (close_range((unsigned)highest_fd + 1, ~0U, 0) != 0)
        return fail_errno(ERR_IO, "close_range");
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        return fail_errno(ERR_IO, "prctl: DUMPABLE");
    umask(077);
    // Nothing of the daemon's surroundings is the worker's business, and no
    // locale may change how a number is written.
    if (clearenv() != 0 || setenv("LC_ALL", "C", 1) != 0 ||
        setenv("TZ", "UTC0", 1) != 0)
        return fail_errno(ERR_IO, "environment");
    // A write past a limit or to a closed pipe shall fail, not kill.
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return OK;
}

// The filter keeps the worker itself from going up to `most`.
static enum err set_limits_to(int what, int64_t value, int64_t most,
                              const char *name)
{
    struct rlimit limit;
    if (getrlimit(what, &limit) != 0)
        return fail_errno(ERR_IO, "getrlimit: %s", name);
    rlim_t hard = (rlim_t)most;
    if (limit.rlim_max == RLIM_INFINITY || hard < limit.rlim_max)
        limit.rlim_max = hard;
    limit.rlim_cur =
        (rlim_t)value < limit.rlim_max ? (rlim_t)value : limit.rlim_max;
    if (setrlimit(what, &limit) != 0)
        return fail_errno(ERR_IO, "setrlimit: %s", name);
    return OK;
}

static enum err set_limit(int what, int64_t value, const char *name)
{
    return set_limits_to(what, value, value, name);
}

static enum err set_limits(const struct sandbox_limits *l)
{
    if (!is_sanitized)
        TRY(set_limit(RLIMIT_AS, l->memory_bytes, "memory"));
    TRY(set_limits_to(RLIMIT_FSIZE, l->file_bytes, l->file_bytes_most,
                      "file size"));
    TRY(set_limit(RLIMIT_NOFILE, l->files, "files"));
    TRY(set_limit(RLIMIT_CORE, 0, "core"));
    return set_limit(RLIMIT_MEMLOCK, 0, "locked memory");
}

// Walls that were raised without complaint are believed only after this.
static enum err prove_closed(void)
{
    scoped(fd) int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        return fail(ERR_IO, "the sandbox let a file be opened");
    return OK;
}

enum err sandbox_enter(const struct sandbox_limits *limits, int highest_fd,
                       int parent_pid, bool use_filter,
                       struct sandbox_state *ret)
{
    TRY(die_with_parent(parent_pid));
    TRY(shed_inheritance(highest_fd));
    TRY(set_limits(limits));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_errno(ERR_IO, "prctl: NO_NEW_PRIVS");
    struct sandbox_state state = {0};
    if (use_filter && !is_sanitized) {
        TRY(landlock_raise(&state.has_landlock));
        TRY(seccomp_raise());
        state.has_seccomp = true;
        TRY(prove_closed());
    }
    *ret = state;
    return OK;
}
