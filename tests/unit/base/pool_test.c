// SPDX-License-Identifier: MIT
// pool_test.c - threads with a role, and the pool that runs tasks on them.
#include "reeld/base/pool.h"

#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "reeld/base/thread.h"
#include "unit.h"

struct look {
    bool has_own_role, has_other_role, is_term_blocked, is_segv_blocked;
    char name[16];
};

static void *look_around(void *argument)
{
    struct look *look = argument;
    look->has_own_role = thread_has_role(ROLE_HTTP | ROLE_CREW);
    look->has_other_role = thread_has_role(ROLE_POOL);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    look->is_term_blocked = sigismember(&mask, SIGTERM) == 1;
    look->is_segv_blocked = sigismember(&mask, SIGSEGV) == 1;
    pthread_getname_np(pthread_self(), look->name, sizeof(look->name));
    return NULL;
}

static void a_thread_knows_its_name_and_role(void **state)
{
    (void)state;
    struct look look = {0};
    pthread_t t =
        thread_start("fifteen-letters", ROLE_HTTP, look_around, &look);
    pthread_join(t, NULL);
    assert_true(look.has_own_role);
    assert_false(look.has_other_role);
    assert_string_equal(look.name, "fifteen-letters");
}

static void signals_are_for_the_main_thread(void **state)
{
    (void)state;
    struct look look = {0};
    pthread_t t = thread_start("x", ROLE_CREW, look_around, &look);
    pthread_join(t, NULL);
    assert_true(look.is_term_blocked);
    assert_false(look.is_segv_blocked);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0); // ours is as before
}

static void a_thread_without_role_may_do_everything(void **state)
{
    (void)state;
    assert_true(thread_has_role(ROLE_POOL));
    assert_true(thread_has_role(ROLE_HTTP));
    thread_set_role(ROLE_MAIN);
    assert_true(thread_has_role(ROLE_MAIN));
    assert_false(thread_has_role(ROLE_POOL | ROLE_CREW));
    thread_set_role(ROLE_ANY);
}

static void a_lock_ends_with_its_scope(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    {
        HOLD(&lock);
        assert_int_not_equal(pthread_mutex_trylock(&lock), 0);
    }
    assert_int_equal(pthread_mutex_trylock(&lock), 0);
    pthread_mutex_unlock(&lock);
}

struct order {
    int count;
    int seen[100];
};

struct numbered {
    struct order *order;
    int number;
    bool is_pool;
};

static void note_number(void *argument)
{
    struct numbered *n = argument;
    n->is_pool = thread_has_role(ROLE_POOL) && !thread_has_role(ROLE_HTTP);
    n->order->seen[n->order->count++] = n->number;
}

static void one_thread_runs_tasks_in_order_of_arrival(void **state)
{
    (void)state;
    struct order order = {0};
    struct numbered task[100];
    struct pool *p = pool_new(1, 100);
    for (int i = 0; i < 100; i++) {
        task[i] = (struct numbered){&order, i, false};
        assert_int_equal(pool_run(p, note_number, &task[i]), OK);
    }
    pool_free(p); // does those that wait first
    assert_int_equal(order.count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(order.seen[i], i);
        assert_true(task[i].is_pool);
    }
}

struct gate {
    sem_t is_running, may_go;
    atomic_int done;
};

static void wait_at_gate(void *argument)
{
    struct gate *g = argument;
    sem_post(&g->is_running);
    sem_wait(&g->may_go);
    atomic_fetch_add(&g->done, 1);
}

static void a_full_queue_refuses_and_never_calls(void **state)
{
    (void)state;
    struct gate g = {0};
    sem_init(&g.is_running, 0, 0);
    sem_init(&g.may_go, 0, 0);
    struct pool *p = pool_new(1, 2);
    assert_int_equal(pool_run(p, wait_at_gate, &g), OK);
    sem_wait(&g.is_running); // it runs, the queue is empty
    assert_int_equal(pool_run(p, wait_at_gate, &g), OK);
    assert_int_equal(pool_run(p, wait_at_gate, &g), OK);
    assert_int_equal(pool_run(p, wait_at_gate, &g), ERR_BUSY);
    for (int i = 0; i < 3; i++)
        sem_post(&g.may_go);
    pool_free(p);
    assert_int_equal(atomic_load(&g.done), 3);
    sem_destroy(&g.is_running);
    sem_destroy(&g.may_go);
}

static void several_threads_work_at_once(void **state)
{
    (void)state;
    struct gate g = {0};
    sem_init(&g.is_running, 0, 0);
    sem_init(&g.may_go, 0, 0);
    struct pool *p = pool_new(3, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pool_run(p, wait_at_gate, &g), OK);
    for (int i = 0; i < 3; i++)
        sem_wait(&g.is_running); // all three are inside
    for (int i = 0; i < 3; i++)
        sem_post(&g.may_go);
    pool_free(p);
    pool_free(NULL);
    assert_int_equal(atomic_load(&g.done), 3);
    sem_destroy(&g.is_running);
    sem_destroy(&g.may_go);
}

struct late {
    struct pool *pool;
    enum err result;
};

static void nothing(void *unused)
{
    (void)unused;
}

// Asks until the pool refuses because it is stopping, not because it is full.
static void run_until_refused(void *argument)
{
    struct late *late = argument;
    do {
        late->result = pool_run(late->pool, nothing, NULL);
    } while (late->result == OK || !strstr(fail_text(), "stopping"));
}

static void a_stopping_pool_takes_no_tasks(void **state)
{
    (void)state;
    struct late late = {.result = OK};
    late.pool = pool_new(1, 4);
    assert_int_equal(pool_run(late.pool, run_until_refused, &late), OK);
    pool_free(late.pool);
    assert_int_equal(late.result, ERR_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_knows_its_name_and_role),
        cmocka_unit_test(signals_are_for_the_main_thread),
        cmocka_unit_test(a_thread_without_role_may_do_everything),
        cmocka_unit_test(a_lock_ends_with_its_scope),
        cmocka_unit_test(one_thread_runs_tasks_in_order_of_arrival),
        cmocka_unit_test(a_full_queue_refuses_and_never_calls),
        cmocka_unit_test(several_threads_work_at_once),
        cmocka_unit_test(a_stopping_pool_takes_no_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
