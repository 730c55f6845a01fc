// SPDX-License-Identifier: MIT
// seccomp.c - the system calls that a worker may make.
//
// What is on no list kills the process. Reasons for the odd entries are in
// threat-model F8: glibc and libav try some calls that have to fail politely.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "reeld/base/scoped.h"
#include "walls.h"

// Bytes, memory, threads, clocks and the messages to the daemon.
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(ftruncate),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getparam),     // pthread_getschedparam() of x264's threads
    SCMP_SYS(sched_getscheduler), // the same
    SCMP_SYS(sched_get_priority_max),
    SCMP_SYS(sched_get_priority_min),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), // glibc's first pthread_create()
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// Tried in passing by iconv, stdio, thread names, allocators: a refusal is
// enough, and they go on without.
static const int refused[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(openat2),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(ioctl),
    SCMP_SYS(fcntl),
    SCMP_SYS(prctl),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrusage),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(get_mempolicy),
};

static const scmp_datum_t THREAD_FLAGS =
    CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
static const scmp_datum_t NEW_FLAGS =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

static int add_lists(scmp_filter_ctx ctx)
{
    int bad = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        bad |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
    return bad;
}

// Calls that are allowed with certain arguments only.
static int add_conditions(scmp_filter_ctx ctx)
{
    int bad = 0;
    // glibc's fstat() is newfstatat(fd, "", ..., AT_EMPTY_PATH); with other
    // flags the call is on no list but "refused", by the second rule.
    bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                            SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH, 0));
    bad |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(newfstatat), 1,
                            SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH, 0));
    bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    // Threads, never processes. clone3 hides its flags behind a pointer; told
    // ENOSYS (EPERM will not do), glibc takes clone.
    bad |= seccomp_rule_add(
        ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
        SCMP_A0(SCMP_CMP_MASKED_EQ, THREAD_FLAGS | NEW_FLAGS, THREAD_FLAGS));
    bad |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return bad;
}

static void release(scmp_filter_ctx ctx)
{
    if (ctx)
        seccomp_release(ctx);
}
DEFINE_SCOPED(filter, scmp_filter_ctx, release)

enum err seccomp_raise(void)
{
    scoped(filter) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx)
        return fail(ERR_IO, "seccomp: no memory");
    if (add_lists(ctx) != 0 || add_conditions(ctx) != 0)
        return fail(ERR_IO, "seccomp: a rule was refused");
    int error = seccomp_load(ctx);
    if (error != 0) {
        errno = -error;
        return fail_errno(ERR_IO, "seccomp: load");
    }
    return OK;
}
