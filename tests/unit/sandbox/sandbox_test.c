// SPDX-License-Identifier: MIT
// sandbox_test.c - each forbidden call is tried in a child of its own.
#include "reeld/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct sandbox_limits limits = {
    .memory_bytes = INT64_C(2) << 30,
    .file_bytes = 1 << 20,
    .file_bytes_most = 2 << 20,
    .files = 32,
};

enum { CANNOT_ENTER = 100, DONE = 0, REFUSED = 1 };

// What became of a child that closed itself and then did `act`: its exit code,
// or minus the signal that ended it.
static int closed_as(uid_t user, int (*act)(void), bool use_filter)
{
    pid_t parent = getpid();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sandbox_state state;
        if (user != geteuid() && (setresgid(user, user, user) != 0 ||
                                  setresuid(user, user, user) != 0))
            _exit(CANNOT_ENTER + 1);
        if (sandbox_enter(&limits, 2, parent, use_filter, &state) != OK)
            _exit(CANNOT_ENTER);
        _exit(act());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int closed(int (*act)(void), bool use_filter)
{
    return closed_as(geteuid(), act, use_filter);
}

static int refused_if(bool is_refused)
{
    return is_refused ? REFUSED : DONE;
}

static int try_open(void)
{
    return refused_if(open("/dev/null", O_RDONLY) < 0 && errno == EPERM);
}
static int try_create(void)
{
    return refused_if(open("/tmp/reeld-escape", O_CREAT | O_RDWR, 0600) < 0);
}
static int try_stat(void)
{
    struct stat status;
    return refused_if(stat("/etc/passwd", &status) < 0 && errno == EPERM);
}
static int try_ioctl(void)
{
    return refused_if(isatty(2) == 0 && errno == EPERM);
}
static int try_clone3(void)
{
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    return refused_if(child < 0 && errno == ENOSYS);
}
static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}
static int try_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}
static int try_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    return connect(0, (struct sockaddr *)&to, sizeof to);
}
static int try_exec(void)
{
    char name[] = "true";
    char *const arguments[] = {name, NULL};
    char *const environment[] = {NULL};
    return execve("/bin/true", arguments, environment);
}
static int try_fork(void)
{
    // glibc's fork() is clone() without CLONE_THREAD.
    return fork() < 0;
}
static int try_vfork(void)
{
    return (int)syscall(SYS_vfork);
}
static int try_kill(void)
{
    return kill(getppid(), 0);
}
static int try_tgkill(void)
{
    return (int)syscall(SYS_tgkill, 1, 1, 0);
}
static int try_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int try_attach(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static int try_end_parent(void)
{
    return kill(getppid(), SIGKILL);
}
static int try_end_all(void)
{
    return kill(-1, SIGKILL);
}
static int try_pidfd(void)
{
    return (int)syscall(SYS_pidfd_open, getppid(), 0);
}
static int try_raise_limit(void)
{
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
    return refused_if(setrlimit(RLIMIT_AS, &most) < 0 && errno == EPERM);
}
static int try_executable_memory(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED;
}
static int try_make_executable(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED || mprotect(at, 4096, PROT_READ | PROT_EXEC);
}
static int try_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}
static int try_unlink(void)
{
    return unlink("/tmp/reeld-nothing");
}
static int try_chdir(void)
{
    return chdir("/");
}
static int try_memfd(void)
{
    return memfd_create("x", 0);
}
static int try_bpf(void)
{
    return (int)syscall(SYS_bpf, 0, NULL, 0);
}
static int try_process_memory(void)
{
    return (int)syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0);
}

static void *count_up(void *argument)
{
    int *count = argument;
    (*count)++;
    return NULL;
}

// What libav and x264 need: threads, memory, clocks, writes.
static int work(void)
{
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        int count = 0;
        if (pthread_create(&thread, NULL, count_up, &count) != 0 ||
            pthread_join(thread, NULL) != 0 || count != 1)
            return REFUSED;
    }
    char *memory = malloc(64 << 20);
    if (!memory)
        return REFUSED;
    memset(memory, 1, 64 << 20);
    free(memory);
    struct timespec now;
    struct stat status;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0 ||
        fstat(0, &status) != 0)
        return REFUSED;
    return DONE;
}

