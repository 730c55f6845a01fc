// SPDX-License-Identifier: MIT
// inbox.c - notes for the crew thread, errands for the pool.
#include "inbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "crew.h"
#include "reeld/base/fd.h"
#include "reeld/base/thread.h"

enum err inbox_open(struct inbox *b)
{
    b->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->event_fd < 0)
        return fail_errno(ERR_IO, "eventfd");
    pthread_mutex_init(&b->lock, NULL);
    return OK;
}

void inbox_done(struct inbox *b)
{
    fd_close(b->event_fd);
    pthread_mutex_destroy(&b->lock);
}

bool inbox_post(struct inbox *b, struct note *n)
{
    HOLD(&b->lock);
    if (b->is_closed)
        return false;
    n->next = NULL;
    if (b->last)
        b->last->next = n;
    else
        b->first = n;
    b->last = n;
    // It can only fail by being readable already, which is all that is wanted.
    uint64_t one = 1;
    ssize_t done = write(b->event_fd, &one, sizeof one);
    return done == sizeof one || errno == EAGAIN;
}

struct note *inbox_take(struct inbox *b)
{
    HOLD(&b->lock);
    uint64_t count;
    if (read(b->event_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return NULL;
    struct note *first = b->first;
    b->first = b->last = NULL;
    return first;
}

void inbox_close(struct inbox *b)
{
    HOLD(&b->lock);
    b->is_closed = true;
}

static void do_errand(void *argument)
{
    struct errand *e = argument;
    e->work(e);
    // The crew stays until every errand is back, so the inbox is open.
    inbox_post(&e->jobs->inbox, &e->note);
}

static void go_on(struct jobs *j, struct lane_queue *q)
{
    if (q->is_running || !q->first)
        return;
    // A pool that has no room is asked again at the next tick.
    q->is_running = pool_run(j->pool, do_errand, q->first) == OK;
}

static struct errand *take_first(struct lane_queue *q)
{
    struct errand *e = q->first;
    q->first = e->next;
    if (!q->first)
        q->last = NULL;
    return e;
}

static void errand_is_back(struct jobs *j, struct note *n)
{
    struct errand *e = (struct errand *)n; // its first member
    struct lane_queue *q = &j->lanes[e->lane];
    take_first(q);
    q->is_running = false;
    e->done(j, e);
    go_on(j, q);
}

void errand_add(struct jobs *j, enum lane lane, struct errand *e)
{
    struct lane_queue *q = &j->lanes[lane];
    e->note.run = errand_is_back;
    e->next = NULL;
    e->jobs = j;
    e->lane = lane;
    if (q->last)
        q->last->next = e;
    else
        q->first = e;
    q->last = e;
    go_on(j, q);
}

void errands_go_on(struct jobs *j)
{
    for (int i = 0; i < LANES; i++)
        go_on(j, &j->lanes[i]);
}

void errands_drop(struct jobs *j)
{
    for (int i = 0; i < LANES; i++) {
        struct lane_queue *q = &j->lanes[i];
        struct errand *kept = q->is_running ? take_first(q) : NULL;
        while (q->first) {
            struct errand *e = take_first(q);
            e->was_dropped = true;
            e->done(j, e);
        }
        if (kept) {
            kept->next = NULL;
            q->first = q->last = kept;
        }
    }
}

bool errands_are_out(const struct jobs *j)
{
    for (int i = 0; i < LANES; i++)
        if (j->lanes[i].is_running)
            return true;
    return false;
}
