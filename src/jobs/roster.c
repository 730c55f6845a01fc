// SPDX-License-Identifier: MIT
// roster.c - which worker gets what, and when one comes or goes.
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/math.h"

static const int64_t IDLE_KEPT_US = 5 * INT64_C(1000000);
static const int64_t EOF_GRACE_US = INT64_C(1000000);
static const int64_t START_PAUSE_US = INT64_C(1000000);
static const int64_t START_PAUSE_MAX_US = 30 * INT64_C(1000000);

int roster_count(const struct jobs *j, enum worker_state state)
{
    int count = 0;
    const struct worker *w;
    DL_FOREACH (j->workers, w)
        count += w->state == state;
    return count;
}

// A worker that never served says something about the program, not about a
// file: wait before the next one is started.
static void pause_starting(struct jobs *j, const char *why)
{
    crew_started(j, START_FAILED, why);
    j->start_pause_us =
        clamp_i64(j->start_pause_us * 2, START_PAUSE_US, START_PAUSE_MAX_US);
    j->start_at_us = clock_now_us() + j->start_pause_us;
}

void roster_bury(struct jobs *j, struct worker *w, const char *why)
{
    if (w->state == WORKER_GONE)
        return;
    char text[256]; // `why` may be fail_text(), which does not last
    str_copy(text, sizeof text, str_of(why));
    log_warn("worker.lost pid=%d why=\"%s\"", (int)w->pid, text);
    j->counts.worker_deaths++;
    bool has_served = w->is_bound;
    struct request *request = w->request;
    w->request = NULL;
    worker_kill(j, w);
    if (!has_served)
        pause_starting(j, text);
    if (request)
        request_lost(j, request, text, false);
}

// A worker that is not wanted any more; nothing is lost.
static void dismiss(struct jobs *j, struct worker *w)
{
    log_debug("worker.dismissed pid=%d", (int)w->pid);
    worker_kill(j, w);
}

static bool is_same_build(struct jobs *j, const struct wire_hello *hello)
{
    if (j->has_build)
        return strcmp(j->counts.build, hello->build) == 0;
    j->has_build = true;
    j->counts.has_seccomp = hello->has_seccomp;
    j->counts.has_landlock = hello->has_landlock;
    memcpy(j->counts.build, hello->build, sizeof j->counts.build);
    if (!hello->has_landlock)
        log_warn("worker.sandbox seccomp=%d landlock=0", hello->has_seccomp);
    return true;
}

static void greet(struct jobs *j, struct worker *w,
                  const struct wire_hello *hello)
{
    if (j->options.sandbox_required && !hello->has_seccomp) {
        roster_bury(j, w, "it is not sandboxed");
        return;
    }
    // Another build makes other bytes under the same keys.
    if (!is_same_build(j, hello)) {
        roster_bury(j, w, "reel-worker was replaced; restart reeld");
        return;
    }
    w->state = WORKER_SPARE;
    w->deadline_us = 0;
    j->start_pause_us = 0;
    crew_started(j, START_OK, "");
}

static void take_message(struct jobs *j, struct worker *w)
{
    const struct wire_message *m = &j->message;
    if (w->state == WORKER_STARTING && m->type == WIRE_HELLO) {
        greet(j, w, &m->hello);
        return;
    }
    if (w->state != WORKER_BUSY) {
        roster_bury(j, w, "it spoke without being asked");
        return;
    }
    if (request_answered(j, w, m) != OK)
        roster_bury(j, w, fail_text());
}

static void read_messages(struct jobs *j, struct worker *w)
{
    while (w->state != WORKER_GONE) {
        int fds[WIRE_FDS_MAX];
        size_t count;
        enum err result = wire_receive(w->sock, &j->message, fds, &count);
        if (result == ERR_BUSY)
            return;
        if (result == ERR_NOT_FOUND) {
            // It is ending; its exit will tell why. If it does not, it goes.
            epoll_ctl(j->epoll_fd, EPOLL_CTL_DEL, w->sock, NULL);
            w->deadline_us = clock_now_us() + EOF_GRACE_US;
            return;
        }
        if (result != OK) {
            roster_bury(j, w, fail_text());
            return;
        }
        take_message(j, w);
    }
}

static void message_came(struct jobs *j, struct watch *watch)
{
    if (watch->worker->state != WORKER_GONE)
        read_messages(j, watch->worker);
}

static void words_came(struct jobs *j, struct watch *watch)
{
    if (watch->worker->state != WORKER_GONE)
        worker_read_log(j, watch->worker);
}

static void process_ended(struct jobs *j, struct watch *watch)
{
    struct worker *w = watch->worker;
    if (w->pidfd < 0)
        return;
    if (w->state != WORKER_GONE)
        read_messages(j, w); // an answer may have come just before
    if (w->state != WORKER_GONE) {
        siginfo_t info = {0};
        waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED | WNOWAIT);
        char why[48];
        snprintf(why, sizeof why,
                 info.si_code == CLD_EXITED ? "it left with status %d"
                                            : "it was killed by signal %d",
                 info.si_status);
        roster_bury(j, w, why);
    }
    worker_reap(j, w);
}

