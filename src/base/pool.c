// SPDX-License-Identifier: MIT
// pool.c - a bounded queue of tasks and the threads that do them.
#include "reeld/base/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

struct task {
    void (*work)(void *);
    void *argument;
};

struct pool {
    int threads;
    pthread_t *thread;
    int capacity;
    pthread_mutex_t lock;
    pthread_cond_t changed; // a task came, or is_stopping
    // Guarded by lock.
    struct task *queue; // a ring of `capacity`
    int first;
    int waiting;
    bool is_stopping;
};

// The next task, or false when the pool stops and none is left.
static bool next_task(struct pool *p, struct task *ret)
{
    HOLD(&p->lock);
    while (p->waiting == 0 && !p->is_stopping)
        pthread_cond_wait(&p->changed, &p->lock);
    if (p->waiting == 0)
        return false;
    *ret = p->queue[p->first];
    p->first = (p->first + 1) % p->capacity;
    p->waiting--;
    return true;
}

static void *run_tasks(void *argument)
{
    struct pool *p = argument;
    struct task task;
    while (next_task(p, &task))
        task.work(task.argument);
    return NULL;
}

struct pool *pool_new(int threads, int most_waiting)
{
    assert(threads >= 1 && most_waiting >= 1);
    struct pool *p = NEW(struct pool);
    p->threads = threads;
    p->capacity = most_waiting;
    p->queue = NEW_ARRAY((size_t)most_waiting, struct task);
    p->thread = NEW_ARRAY((size_t)threads, pthread_t);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    for (int i = 0; i < threads; i++)
        p->thread[i] = thread_start("pool", ROLE_POOL, run_tasks, p);
    return p;
}

enum err pool_run(struct pool *p, void (*work)(void *), void *argument)
{
    HOLD(&p->lock);
    if (p->is_stopping)
        return fail(ERR_BUSY, "the pool is stopping");
    if (p->waiting == p->capacity)
        return fail(ERR_BUSY, "%d tasks wait already", p->waiting);
    int last = (p->first + p->waiting) % p->capacity;
    p->queue[last] = (struct task){work, argument};
    p->waiting++;
    pthread_cond_signal(&p->changed);
    return OK;
}

static void stop(struct pool *p)
{
    HOLD(&p->lock);
    p->is_stopping = true;
    pthread_cond_broadcast(&p->changed);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    stop(p);
    for (int i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->thread);
    free(p->queue);
    free(p);
}
