// SPDX-License-Identifier: MIT
// callbacks_test.c - who is told what becomes of one asset.
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/events.h"
#include "unit.h"

enum { LEASE_US = 60000000 };
static const int64_t DAY_US = INT64_C(86400) * 1000000;

static const struct callback wish = {.url = "https://example.org/done",
                                     .is_signed = true,
                                     .secret = {.bytes = {7, 8, 9}}};

static void assert_nothing_is_owed(struct catalog *c)
{
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), ERR_NOT_FOUND);
}

static struct asset *add(struct catalog *c, unsigned seed,
                         const struct callback *callback)
{
    struct asset *asset = sample_upload(seed);
    assert_int_equal(catalog_add_asset_told(c, asset, callback), OK);
    return asset;
}

static void make_ready(struct catalog *c, const struct asset *uploaded)
{
    scoped(asset) const struct asset *probed = sample_probed(uploaded);
    assert_int_equal(catalog_asset_ready(c, probed, "build", false), OK);
}

static void remove_asset(struct catalog *c, const struct asset *asset)
{
    scoped(mem) struct digest *orphans = NULL;
    size_t count = 0;
    assert_int_equal(catalog_remove_asset(c, &asset->id, &orphans, &count), OK);
}

static void it_is_told_of_its_own_asset_until_it_came_through(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *own = add(c, 1, &wish);
    scoped(asset) const struct asset *other = add(c, 2, NULL);
    make_ready(c, other);
    assert_nothing_is_owed(c);
    make_ready(c, own);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    assert_string_equal(d.event.type, "asset.ready");
    assert_non_null(strstr(d.event.data, own->id.text));
    assert_string_equal(d.webhook.url, wish.url);
    assert_true(d.is_signed);
    assert_true(digest_eq(&d.webhook.secret, &wish.secret));
    struct delivery_result r = {.state = DELIVERY_WAITING, .status = 500};
    assert_int_equal(catalog_settle_delivery(c, d.number, &r), OK);
    delivery_done(&d);
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    assert_int_equal(d.attempts, 2);
    r = (struct delivery_result){.state = DELIVERY_DELIVERED, .status = 200};
    assert_int_equal(catalog_settle_delivery(c, d.number, &r), OK);
    assert_int_equal(catalog_settle_delivery(c, d.number, &r), ERR_NOT_FOUND);
    delivery_done(&d);
    assert_nothing_is_owed(c);
}

static void it_is_no_webhook_to_look_at(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *own = add(c, 1, &wish);
    make_ready(c, own);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    scoped(mem) struct webhook *all = NULL;
    size_t count = 7;
    assert_int_equal(catalog_list_webhooks(c, &all, &count), OK);
    assert_int_equal(count, 0);
    struct webhook w;
    const struct id *id = &d.webhook.id;
    assert_int_equal(catalog_webhook(c, id, &w), ERR_NOT_FOUND);
    assert_int_equal(catalog_change_webhook(c, &d.webhook), ERR_NOT_FOUND);
    assert_int_equal(catalog_remove_webhook(c, id), ERR_NOT_FOUND);
    delivery_done(&d);
}

static void it_ends_with_its_asset(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *own = add(c, 1, &wish);
    make_ready(c, own);
    remove_asset(c, own);
    assert_nothing_is_owed(c);
}

static void a_rejected_asset_may_go_first(void **state)
{
    struct catalog *c = catalog_of(state);
    const struct callback plain = {.url = "https://example.org/done"};
    scoped(asset) const struct asset *own = add(c, 1, &plain);
    assert_int_equal(
        catalog_asset_rejected(c, &own->id, "unsupported_media", "no"), OK);
    remove_asset(c, own);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    assert_string_equal(d.event.type, "asset.rejected");
    assert_false(d.is_signed);
    delivery_done(&d);
}

static void a_lease_outlives_a_restart(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *own = add(c, 1, &wish);
    make_ready(c, own);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    delivery_done(&d);
    sample_reopen(*state);
    c = catalog_of(state);
    assert_nothing_is_owed(c); // until the lease is over
}

