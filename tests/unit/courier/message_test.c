// SPDX-License-Identifier: MIT
// message_test.c - what a webhook is sent: the vector of Standard Webhooks, and
// the rules around it.
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/courier/message.h"
#include "unit.h"

// The secret of the published example,
// "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", has 24 bytes; HMAC fills keys up
// with zeros (RFC 2104 section 2), so these 32 are the same key.
static const struct digest example = {
    {0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a, 0xab, 0x4f, 0x08, 0xd4,
     0x3c, 0x3f, 0x08, 0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0}
};
static const int64_t example_us = INT64_C(1614265330) * 1000000;
#define EXAMPLE_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct delivery answer(const char *body)
{
    return (struct delivery){
        .webhook = {.id = {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, .secret = example},
        .is_signed = true,
        .body = mem_text(body),
    };
}

static void the_published_example_comes_out(void **state)
{
    (void)state;
    scoped(delivery) struct delivery d = answer("{\"test\": 2432232314}");
    scoped(message) struct message m = {0};
    assert_int_equal(message_compose(&d, example_us + 999999, &m), OK);
    assert_string_equal(m.id, "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_string_equal(m.timestamp, "webhook-timestamp: 1614265330");
    assert_string_equal(m.signature, "webhook-signature: " EXAMPLE_SIGNATURE);
    assert_string_equal(m.body.bytes, "{\"test\": 2432232314}");
}

// An event is known by its own id, whoever is told, and at each try.
static void an_event_is_told_in_its_envelope(void **state)
{
    (void)state;
    scoped(delivery) struct delivery d = {
        .webhook = {.id = {"w-01jd8zk3v5x2n9q4t7w0y1b6ce"}},
        .event = { .id = "evt_7",
                    .type = "asset.ready",
                    .created_us = example_us,
                    .data = mem_text("{\"id\":\"m-1\"}")},
    };
    scoped(message) struct message m = {0};
    assert_int_equal(message_compose(&d, example_us, &m), OK);
    assert_string_equal(m.id, "webhook-id: evt_7");
    assert_string_equal(m.signature, "");
    assert_string_equal(m.body.bytes, "{\"type\":\"asset.ready\",\"timestamp\":"
                                      "\"2021-02-25T15:02:10Z\",\"data\":"
                                      "{\"id\":\"m-1\"}}");
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        found++;
    return found;
}

static void the_old_secret_signs_until_its_time_is_over(void **state)
{
    (void)state;
    scoped(delivery) struct delivery d = answer("{\"test\": 2432232314}");
    d.webhook.old_secret = example;
    d.webhook.secret = hash_of("new", 3);
    d.webhook.old_until_us = example_us;
    scoped(message) struct message both = {0}, one = {0};
    assert_int_equal(message_compose(&d, example_us - 1, &both), OK);
    assert_int_equal(count(both.signature, " v1,"), 2);
    d.webhook.old_until_us = example_us + 1;
    scoped(message) struct message still = {0};
    assert_int_equal(message_compose(&d, example_us, &still), OK);
    assert_int_equal(count(still.signature, " v1,"), 2);
    assert_int_equal(count(still.signature, EXAMPLE_SIGNATURE), 1);
    d.webhook.old_until_us = example_us;
    assert_int_equal(message_compose(&d, example_us, &one), OK);
    assert_int_equal(count(one.signature, " v1,"), 1);
    assert_int_equal(count(one.signature, EXAMPLE_SIGNATURE), 0);
}

static void a_body_has_a_limit(void **state)
{
    (void)state;
    scoped(mem) char *text = mem_new(MESSAGE_BODY_BYTES_MAX + 2, 1);
    memset(text, ' ', MESSAGE_BODY_BYTES_MAX + 1);
    scoped(delivery) struct delivery large = answer(text);
    scoped(message) struct message m = {0};
    assert_int_equal(message_compose(&large, example_us, &m), ERR_TOO_LARGE);
    text[MESSAGE_BODY_BYTES_MAX - 1] = '\0';
    scoped(delivery) struct delivery fits = answer(text);
    scoped(message) struct message whole = {0};
    assert_int_equal(message_compose(&fits, example_us, &whole), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_comes_out),
        cmocka_unit_test(an_event_is_told_in_its_envelope),
        cmocka_unit_test(the_old_secret_signs_until_its_time_is_over),
        cmocka_unit_test(a_body_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
