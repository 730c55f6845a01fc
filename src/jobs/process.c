// SPDX-License-Identifier: MIT
// process.c - starting, listening to and ending one worker process.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

enum {
    SOCKET_FD = 3, // in the worker; see src/reel-worker.c
    BACKGROUND_NICE = 15,
    LOG_LINES_MAX = 40, // a worker, a while
    LOG_READ_BYTES = 4096,
};
static const int64_t HELLO_TIMEOUT_US = 20 * INT64_C(1000000);
static const int64_t LOG_WHILE_US = 10 * INT64_C(1000000);

static void close_spawn_parts(posix_spawn_file_actions_t *files,
                              posix_spawnattr_t *attributes)
{
    posix_spawn_file_actions_destroy(files);
    posix_spawnattr_destroy(attributes);
}

// All other descriptors of the daemon are close-on-exec. The worker gets a
// process group of its own: a Ctrl-C at the terminal is for the daemon, and
// setpriority() on the group reaches every thread.
static int spawn(const char *path, char **arguments, int sock, int log_fd,
                 pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    error =
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&files, log_fd, 1);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&files, log_fd, 2);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&files, sock, SOCKET_FD);
    if (!error)
        error = posix_spawn(ret, path, &files, &attributes, arguments, environ);
    close_spawn_parts(&files, &attributes);
    return error;
}

static enum err spawn_worker(const struct jobs_options *o, int sock, int log_fd,
                             pid_t *ret)
{
    char parent[16], memory[24], walls[4];
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    snprintf(memory, sizeof memory, "%lld", (long long)o->worker_memory_bytes);
    snprintf(walls, sizeof walls, "%s", o->sandbox_required ? "on" : "off");
    scoped(mem) char *path = mem_text(o->worker_path);
    char *arguments[] = {path, parent, memory, walls, NULL};
    int error = spawn(path, arguments, sock, log_fd, ret);
    if (error) {
        errno = error;
        return fail_errno(ERR_IO, "start %s", path);
    }
    return OK;
}

static enum err open_channels(int sock[2], int logs[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) != 0)
        return fail_errno(ERR_IO, "socketpair");
    // Our ends alone do not block: the worker waits for its requests.
    if (fcntl(sock[0], F_SETFL, O_NONBLOCK) != 0 || pipe2(logs, O_CLOEXEC) != 0)
        return fail_errno(ERR_IO, "pipe");
    if (fcntl(logs[0], F_SETFL, O_NONBLOCK) != 0)
        return fail_errno(ERR_IO, "pipe");
    return OK;
}

static void close_pair(int pair[2])
{
    fd_close(pair[0]);
    fd_close(pair[1]);
}

static enum err watch_worker(struct jobs *j, struct worker *w)
{
    enum err result = crew_watch(j, w->pidfd, &w->on_exit);
    if (result == OK)
        result = crew_watch(j, w->sock, &w->on_message);
    if (result == OK)
        result = crew_watch(j, w->log_fd, &w->on_log);
    if (result != OK) {
        crew_close(j, &w->pidfd);
        crew_close(j, &w->sock);
        crew_close(j, &w->log_fd);
    }
    return result;
}

// One that could not be watched; no event can speak of it.
static void discard(struct worker *w)
{
    if (!w)
        return;
    if (w->pid > 0) {
        kill(w->pid, SIGKILL); // not reaped yet, so the number is its own
        waitpid(w->pid, NULL, 0);
    }
    fd_close(w->pidfd);
    fd_close(w->sock);
    fd_close(w->log_fd);
    free(w);
}
DEFINE_SCOPED(started, struct worker *, discard)

enum err worker_start(struct jobs *j, struct worker **ret)
{
    int sock[2] = {-1, -1}, logs[2] = {-1, -1};
    pid_t pid = 0;
    enum err result = open_channels(sock, logs);
    if (result == OK)
        result = spawn_worker(&j->options, sock[1], logs[1], &pid);
    if (result != OK) {
        close_pair(sock);
        close_pair(logs);
        return result;
    }
    fd_close(sock[1]);
    fd_close(logs[1]);
    scoped(started) struct worker *w = NEW(struct worker);
    w->state = WORKER_STARTING;
    w->pid = pid;
    w->sock = sock[0];
    w->log_fd = logs[0];
    w->pidfd = pidfd_open(pid, 0);
    w->deadline_us = clock_now_us() + HELLO_TIMEOUT_US;
    w->on_exit.worker = w->on_message.worker = w->on_log.worker = w;
    if (w->pidfd < 0)
        return fail_errno(ERR_IO, "pidfd_open");
    roster_set_watches(w);
    TRY(watch_worker(j, w));
    *ret = take(w);
    return OK;
}

void worker_kill(struct jobs *j, struct worker *w)
{
    if (w->state == WORKER_GONE)
        return;
    worker_read_log(j, w); // its last words
    // It can only fail when the process is dead already.
    pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0);
    w->state = WORKER_GONE;
    w->deadline_us = 0;
    crew_close(j, &w->sock);
    crew_close(j, &w->log_fd);
}

void worker_reap(struct jobs *j, struct worker *w)
{
    siginfo_t info;
    waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED);
    crew_close(j, &w->pidfd);
    DL_DELETE(j->workers, w);
    DL_APPEND(j->reaped, w);
}

static void log_words(struct worker *w, struct str line)
{
    int64_t now = clock_now_us();
    if (now - w->log_since_us > LOG_WHILE_US) {
        if (w->log_lost > 0)
            log_warn("worker.log pid=%d lost=%d", (int)w->pid, w->log_lost);
        w->log_since_us = now;
        w->log_lines = w->log_lost = 0;
    }
    if (w->log_lines++ >= LOG_LINES_MAX) {
        w->log_lost++;
        return;
    }
    // The worker's own lines name their level; all else is chatter.
    bool is_warning = memmem(line.ptr, line.len, " warn ", 6) ||
                      memmem(line.ptr, line.len, " error ", 7);
    char quoted[LOG_QUOTED_BYTES];
    log_line(is_warning ? LOG_WARN : LOG_DEBUG, "worker.says pid=%d text=%s",
             (int)w->pid, log_quote(line, quoted));
}

void worker_read_log(struct jobs *j, struct worker *w)
{
    char text[LOG_READ_BYTES];
    ssize_t got = read(w->log_fd, text, sizeof text);
    if (got <= 0) {
        if (got == 0) // closed: no more events, or they never end
            crew_close(j, &w->log_fd);
        return;
    }
    struct str rest = {text, (size_t)got};
    while (rest.ptr) {
        struct str line = str_cut(&rest, '\n');
        if (line.len > 0)
            log_words(w, line);
    }
}

void worker_set_background(struct worker *w, bool is_background)
{
    if (w->is_background == is_background)
        return;
    int nice_value = is_background ? BACKGROUND_NICE : 0;
    if (setpriority(PRIO_PGRP, (id_t)w->pid, nice_value) == 0)
        w->is_background = is_background;
}

enum err worker_allow_file(const struct worker *w, int64_t bytes)
{
    struct rlimit limit;
    if (prlimit(w->pid, RLIMIT_FSIZE, NULL, &limit) != 0)
        return fail_errno(ERR_IO, "look at a worker's limits");
    if ((rlim_t)bytes <= limit.rlim_cur)
        return OK;
    limit.rlim_cur = (rlim_t)bytes; // up to the hard one
    if (prlimit(w->pid, RLIMIT_FSIZE, &limit, NULL) != 0)
        return fail_errno(ERR_IO, "let a worker write %lld bytes",
                          (long long)bytes);
    return OK;
}
