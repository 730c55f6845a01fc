// SPDX-License-Identifier: MIT
// probe_test.c - uploads are probed, whatever the file does to workers.
#include "jobs_bench.h"
#include "unit.h"

static void expect_probe(struct bench *b, const char *script,
                         enum asset_state state, const char *code)
{
    struct id id = bench_upload(b, script);
    struct answer answer;
    answer_probe(b, &answer, &id);
    assert_int_equal(answer_wait(&answer), OK);
    answer_done(b, &answer);
    scoped(asset) const struct asset *a = bench_asset(b, &id);
    assert_int_equal(a->state, state);
    if (code)
        assert_string_equal(a->error_code, code);
    assert_int_equal(bench_jobs(b, JOB_PROBE, JOB_RUNNING), 0);
    assert_int_equal(bench_jobs(b, JOB_PROBE, JOB_QUEUED), 0);
}

static void an_upload_becomes_ready_with_a_ladder(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=3\ncopy=1");
    assert_int_equal(a->plan->segments, 3);
    assert_int_equal(a->tracks, 2);
    bench_rendition(a, "source");
    bench_rendition(a, "720p");
    bench_rendition(a, "audio-64k");
    assert_int_equal(bench_jobs(b, JOB_PROBE, JOB_DONE), 1);
    assert_int_equal(jobs_counts(b->jobs).worker_deaths, 0);
    assert_string_equal(jobs_counts(b->jobs).build, "fake");
}

static void a_refusal_is_kept_with_its_reason(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    struct id id = bench_upload(b, "probe=refuse");
    struct answer answer;
    answer_probe(b, &answer, &id);
    assert_int_equal(answer_wait(&answer), OK);
    answer_done(b, &answer);
    scoped(asset) const struct asset *a = bench_asset(b, &id);
    assert_int_equal(a->state, ASSET_REJECTED);
    assert_string_equal(a->error_code, "unsupported_media");
    assert_string_equal(a->error_detail, "a shopping list");
}

static void a_file_that_ends_every_worker_is_rejected(void **state)
{
    struct bench *b = *state;
    b->options.probe_timeout_us = 300000;
    bench_start(b);
    static const char *const scripts[] = {
        "probe=crash", "probe=quit",     "probe=hang",    "probe=stop",
        "probe=lie",   "probe=lie_size", "probe=garbage",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        expect_probe(b, scripts[i], ASSET_REJECTED, "media_error");
    // The daemon is none the worse for it.
    expect_probe(b, "", ASSET_READY, NULL);
    assert_true(jobs_counts(b->jobs).worker_deaths >= 6 * 3);
    assert_int_equal(bench_log_count(b, "probe"), 7 * 3 + 1);
}

static void a_file_that_burns_processor_time_is_rejected(void **state)
{
    struct bench *b = *state;
    b->options.worker_cpu_us = 500000;
    bench_start(b);
    expect_probe(b, "probe=burn", ASSET_REJECTED, "media_error");
    assert_int_equal(bench_log_count(b, "probe"), 3);
    expect_probe(b, "probe=burn\ntimes=1", ASSET_READY, NULL);
    assert_true(jobs_counts(b->jobs).worker_deaths >= 4);
    // Long before its time was over.
    assert_true(b->options.probe_timeout_us > 4 * b->options.worker_cpu_us);
}

static void one_crash_does_not_reject(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    expect_probe(b, "probe=crash\ntimes=2", ASSET_READY, NULL);
    assert_int_equal(bench_log_count(b, "probe"), 3);
}

static void everybody_who_waits_for_a_probe_is_told(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    struct id id = bench_upload(b, "delay_ms=100");
    enum { WAITERS = 5 };
    struct answer answers[WAITERS];
    for (int i = 0; i < WAITERS; i++)
        answer_probe(b, &answers[i], &id);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(answer_wait(&answers[i]), OK);
        answer_done(b, &answers[i]);
    }
    assert_int_equal(bench_log_count(b, "probe"), 1);
    // And whoever comes later as well, at once.
    answer_probe(b, &answers[0], &id);
    assert_int_equal(answer_wait(&answers[0]), OK);
    answer_done(b, &answers[0]);
    assert_int_equal(bench_log_count(b, "probe"), 1);
}

static void an_asset_that_is_not_there_is_not_found(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    struct id id = id_new("m");
    struct answer answer;
    answer_probe(b, &answer, &id);
    assert_int_equal(answer_wait(&answer), ERR_NOT_FOUND);
    answer_done(b, &answer);
}

static bool is_decided(struct bench *b, void *what)
{
    scoped(asset) const struct asset *a = bench_asset(b, what);
    return a->state != ASSET_UPLOADED;
}

static void an_upload_that_nobody_waits_for_is_probed_too(void **state)
{
    struct bench *b = *state;
    struct id early = bench_upload(b, "");
    bench_start(b); // a former life left it
    bench_until(b, is_decided, &early);
    struct id ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = bench_upload(b, "");
    jobs_look(b->jobs);
    for (int i = 0; i < 4; i++)
        bench_until(b, is_decided, &ids[i]);
}

static void what_was_being_probed_is_queued_again_at_stop(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    struct id id = bench_upload(b, "delay_ms=2000");
    struct answer answer;
    answer_probe(b, &answer, &id);
    while (bench_log_count(b, "probe") == 0)
        continue;
    bench_stop(b);
    assert_int_equal(answer_wait(&answer), ERR_BUSY);
    answer_done(b, &answer);
    assert_int_equal(bench_jobs(b, JOB_PROBE, JOB_QUEUED), 1);
    struct job job;
    assert_int_equal(catalog_claim_job(b->catalog, JOB_PROBE, &job), OK);
    assert_int_equal(job.attempts, 1); // the interrupted one did not count
    bench_start(b);
    bench_until(b, is_decided, &id);
}

static void a_missing_source_fails_the_machine_not_the_file(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    struct id id = bench_upload(b, "");
    scoped(asset) const struct asset *a = bench_asset(b, &id);
    assert_int_equal(store_remove(b->store, &a->source), OK);
    struct answer answer;
    answer_probe(b, &answer, &id);
    assert_int_equal(answer_wait(&answer), ERR_IO);
    answer_done(b, &answer);
    scoped(asset) const struct asset *after = bench_asset(b, &id);
    assert_int_equal(after->state, ASSET_UPLOADED);
}

int main(void)
{
#define ON_BENCH(test)                                                         \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(an_upload_becomes_ready_with_a_ladder),
        ON_BENCH(a_refusal_is_kept_with_its_reason),
        ON_BENCH(a_file_that_ends_every_worker_is_rejected),
        ON_BENCH(a_file_that_burns_processor_time_is_rejected),
        ON_BENCH(one_crash_does_not_reject),
        ON_BENCH(everybody_who_waits_for_a_probe_is_told),
        ON_BENCH(an_asset_that_is_not_there_is_not_found),
        ON_BENCH(an_upload_that_nobody_waits_for_is_probed_too),
        ON_BENCH(what_was_being_probed_is_queued_again_at_stop),
        ON_BENCH(a_missing_source_fails_the_machine_not_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