void roster_set_watches(struct worker *w)
{
    w->on_exit = (struct watch){process_ended, w};
    w->on_message = (struct watch){message_came, w};
    w->on_log = (struct watch){words_came, w};
}

// Lowering a nice value takes a right that a service seldom has.
static bool may_lower_nice(void)
{
    struct rlimit limit;
    return geteuid() == 0 ||
           (getrlimit(RLIMIT_NICE, &limit) == 0 && limit.rlim_cur >= 20);
}

static bool is_at(const struct worker *w, const struct place *wanted)
{
    if (!wanted->is_set)
        return false;
    const struct place *own = &w->place[wanted->kind][wanted->mode];
    return own->is_set && own->stream == wanted->stream &&
           own->at == wanted->at;
}

// How well an idle worker of the same source suits; 0: not at all.
static int suits(const struct worker *w, const struct need *n)
{
    if (w->is_background && !n->is_background && !may_lower_nice())
        return 0;
    if (is_at(w, &n->place))
        return 100;
    // What the ladder takes stays slow, and would be missed by a player.
    if (n->is_background && !w->is_background)
        return 20;
    if (!w->place[TRACK_VIDEO][RECIPE_ENCODE].is_set)
        return 60;
    // A decoder somewhere else: leave it there, and the worker to whom it
    // belongs free for what follows.
    if (n->load == LOAD_IMAGE)
        return 0;
    return n->load == LOAD_LIGHT ? 50 : 30;
}

static int score(const struct worker *w, const struct need *n)
{
    if (w->state == WORKER_SPARE)
        return 40;
    if (w->state != WORKER_IDLE || n->wants_fresh ||
        !digest_eq(&w->source, n->source))
        return 0;
    return suits(w, n);
}

struct worker *roster_pick(struct jobs *j, const struct need *n)
{
    struct worker *best = NULL;
    int best_score = 0;
    struct worker *w;
    DL_FOREACH (j->workers, w) {
        int own = score(w, n);
        if (own > best_score) {
            best = w;
            best_score = own;
        }
    }
    if (!best)
        j->needed++;
    return best;
}

// Work that nobody has asked for, after an answer, counts for the next task.
static bool is_spendthrift(const struct jobs *j, const struct worker *w)
{
    return w->state == WORKER_BUSY &&
           clock_process_cpu_us(w->pid) - w->cpu_begun_us >=
               j->options.worker_cpu_us;
}

static void look_at_limits(struct jobs *j, int64_t now_us)
{
    struct worker *w, *next;
    DL_FOREACH_SAFE (j->workers, w, next) {
        if (w->deadline_us && now_us >= w->deadline_us)
            roster_bury(j, w, "it took too long");
        else if (is_spendthrift(j, w))
            roster_bury(j, w, "it took more processor time than it may");
        else if (w->state == WORKER_IDLE &&
                 now_us - w->idle_since_us >= IDLE_KEPT_US)
            dismiss(j, w);
    }
}

// Each holds an open decoder: keep a few, the longest idle goes first.
static void thin_out_idle(struct jobs *j)
{
    int most = j->options.workers + 2;
    while (roster_count(j, WORKER_IDLE) > most) {
        struct worker *oldest = NULL, *w;
        DL_FOREACH (j->workers, w)
            if (w->state == WORKER_IDLE &&
                (!oldest || w->idle_since_us < oldest->idle_since_us))
                oldest = w;
        assert(oldest);
        dismiss(j, oldest);
    }
}

static void keep_spares(struct jobs *j, int64_t now_us)
{
    int most = (int)max_i64(
        j->options.spares,
        min_i64(j->needed, j->options.workers + 1 + j->options.image_workers));
    if (!j->has_build) // jobs_start() waits for the first
        most = (int)max_i64(most, 1);
    int ready =
        roster_count(j, WORKER_SPARE) + roster_count(j, WORKER_STARTING);
    for (; ready < most && now_us >= j->start_at_us; ready++) {
        struct worker *w;
        if (worker_start(j, &w) != OK) {
            log_error("worker.start %s", fail_text());
            pause_starting(j, fail_text());
            return;
        }
        DL_APPEND(j->workers, w);
    }
}

void roster_look(struct jobs *j, int64_t now_us)
{
    look_at_limits(j, now_us);
    thin_out_idle(j);
    if (!j->is_stopping)
        keep_spares(j, now_us);
}

void roster_stop(struct jobs *j)
{
    struct worker *w;
    DL_FOREACH (j->workers, w) {
        struct request *request = w->request;
        w->request = NULL;
        worker_kill(j, w);
        if (request)
            request_lost(j, request, "reeld stops", true);
    }
}

void roster_free_reaped(struct jobs *j)
{
    struct worker *w, *next;
    DL_FOREACH_SAFE (j->reaped, w, next)
        free(w);
    j->reaped = NULL;
}
