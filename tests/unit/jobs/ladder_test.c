// SPDX-License-Identifier: MIT
// ladder_test.c - the whole ladder in the background, over restarts and limits.
#include <stdio.h>
#include <unistd.h>

#include "jobs_bench.h"
#include "unit.h"

static bool is_ladder_done(struct bench *b, void *what)
{
    int64_t *count = what;
    return bench_jobs(b, JOB_LADDER, JOB_DONE) == *count;
}

static void until_done(struct bench *b, int64_t count)
{
    bench_until(b, is_ladder_done, &count);
}

static void every_encoded_rendition_is_made_whole(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=7\ncopy=1");
    until_done(b, 1);
    static const char *const names[] = {"720p", "360p", "audio-128k",
                                        "audio-64k"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(bench_made(b, a, names[i]), 7);
    // Of the copied one only what players ask for first is stored.
    assert_true(bench_made(b, a, "source") <= 1);
}

static void all_rungs_of_a_segment_come_from_one_request(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=5");
    until_done(b, 1);
    // Each worker process opens the source once; a row of them is one process.
    assert_int_equal(bench_log_count(b, "video encode 640x360 8000 12000"), 1);
    assert_int_equal(bench_log_count(b, "video encode 1280x720 8000 12000"), 1);
    assert_true(bench_log_count(b, "nice=15") > 0 || geteuid() != 0);
}

static void nothing_is_made_ahead_on_demand(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    bench_expect(b, a, "720p", PIECE_SEGMENT, 3, "encode");
    assert_int_equal(bench_jobs(b, JOB_LADDER, JOB_QUEUED), 0);
    assert_int_equal(bench_made(b, a, "360p"), 0);
}

static bool has_some(struct bench *b, void *what)
{
    const struct asset **a = what;
    return bench_made(b, *a, "360p") >= 3;
}

static void a_restart_goes_on_where_it_was(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    bench_start(b);
    scoped(asset) const struct asset *a =
        bench_ready(b, "segments=12\ndelay_ms=20");
    bench_until(b, has_some, &a);
    bench_stop(b);
    int before = bench_log_count(b, "segment video encode 640x360");
    assert_int_equal(bench_jobs(b, JOB_LADDER, JOB_QUEUED), 1);
    bench_start(b);
    until_done(b, 1);
    assert_int_equal(bench_made(b, a, "360p"), 12);
    int after = bench_log_count(b, "segment video encode 640x360");
    // What was under way at the stop may have been made twice, no more.
    assert_true(before >= 3 && after <= 12 + 2);
}

static void a_request_overtakes_the_ladder(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *a =
        bench_ready(b, "segments=40\ndelay_ms=30");
    bench_until(b, has_some, &a);
    bench_expect(b, a, "720p", PIECE_SEGMENT, 39, "1280x720 156000 160000");
    assert_true(bench_made(b, a, "360p") < 39);
}

static void short_ladders_do_not_wait_for_a_long_one(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *film =
        bench_ready(b, "segments=60\ndelay_ms=20");
    scoped(asset) const struct asset *talk = bench_ready(b, "segments=2");
    until_done(b, 1);
    assert_int_equal(bench_made(b, talk, "360p"), 2);
    assert_true(bench_made(b, film, "360p") < 60);
}

static bool is_ladder_failed(struct bench *b, void *what)
{
    (void)what;
    return bench_jobs(b, JOB_LADDER, JOB_FAILED) == 1;
}

static void a_file_that_cannot_be_made_ends_its_ladder(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    b->options.attempts = 1;
    bench_start(b);
    scoped(asset) const struct asset *a =
        bench_ready(b, "segments=100\nmake=error");
    bench_until(b, is_ladder_failed, NULL);
    // It gave up long before the end.
    assert_int_equal(bench_made(b, a, "360p"), 0);
    assert_true(jobs_counts(b->jobs).failed < 50);
}

static bool is_evicted(struct bench *b, void *what)
{
    (void)what;
    return jobs_counts(b->jobs).evicted_pieces > 0;
}

static void the_budget_is_kept_by_forgetting_the_coldest(void **state)
{
    struct bench *b = *state;
    b->options.cache_budget_bytes = 1500;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=60");
    for (uint32_t i = 0; i < 60; i++)
        bench_expect(b, a, "360p", PIECE_SEGMENT, i, "encode");
    bench_until(b, is_evicted, NULL);
    int64_t bytes;
    assert_int_equal(catalog_piece_bytes(b->catalog, &bytes), OK);
    assert_true(bytes < 4000);
    // What went can be had again.
    for (uint32_t i = 0; i < 60; i += 7)
        bench_expect(b, a, "360p", PIECE_SEGMENT, i, "encode");
}

static bool has_paused(struct bench *b, void *what)
{
    (void)what;
    return bench_jobs(b, JOB_LADDER, JOB_QUEUED) == 1 &&
           jobs_counts(b->jobs).made > 10;
}

static void the_ladder_stops_short_of_the_budget(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    b->options.cache_budget_bytes = 3000;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=200");
    bench_until(b, has_paused, NULL);
    assert_int_equal(jobs_counts(b->jobs).evicted_pieces, 0);
    assert_true(bench_made(b, a, "360p") < 50);
    // Requests are served all the same.
    bench_expect(b, a, "360p", PIECE_SEGMENT, 199, "encode");
}

static void a_deleted_asset_ends_its_ladder(void **state)
{
    struct bench *b = *state;
    b->options.ladder_in_background = true;
    bench_start(b);
    scoped(asset) const struct asset *a =
        bench_ready(b, "segments=100\ndelay_ms=20");
    bench_until(b, has_some, &a);
    struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(b->catalog, &a->id, &orphans, &count),
                     OK);
    free(orphans);
    jobs_forget(b->jobs, &a->id);
    scoped(asset) const struct asset *other = bench_ready(b, "segments=3");
    until_done(b, 1);
    assert_int_equal(bench_made(b, other, "360p"), 3);
    assert_true(bench_log_count(b, "video encode 640x360") < 60);
}

int main(void)
{
#define ON_BENCH(test)                                                         \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(every_encoded_rendition_is_made_whole),
        ON_BENCH(all_rungs_of_a_segment_come_from_one_request),
        ON_BENCH(nothing_is_made_ahead_on_demand),
        ON_BENCH(a_restart_goes_on_where_it_was),
        ON_BENCH(a_request_overtakes_the_ladder),
        ON_BENCH(short_ladders_do_not_wait_for_a_long_one),
        ON_BENCH(a_file_that_cannot_be_made_ends_its_ladder),
        ON_BENCH(the_budget_is_kept_by_forgetting_the_coldest),
        ON_BENCH(the_ladder_stops_short_of_the_budget),
        ON_BENCH(a_deleted_asset_ends_its_ladder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
