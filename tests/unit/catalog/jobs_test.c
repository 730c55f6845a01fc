// SPDX-License-Identifier: MIT
// jobs_test.c - work moves along its table, and outlives a restart.
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog.h"
#include "unit.h"

static struct id add_upload(struct catalog *c, unsigned seed)
{
    scoped(asset) const struct asset *up = sample_upload(seed);
    assert_int_equal(catalog_add_asset(c, up), OK);
    return up->id;
}

static int64_t count_of(struct catalog *c, enum job_kind kind,
                        enum job_state state)
{
    int64_t counts[JOB_KINDS][JOB_STATES];
    assert_int_equal(catalog_job_counts(c, counts), OK);
    return counts[kind][state];
}

static enum err move(struct catalog *c, const struct job *job,
                     enum job_state from, enum job_state to)
{
    return catalog_move_job(c, &job->id, from, to, NULL, 0, true);
}

static void jobs_move_along_their_table_only(void **state)
{
    (void)state;
    static const bool may[JOB_STATES][JOB_STATES] = {
        [JOB_QUEUED] = {[JOB_RUNNING] = true, [JOB_CANCELLED] = true},
        [JOB_RUNNING] = { [JOB_QUEUED] = true,
                        [JOB_DONE] = true,
                        [JOB_FAILED] = true,
                        [JOB_CANCELLED] = true},
    };
    for (enum job_state from = 0; from < JOB_STATES; from++)
        for (enum job_state to = 0; to < JOB_STATES; to++)
            assert_int_equal(job_may_move(from, to), may[from][to]);
}

static void the_oldest_job_is_claimed_first_and_once(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id first = add_upload(c, 1), second = add_upload(c, 2);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_LADDER, &job), ERR_NOT_FOUND);
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_true(id_eq(&job.asset, &first));
    assert_int_equal(job.kind, JOB_PROBE);
    assert_int_equal(job.attempts, 1);
    assert_true(id_has_prefix(&job.id, "j"));
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_true(id_eq(&job.asset, &second));
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), ERR_NOT_FOUND);
}

static void the_probe_of_an_asset_can_be_claimed_ahead(void **state)
{
    struct catalog *c = catalog_of(state);
    (void)add_upload(c, 1);
    struct id second = add_upload(c, 2);
    struct job job;
    assert_int_equal(catalog_claim_probe_of(c, &second, &job), OK);
    assert_true(id_eq(&job.asset, &second));
    assert_int_equal(catalog_claim_probe_of(c, &second, &job), ERR_NOT_FOUND);
    struct id none = id_new("m");
    assert_int_equal(catalog_claim_probe_of(c, &none, &job), ERR_NOT_FOUND);
}

static void a_job_moves_only_from_where_it_is(void **state)
{
    struct catalog *c = catalog_of(state);
    (void)add_upload(c, 1);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_int_equal(move(c, &job, JOB_QUEUED, JOB_RUNNING), ERR_CONFLICT);
    assert_int_equal(move(c, &job, JOB_RUNNING, JOB_DONE), OK);
    assert_int_equal(count_of(c, JOB_PROBE, JOB_DONE), 1);
    // Someone who does not know that it is done changes nothing.
    assert_int_equal(move(c, &job, JOB_RUNNING, JOB_FAILED), ERR_CONFLICT);
    assert_int_equal(move(c, &job, JOB_DONE, JOB_QUEUED), ERR_CONFLICT);
    assert_int_equal(count_of(c, JOB_PROBE, JOB_DONE), 1);
}

static void an_attempt_can_be_given_back(void **state)
{
    struct catalog *c = catalog_of(state);
    (void)add_upload(c, 1);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_int_equal(catalog_move_job(c, &job.id, JOB_RUNNING, JOB_QUEUED,
                                      "no space", 0, false),
                     OK);
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_int_equal(job.attempts, 1);
    assert_int_equal(catalog_move_job(c, &job.id, JOB_RUNNING, JOB_QUEUED,
                                      "worker died", 0, true),
                     OK);
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_int_equal(job.attempts, 2);
}

static void put_off(struct catalog *c, int64_t not_before_us)
{
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_int_equal(catalog_move_job(c, &job.id, JOB_RUNNING, JOB_QUEUED,
                                      "later", not_before_us, true),
                     OK);
}

static void a_job_waits_for_its_time(void **state)
{
    struct catalog *c = catalog_of(state);
    (void)add_upload(c, 1);
    struct id second = add_upload(c, 2);
    put_off(c, clock_wall_us() + 16000000);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    assert_true(id_eq(&job.asset, &second));
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), ERR_NOT_FOUND);
}

static void a_clock_that_was_set_back_holds_nothing_up(void **state)
{
    struct catalog *c = catalog_of(state);
    (void)add_upload(c, 1);
    put_off(c, clock_wall_us() + INT64_C(86400000000));
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
}

static void a_hundred_restarts_cost_no_attempt(void **state)
{
    struct catalog *c = catalog_of(state);
    (void)add_upload(c, 1);
    struct job job;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
        assert_int_equal(job.attempts, 1);
        assert_int_equal(catalog_requeue_jobs(c), OK);
    }
    assert_int_equal(count_of(c, JOB_PROBE, JOB_QUEUED), 1);
}

static void the_probe_of_an_asset_that_is_ready_is_not_repeated(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id;
    sample_add_ready(c, 1, &id);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    // The daemon dies between the asset's commit and the job's.
    assert_int_equal(catalog_requeue_jobs(c), OK);
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), ERR_NOT_FOUND);
    assert_int_equal(count_of(c, JOB_PROBE, JOB_DONE), 1);
    assert_int_equal(count_of(c, JOB_LADDER, JOB_QUEUED), 1);
}

static void jobs_go_with_their_asset(void **state)
{
    struct catalog *c = catalog_of(state);
    struct id id = add_upload(c, 1);
    struct job job;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &job), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &id, &orphans, &count), OK);
    assert_int_equal(move(c, &job, JOB_RUNNING, JOB_DONE), ERR_CONFLICT);
    assert_int_equal(count_of(c, JOB_PROBE, JOB_RUNNING), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        cmocka_unit_test(jobs_move_along_their_table_only),
        TEST(the_oldest_job_is_claimed_first_and_once),
        TEST(the_probe_of_an_asset_can_be_claimed_ahead),
        TEST(a_job_moves_only_from_where_it_is),
        TEST(an_attempt_can_be_given_back),
        TEST(a_job_waits_for_its_time),
        TEST(a_clock_that_was_set_back_holds_nothing_up),
        TEST(a_hundred_restarts_cost_no_attempt),
        TEST(the_probe_of_an_asset_that_is_ready_is_not_repeated),
        TEST(jobs_go_with_their_asset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