// The clock was a year ahead when the first try failed, and was set back.
static void a_clock_that_was_ahead_delays_nothing(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *own = add(c, 1, &wish);
    make_ready(c, own);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    struct delivery_result later = {.state = DELIVERY_WAITING,
                                    .next_us = clock_wall_us() + 7 * DAY_US,
                                    .error = "refused"};
    assert_int_equal(catalog_settle_delivery(c, d.number, &later), OK);
    delivery_done(&d);
    assert_nothing_is_owed(c); // as long a pause as a setting allows
    later.next_us = clock_wall_us() + 365 * DAY_US;
    assert_int_equal(catalog_settle_delivery(c, d.number, &later), OK);
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    delivery_done(&d);
}

static void a_lease_that_is_over_binds_nobody(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *own = add(c, 1, &wish);
    make_ready(c, own);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, 0, &d), OK);
    int64_t number = d.number;
    delivery_done(&d);
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    assert_int_equal(d.number, number);
    assert_int_equal(d.attempts, 2);
    delivery_done(&d);
}

static struct answer_owed owe(struct catalog *c, const struct asset *work)
{
    struct answer_owed owed;
    assert_int_equal(catalog_owe_answer(c, &work->id, "http://here",
                                        "https://example.org/answer", 2),
                     OK);
    assert_int_equal(catalog_next_answer(c, 0, &owed), OK);
    return owed;
}

static void an_answer_is_told_once_the_work_is_over(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *work = add(c, 1, NULL);
    struct answer_owed owed = owe(c, work), none;
    assert_true(id_eq(&owed.work, &work->id));
    assert_string_equal(owed.origin, "http://here");
    assert_int_equal(catalog_next_answer(c, owed.number, &none), ERR_NOT_FOUND);
    // Not by events: the work may go on as another asset.
    make_ready(c, work);
    remove_asset(c, work);
    assert_nothing_is_owed(c);
    assert_int_equal(catalog_tell_answer(c, &owed.webhook, STR("{\"a\":1}")),
                     OK);
    assert_int_equal(catalog_next_answer(c, 0, &none), ERR_NOT_FOUND);
    struct delivery d = {0};
    assert_int_equal(catalog_claim_delivery(c, LEASE_US, &d), OK);
    assert_string_equal(d.body, "{\"a\":1}");
    assert_string_equal(d.webhook.url, "https://example.org/answer");
    assert_true(id_eq(&d.webhook.id, &owed.webhook));
    assert_false(d.is_signed);
    struct delivery_result r = {.state = DELIVERY_DELIVERED, .status = 200};
    assert_int_equal(catalog_settle_delivery(c, d.number, &r), OK);
    delivery_done(&d);
    assert_int_equal(catalog_tell_answer(c, &owed.webhook, STR("{}")),
                     ERR_NOT_FOUND);
}

static void only_so_many_answers_are_owed(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(asset) const struct asset *work = add(c, 1, NULL);
    owe(c, work);
    owe(c, work);
    assert_int_equal(catalog_owe_answer(c, &work->id, "http://here",
                                        "https://example.org/", 2),
                     ERR_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(it_is_told_of_its_own_asset_until_it_came_through),
        TEST(it_is_no_webhook_to_look_at),
        TEST(it_ends_with_its_asset),
        TEST(a_rejected_asset_may_go_first),
        cmocka_unit_test_setup_teardown(an_answer_is_told_once_the_work_is_over,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(a_lease_outlives_a_restart,
                                        sample_set_up, sample_tear_down),
        TEST(a_clock_that_was_ahead_delays_nothing),
        cmocka_unit_test_setup_teardown(a_lease_that_is_over_binds_nobody,
                                        sample_set_up, sample_tear_down),
        cmocka_unit_test_setup_teardown(only_so_many_answers_are_owed,
                                        sample_set_up, sample_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