static void skip_if_sanitized(void)
{
#ifdef REELD_SANITIZED
    skip();
#endif
}

static void forbidden_calls_answer_an_error(void **state)
{
    (void)state;
    skip_if_sanitized();
    assert_int_equal(closed(try_open, true), REFUSED);
    assert_int_equal(closed(try_create, true), REFUSED);
    assert_int_equal(closed(try_stat, true), REFUSED);
    assert_int_equal(closed(try_ioctl, true), REFUSED);
    assert_int_equal(closed(try_clone3, true), REFUSED);
    assert_int_equal(closed(try_raise_limit, true), REFUSED);
}

static void calls_that_start_or_connect_kill(void **state)
{
    (void)state;
    skip_if_sanitized();
    static int (*const calls[])(void) = {
        try_socket,
        try_unix_socket,
        try_connect,
        try_exec,
        try_fork,
        try_vfork,
        try_kill,
        try_tgkill,
        try_ptrace,
        try_attach,
        try_end_parent,
        try_pidfd,
        try_namespace,
        try_executable_memory,
        try_make_executable,
        try_unlink,
        try_chdir,
        try_memfd,
        try_bpf,
        try_process_memory,
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        assert_int_equal(closed(calls[i], true), -SIGSYS);
}

static void threads_memory_and_clocks_work_inside(void **state)
{
    (void)state;
    assert_int_equal(closed(work, true), DONE);
    assert_int_equal(closed(work, false), DONE);
}

static void nobody_can_close_itself_too(void **state)
{
    (void)state;
    const uid_t nobody = 65534;
    if (geteuid() != 0)
        skip();
    assert_int_equal(closed_as(nobody, work, true), DONE);
    skip_if_sanitized();
    assert_int_equal(closed_as(nobody, try_open, true), REFUSED);
    assert_int_equal(closed_as(nobody, try_exec, true), -SIGSYS);
    assert_int_equal(closed_as(nobody, try_socket, true), -SIGSYS);
    assert_int_equal(closed_as(nobody, try_fork, true), -SIGSYS);
    assert_int_equal(closed_as(nobody, try_attach, true), -SIGSYS);
    assert_int_equal(closed_as(nobody, try_end_parent, true), -SIGSYS);
    assert_int_equal(closed_as(nobody, try_end_all, true), -SIGSYS);
    assert_int_equal(closed_as(nobody, try_raise_limit, true), REFUSED);
}

static void without_the_filter_files_open(void **state)
{
    (void)state;
    assert_int_equal(closed(try_open, false), DONE);
}

static int look_at_limits(void)
{
    struct rlimit files, size, core;
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_FSIZE, &size);
    getrlimit(RLIMIT_CORE, &core);
    bool as_asked = files.rlim_max == 32 && size.rlim_cur == 1 << 20 &&
                    size.rlim_max == 2 << 20 && core.rlim_max == 0;
    bool is_bare = getenv("HOME") == NULL && getenv("PATH") == NULL;
    return as_asked && is_bare ? DONE : REFUSED;
}

static void limits_and_environment_are_set(void **state)
{
    (void)state;
    setenv("HOME", "/root", 1);
    assert_int_equal(closed(look_at_limits, false), DONE);
}

static int take_too_much(void)
{
    return malloc((size_t)3 << 30) ? DONE : REFUSED;
}

static void memory_past_the_limit_is_not_given(void **state)
{
    (void)state;
    skip_if_sanitized();
    assert_int_equal(closed(take_too_much, true), REFUSED);
}

// Into what it was handed as descriptor 0: as much as was allowed, and no more.
static int write_too_much(void)
{
    static char block[1 << 16];
    int64_t written = 0;
    for (ssize_t n; (n = write(0, block, sizeof block)) > 0;)
        written += n;
    return refused_if(errno == EFBIG && written == limits.file_bytes);
}

static void more_output_than_asked_is_not_written(void **state)
{
    (void)state;
    int saved = dup(0), output = memfd_create("output", 0);
    assert_true(saved > 2 && output > 2);
    assert_int_equal(dup2(output, 0), 0);
    int result = closed(write_too_much, true);
    assert_int_equal(dup2(saved, 0), 0);
    close(output);
    close(saved);
    assert_int_equal(result, REFUSED);
}

