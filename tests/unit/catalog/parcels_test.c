// SPDX-License-Identifier: MIT
// parcels_test.c - upload addresses, and what came to them.
#include "catalog_sample.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/parcels.h"
#include "reeld/catalog/upkeep.h"
#include "unit.h"

static const struct id key = {"k-01jd8zk3v5x2n9q4t7w0y1b6ce"};
static const int64_t MINUTE_US = INT64_C(60000000);

static struct digest token_of(int number)
{
    return hash_of(&number, sizeof(number));
}

static int64_t soon(void)
{
    return clock_wall_us() + MINUTE_US;
}

static struct parcel_fact film(int64_t expires_us)
{
    return (struct parcel_fact){
        .key = key,
        .expires_us = expires_us,
        .source = hash_of("film", 4),
        .size_bytes = 4,
        .kind = ASSET_IMAGE,
        .filename = "f\xc3\xbcnf.png",
    };
}

static bool is_named(struct catalog *c, const struct digest *key_of_blob)
{
    bool is_one;
    assert_int_equal(catalog_is_named(c, key_of_blob, &is_one), OK);
    return is_one;
}

static void an_address_comes_back_with_what_came(void **state)
{
    struct catalog *c = catalog_of(state);
    struct digest token = token_of(1);
    struct parcel_fact found, sent = film(soon());
    assert_int_equal(catalog_parcel(c, &token, &found), ERR_NOT_FOUND);
    assert_int_equal(catalog_open_parcel(c, &token, &key, soon(), 1), OK);
    sample_reopen(*state);
    c = catalog_of(state);
    assert_int_equal(catalog_parcel(c, &token, &found), OK);
    assert_true(id_eq(&found.key, &key));
    assert_false(found.is_held);
    assert_int_equal(catalog_take_parcel(c, &token), ERR_NOT_FOUND);
    assert_false(is_named(c, &sent.source));
    assert_int_equal(catalog_hold_parcel(c, &token, &sent), OK);
    assert_int_equal(catalog_hold_parcel(c, &token, &sent), ERR_CONFLICT);
    sample_reopen(*state);
    c = catalog_of(state);
    assert_int_equal(catalog_parcel(c, &token, &found), OK);
    assert_true(found.is_held);
    assert_true(digest_eq(&found.source, &sent.source));
    assert_int_equal(found.size_bytes, 4);
    assert_int_equal(found.kind, ASSET_IMAGE);
    assert_string_equal(found.filename, sent.filename);
    assert_int_equal(found.expires_us, sent.expires_us);
    assert_true(is_named(c, &sent.source));
    assert_int_equal(catalog_take_parcel(c, &token), OK);
    assert_int_equal(catalog_take_parcel(c, &token), ERR_NOT_FOUND);
    assert_false(is_named(c, &sent.source));
}

static void it_becomes_one_asset(void **state)
{
    struct catalog *c = catalog_of(state);
    struct digest token = token_of(1);
    struct parcel_fact sent = film(soon());
    struct asset *asset = sample_upload(0);
    scoped(asset) const struct asset *held = asset;
    scoped(asset) const struct asset *found = NULL;
    asset->source = sent.source;
    assert_int_equal(catalog_open_parcel(c, &token, &key, soon(), 1), OK);
    assert_int_equal(catalog_claim_parcel(c, &token, asset), ERR_NOT_FOUND);
    assert_int_equal(catalog_asset(c, &asset->id, &found), ERR_NOT_FOUND);
    assert_int_equal(catalog_hold_parcel(c, &token, &sent), OK);
    assert_int_equal(catalog_claim_parcel(c, &token, asset), OK);
    assert_int_equal(catalog_asset(c, &asset->id, &found), OK);
    assert_int_equal(found->state, ASSET_UPLOADED);
    int64_t jobs[JOB_KINDS][JOB_STATES];
    assert_int_equal(catalog_job_counts(c, jobs), OK);
    assert_int_equal(jobs[JOB_PROBE][JOB_QUEUED], 1);
    asset->id = id_new("m");
    assert_int_equal(catalog_claim_parcel(c, &token, asset), ERR_NOT_FOUND);
    assert_true(is_named(c, &sent.source));
}

static void they_have_a_bound_and_an_end(void **state)
{
    struct catalog *c = catalog_of(state);
    struct digest old = token_of(1), held = token_of(2), next = token_of(3);
    struct parcel_fact found, sent = film(clock_wall_us() - 1);
    assert_int_equal(catalog_open_parcel(c, &held, &key, soon(), 2), OK);
    assert_int_equal(catalog_hold_parcel(c, &held, &sent), OK);
    assert_int_equal(catalog_open_parcel(c, &old, &key, clock_wall_us() - 1, 2),
                     OK);
    assert_int_equal(catalog_parcel(c, &held, &found), ERR_NOT_FOUND);
    assert_int_equal(catalog_parcel(c, &old, &found), ERR_NOT_FOUND);
    int64_t rows;
    assert_int_equal(catalog_count_expired(c, &rows), OK);
    assert_int_equal(rows, 1); // the other went as the second one came
    assert_int_equal(catalog_expire(c), OK);
    assert_int_equal(catalog_count_expired(c, &rows), OK);
    assert_int_equal(rows, 0);
    assert_false(is_named(c, &sent.source));
    // One that expired while its bytes came is as good.
    sent.expires_us = soon();
    assert_int_equal(catalog_hold_parcel(c, &old, &sent), OK);
    assert_int_equal(catalog_parcel(c, &old, &found), OK);
    assert_int_equal(catalog_open_parcel(c, &held, &key, soon(), 2), OK);
    assert_int_equal(catalog_open_parcel(c, &next, &key, soon(), 2), ERR_BUSY);
    assert_int_equal(catalog_take_parcel(c, &old), OK);
    assert_int_equal(catalog_open_parcel(c, &next, &key, soon(), 2), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(an_address_comes_back_with_what_came),
        TEST(it_becomes_one_asset),
        TEST(they_have_a_bound_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
