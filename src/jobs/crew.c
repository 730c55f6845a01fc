// SPDX-License-Identifier: MIT
// crew.c - the crew thread: one loop over workers, notes and the clock.
#include "crew.h"
#include "making.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/thread.h"

enum {
    EVENTS = 32,
    BUSY_TICK_MS = 100, // deadlines are looked at this often
    IDLE_TICK_MS = 1000,
};
static const int64_t STOP_WAIT_US = 15 * INT64_C(1000000);

enum err crew_watch(struct jobs *j, int fd, struct watch *w)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};
    if (epoll_ctl(j->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return fail_errno(ERR_IO, "epoll");
    return OK;
}

// Closing alone does not do: a child that is just being started holds a copy of
// every descriptor until its exec is through, and with it the event, whose
// watch would be gone.
void crew_close(struct jobs *j, int *fd)
{
    if (*fd >= 0)
        epoll_ctl(j->epoll_fd, EPOLL_CTL_DEL, *fd, NULL);
    fd_close(take_fd(fd));
}

void crew_started(struct jobs *j, enum start_state state, const char *why)
{
    HOLD(&j->lock);
    if (j->start != START_PENDING)
        return;
    j->start = state;
    j->shown = j->counts;
    str_copy(j->start_text, sizeof j->start_text, str_of(why));
    pthread_cond_broadcast(&j->changed);
}

static void run_notes(struct jobs *j)
{
    struct note *n = inbox_take(&j->inbox);
    while (n) {
        struct note *next = n->next;
        n->run(j, n);
        n = next;
    }
}

static void on_inbox(struct jobs *j, struct watch *w)
{
    (void)w;
    run_notes(j);
}

static void wait_for_events(struct jobs *j, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(j->epoll_fd, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++) {
        struct watch *w = events[i].data.ptr;
        w->ready(j, w);
    }
    // Only now: an event of this round may have spoken of them.
    roster_free_reaped(j);
}

static void show_counts(struct jobs *j)
{
    struct jobs_counts *c = &j->counts;
    c->workers_busy = roster_count(j, WORKER_BUSY);
    c->workers_spare = roster_count(j, WORKER_SPARE);
    for (int u = 0; u < URGENCIES; u++)
        c->waiting[u] = j->queued[u];
    c->waiting[URGENCY_PROBE] += probes_queued(j);
    HOLD(&j->lock);
    j->shown = *c;
}

static int tick_ms(const struct jobs *j)
{
    bool is_quiet = roster_count(j, WORKER_BUSY) == 0 &&
                    roster_count(j, WORKER_STARTING) == 0 &&
                    !j->lanes[LANE_FACTS].first && !j->lanes[LANE_BYTES].first;
    return is_quiet ? IDLE_TICK_MS : BUSY_TICK_MS;
}

static void look_round(struct jobs *j)
{
    int64_t now = clock_now_us();
    errands_go_on(j);
    flights_expire(j, now);
    probes_look(j, now);
    cache_look(j, now);
    publish_look(j, now);
    lost_look(j, now);
    makings_look(j, now);
    ladder_look(j, now);
    drop_look(j, now);
    publish_go_on(j);
    requests_dispatch(j);
    roster_look(j, now);
    show_counts(j);
}

// Workers go first, then everybody is told, then what is made gets its place on
// the disk; at the end nobody is left who could post a note.
static void wind_up(struct jobs *j)
{
    roster_stop(j);
    probes_stop(j);
    makings_stop(j);
    flights_stop(j);
    errands_drop(j);
    publish_go_on(j);
    int64_t deadline = clock_now_us() + STOP_WAIT_US;
    while (errands_are_out(j) || (j->workers && clock_now_us() < deadline))
        wait_for_events(j, BUSY_TICK_MS);
    inbox_close(&j->inbox);
    run_notes(j);
    errands_drop(j);
    makings_end(j);
    flights_end(j);
    roster_free_reaped(j);
}

void *crew_run(void *argument)
{
    struct jobs *j = argument;
    j->on_inbox.ready = on_inbox;
    enum err result = crew_watch(j, j->inbox.event_fd, &j->on_inbox);
    if (result != OK) {
        crew_started(j, START_FAILED, fail_text());
        return NULL;
    }
    while (!j->is_stopping) {
        look_round(j);
        wait_for_events(j, tick_ms(j));
    }
    wind_up(j);
    return NULL;
}