static int inherited;

static int write_inherited(void)
{
    return refused_if(write(inherited, "x", 1) < 0 && errno == EBADF);
}

static void descriptors_above_the_known_are_closed(void **state)
{
    (void)state;
    inherited = open("/dev/null", O_WRONLY);
    assert_true(inherited > 2);
    assert_int_equal(closed(write_inherited, false), REFUSED);
    close(inherited);
}

static void the_wrong_parent_is_refused(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sandbox_state s;
        enum err result = sandbox_enter(&limits, 2, getppid() + 1, false, &s);
        _exit(result == ERR_IO ? REFUSED : DONE);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void the_state_says_what_was_raised(void **state)
{
    (void)state;
    pid_t parent = getpid();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sandbox_state s = {true, true};
        if (sandbox_enter(&limits, 2, parent, false, &s) != OK)
            _exit(CANNOT_ENTER);
        bool was_open = !s.has_seccomp && !s.has_landlock;
        if (sandbox_enter(&limits, 2, parent, true, &s) != OK)
            _exit(CANNOT_ENTER);
#ifdef REELD_SANITIZED
        _exit(was_open && !s.has_seccomp ? DONE : REFUSED);
#else
        _exit(was_open && s.has_seccomp ? DONE : REFUSED);
#endif
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), DONE);
}

// Enters under a filter that answers `error` to Landlock's first call, as a
// systemd unit (EPERM) or an old kernel (ENOSYS) does.
static int enter_where_landlock_says(int error)
{
    pid_t parent = getpid();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
        if (!ctx ||
            seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned)error),
                             SCMP_SYS(landlock_create_ruleset), 0) != 0 ||
            seccomp_load(ctx) != 0)
            _exit(CANNOT_ENTER + 1);
        struct sandbox_state s;
        if (sandbox_enter(&limits, 2, parent, true, &s) != OK)
            _exit(CANNOT_ENTER);
        _exit(s.has_seccomp && !s.has_landlock ? DONE : REFUSED);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void a_kernel_without_landlock_is_a_fallback(void **state)
{
    (void)state;
    skip_if_sanitized();
    assert_int_equal(enter_where_landlock_says(ENOSYS), DONE);
    assert_int_equal(enter_where_landlock_says(EOPNOTSUPP), DONE);
}

static void a_forbidden_landlock_is_a_failure(void **state)
{
    (void)state;
    skip_if_sanitized();
    assert_int_equal(enter_where_landlock_says(EPERM), CANNOT_ENTER);
}

// A child of its own forks the closed one and goes: the kernel must end it.
static void it_dies_with_its_parent(void **state)
{
    (void)state;
    int end[2];
    assert_int_equal(pipe(end), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        int ready[2];
        if (pipe(ready) != 0)
            _exit(1);
        pid_t self = getpid();
        if (fork() == 0) {
            struct sandbox_state s;
            // The write end of `end` stays open in here until death.
            ignore(sandbox_enter(&limits, 63, self, false, &s));
            if (write(ready[1], "x", 1) == 1)
                sleep(30);
            _exit(0);
        }
        char byte;
        _exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(end[1]);
    int status;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(WEXITSTATUS(status), 0);
    alarm(20); // a survivor would keep the pipe open
    char byte;
    assert_int_equal(read(end[0], &byte, 1), 0);
    alarm(0);
    close(end[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbidden_calls_answer_an_error),
        cmocka_unit_test(calls_that_start_or_connect_kill),
        cmocka_unit_test(threads_memory_and_clocks_work_inside),
        cmocka_unit_test(nobody_can_close_itself_too),
        cmocka_unit_test(without_the_filter_files_open),
        cmocka_unit_test(limits_and_environment_are_set),
        cmocka_unit_test(memory_past_the_limit_is_not_given),
        cmocka_unit_test(more_output_than_asked_is_not_written),
        cmocka_unit_test(descriptors_above_the_known_are_closed),
        cmocka_unit_test(the_wrong_parent_is_refused),
        cmocka_unit_test(the_state_says_what_was_raised),
        cmocka_unit_test(a_kernel_without_landlock_is_a_fallback),
        cmocka_unit_test(a_forbidden_landlock_is_a_failure),
        cmocka_unit_test(it_dies_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
