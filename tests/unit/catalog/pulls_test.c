// SPDX-License-Identifier: MIT
// pulls_test.c - assets whose bytes are fetched from a URL.
#include "reeld/catalog/pulls.h"

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/jobs.h"
#include "unit.h"

static struct sample sample;
static struct catalog *c;
static struct id film;
static struct job job; // running

// No bytes of it are there yet.
static struct asset *to_come(void)
{
    struct asset *a = sample_upload(1);
    a->state = ASSET_UPLOADING;
    a->source = (struct digest){0};
    a->size_bytes = 0;
    return a;
}

static int set_up(void **state)
{
    (void)state;
    sample_open(&sample);
    c = sample.catalog;
    scoped(asset) const struct asset *a = to_come();
    film = a->id;
    struct id id;
    assert_int_equal(
        catalog_add_pull(c, a, "https://example.org/a.mp4", NULL, 1, &id), OK);
    assert_int_equal(catalog_claim_job(c, JOB_PULL, &job), OK);
    assert_true(id_eq(&job.id, &id));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sample_close(&sample);
    return 0;
}

static const struct asset *get(void)
{
    const struct asset *a = NULL;
    assert_int_equal(catalog_asset(c, &film, &a), OK);
    return a;
}

static bool is_due(void)
{
    bool is = false;
    assert_int_equal(catalog_pull_is_due(c, &film, &is), OK);
    return is;
}

static void only_so_many_wait(void **state)
{
    (void)state;
    scoped(asset) const struct asset *second = to_come();
    struct id id;
    assert_int_equal(
        catalog_add_pull(c, second, "https://example.org/", NULL, 1, &id),
        ERR_BUSY);
    assert_int_equal(
        catalog_add_pull(c, second, "https://example.org/", NULL, 2, &id), OK);
}

static void what_came_so_far_is_known_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(catalog_pull_validator(c, &film, "\"v1\""), OK);
    assert_int_equal(catalog_job_progress(c, &job.id, 10, 100), OK);
    sample_reopen(&sample);
    c = sample.catalog;
    struct pull pull;
    int64_t done, total;
    assert_int_equal(catalog_pull(c, &film, &pull), OK);
    assert_string_equal(pull.url, "https://example.org/a.mp4");
    assert_string_equal(pull.validator, "\"v1\"");
    assert_int_equal(catalog_pull_progress(c, &film, &done, &total), OK);
    assert_int_equal(done, 10);
    assert_int_equal(total, 100);
    assert_true(is_due());
}

static void the_bytes_make_it_an_upload_like_any_other(void **state)
{
    (void)state;
    struct digest source = hash_of("film", 4);
    assert_int_equal(catalog_pull_done(c, &job, &source, 4), OK);
    scoped(asset) const struct asset *a = get();
    assert_int_equal(a->state, ASSET_UPLOADED);
    assert_true(digest_eq(&a->source, &source));
    assert_false(is_due());
    struct job probe;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &probe), OK);
    assert_true(id_eq(&probe.asset, &film));
    assert_int_equal(catalog_pull_done(c, &job, &source, 4), ERR_CONFLICT);
}

static void bytes_that_never_come_reject_it(void **state)
{
    (void)state;
    assert_int_equal(catalog_pull_failed(c, &job, "pull_failed", "why"), OK);
    scoped(asset) const struct asset *a = get();
    assert_int_equal(a->state, ASSET_REJECTED);
    assert_string_equal(a->error_code, "pull_failed");
    assert_false(is_due());
    struct job_fact now;
    assert_int_equal(catalog_job(c, &job.id, &now), OK);
    assert_int_equal(now.state, JOB_FAILED);
}

static void one_that_was_cancelled_brings_nothing(void **state)
{
    (void)state;
    struct job_fact now;
    struct digest source = hash_of("film", 4);
    assert_int_equal(catalog_cancel_job(c, &job.id, &now), OK);
    assert_int_equal(catalog_pull_done(c, &job, &source, 4), ERR_CONFLICT);
    assert_int_equal(catalog_pull_failed(c, &job, "code", "why"), ERR_CONFLICT);
    scoped(asset) const struct asset *a = get();
    assert_int_equal(a->state, ASSET_REJECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_so_many_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_came_so_far_is_known_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_bytes_make_it_an_upload_like_any_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_never_come_reject_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_was_cancelled_brings_nothing,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
