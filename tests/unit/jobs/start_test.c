// SPDX-License-Identifier: MIT
// start_test.c - jobs begin only with a worker that is closed, and end clean.
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs_bench.h"
#include "reeld/base/log.h"
#include "unit.h"

static enum err try_start(struct bench *b)
{
    char path[BENCH_PATH_BYTES];
    snprintf(path, sizeof path, "%.100s/store", b->directory);
    struct store_options o = {.directory = path};
    assert_int_equal(store_open_fs(&o, &b->store), OK);
    b->pool = pool_new(1, 10);
    log_set_level((enum log_level) - 1);
    return jobs_start(&b->options, b->store, b->catalog, b->pool, &b->jobs);
}

static void a_missing_worker_is_said_at_start(void **state)
{
    struct bench *b = *state;
    b->options.worker_path = "/nonexistent/reel-worker";
    assert_int_equal(try_start(b), ERR_IO);
    assert_non_null(strstr(fail_text(), "/nonexistent/reel-worker"));
}

static void a_worker_that_is_not_closed_is_refused(void **state)
{
    struct bench *b = *state;
    setenv("FAKE_HELLO", "unsandboxed", 1);
    assert_int_equal(try_start(b), ERR_IO);
    assert_non_null(strstr(fail_text(), "sandbox"));
}

static void it_is_taken_where_the_sandbox_is_off(void **state)
{
    struct bench *b = *state;
    setenv("FAKE_HELLO", "unsandboxed", 1);
    b->options.sandbox_required = false;
    assert_int_equal(try_start(b), OK);
    assert_false(jobs_counts(b->jobs).has_seccomp);
}

static void a_worker_that_leaves_at_once_is_said_at_start(void **state)
{
    struct bench *b = *state;
    setenv("FAKE_HELLO", "quit", 1);
    assert_int_equal(try_start(b), ERR_IO);
    assert_non_null(strstr(fail_text(), "status 7"));
}

static bool has_deaths(struct bench *b, void *what)
{
    (void)what;
    return jobs_counts(b->jobs).worker_deaths > 0;
}

static void a_worker_of_another_build_is_refused_later(void **state)
{
    struct bench *b = *state;
    b->options.spares = 1;
    assert_int_equal(try_start(b), OK);
    setenv("FAKE_HELLO", "build of tomorrow", 1);
    struct id id = bench_upload(b, "");
    struct answer answer;
    answer_probe(b, &answer, &id); // takes the spare; the next one is refused
    assert_int_equal(answer_wait(&answer), OK);
    answer_done(b, &answer);
    bench_until(b, has_deaths, NULL);
    assert_string_equal(jobs_counts(b->jobs).build, "fake");
}

static int count_children(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    // Children belong to the thread that started them: look at all threads.
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *e = readdir(tasks); e; e = readdir(tasks)) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%.20s/children",
                 e->d_name);
        FILE *children = fopen(path, "re");
        for (int c = children ? fgetc(children) : EOF; c != EOF;
             c = fgetc(children))
            count += c == ' ';
        if (children)
            fclose(children);
    }
    closedir(tasks);
    return count;
}

static int count_fds(void)
{
    int count = 0;
    DIR *fds = opendir("/proc/self/fd");
    assert_non_null(fds);
    while (readdir(fds))
        count++;
    closedir(fds);
    return count;
}

static void stopping_leaves_no_process_and_no_descriptor(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    bench_stop(b);
    int before = count_fds();
    bench_start(b);
    assert_true(count_children() > 0);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    bench_expect(b, a, "720p", PIECE_SEGMENT, 1, "encode");
    bench_expect(b, a, "720p", PIECE_TS, 1, "audio");
    bench_stop(b);
    assert_int_equal(count_children(), 0);
    assert_int_equal(count_fds(), before);
}

static void it_can_be_stopped_while_all_is_busy(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    b->options.read_ahead = 2;
    for (int round = 0; round < 5; round++) {
        bench_start(b);
        scoped(asset) const struct asset *a =
            bench_ready(b, "segments=9\ndelay_ms=5");
        for (uint32_t i = 0; i < (uint32_t)round; i++)
            bench_expect(b, a, "720p", PIECE_SEGMENT, i, "encode");
        bench_stop(b);
    }
    assert_int_equal(bench_jobs(b, JOB_LADDER, JOB_RUNNING), 0);
    assert_int_equal(bench_jobs(b, JOB_LADDER, JOB_FAILED), 0);
}

int main(void)
{
#define ON_BENCH(test)                                                         \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(a_missing_worker_is_said_at_start),
        ON_BENCH(a_worker_that_is_not_closed_is_refused),
        ON_BENCH(it_is_taken_where_the_sandbox_is_off),
        ON_BENCH(a_worker_that_leaves_at_once_is_said_at_start),
        ON_BENCH(a_worker_of_another_build_is_refused_later),
        ON_BENCH(stopping_leaves_no_process_and_no_descriptor),
        ON_BENCH(it_can_be_stopped_while_all_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
