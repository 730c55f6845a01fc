// SPDX-License-Identifier: MIT
// text_test.c - small forms that come in and go out: keys, scopes,
// Content-Digest, JSON.
#include <stdio.h>
#include <string.h>

#include "reeld/api.h"
#include "reeld/api/forms.h"
#include "reeld/api/json_out.h"
#include "unit.h"

static const char sample[] = "rk_01jd8zk3v5x2n9q4t7w0y1b6ce_"
                             "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

static void a_key_gives_its_id_and_secret(void **state)
{
    (void)state;
    struct id id;
    uint8_t secret[HASH_BYTES];
    assert_int_equal(key_parse(str_of(sample), &id, secret), OK);
    assert_string_equal(id.text, "k-01jd8zk3v5x2n9q4t7w0y1b6ce");
    for (int i = 0; i < HASH_BYTES; i++)
        assert_int_equal(secret[i], i);
    assert_int_equal(strlen(sample), API_KEY_TEXT_BYTES - 1);
}

static void other_texts_are_no_keys(void **state)
{
    (void)state;
    struct id id;
    uint8_t secret[HASH_BYTES];
    for (size_t len = 0; len < strlen(sample); len++) {
        struct str cut = {sample, len};
        assert_int_equal(key_parse(cut, &id, secret), ERR_BAD_INPUT);
    }
    char text[sizeof(sample) + 1];
    // Behind the id and in the id; the last character has unused bits.
    static const size_t places[] = {0, 1, 2, 3, 29, 72};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        memcpy(text, sample, sizeof(sample));
        text[places[i]] = '~';
        assert_int_equal(key_parse(str_of(text), &id, secret), ERR_BAD_INPUT);
    }
    memcpy(text, sample, sizeof(sample));
    text[72] = '9';
    assert_int_equal(key_parse(str_of(text), &id, secret), ERR_BAD_INPUT);
    snprintf(text, sizeof(text), "%s ", sample);
    assert_int_equal(key_parse(str_of(text), &id, secret), ERR_BAD_INPUT);
}

static void scopes_are_read_by_name(void **state)
{
    (void)state;
    unsigned scopes = 0;
    assert_int_equal(api_parse_scopes(STR("read"), &scopes), OK);
    assert_int_equal(scopes, SCOPE_READ);
    assert_int_equal(api_parse_scopes(STR("read, ingest"), &scopes), OK);
    assert_int_equal(scopes, SCOPE_READ | SCOPE_INGEST);
    assert_int_equal(api_parse_scopes(STR("admin"), &scopes), OK);
    assert_int_equal(scopes, SCOPE_ADMIN);
    assert_int_equal(api_parse_scopes(STR(""), &scopes), ERR_BAD_INPUT);
    assert_int_equal(api_parse_scopes(STR("read,"), &scopes), ERR_BAD_INPUT);
    assert_int_equal(api_parse_scopes(STR("Read"), &scopes), ERR_BAD_INPUT);
    assert_int_equal(api_parse_scopes(STR("all"), &scopes), ERR_BAD_INPUT);
    assert_int_equal(scopes, SCOPE_ADMIN);
}

static void content_digest_is_found_among_others(void **state)
{
    (void)state;
    struct digest wanted = hash_of("hello", 5), got;
    const char *const fine[] = {
        "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:",
        "sha-512=:AAAA:, sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
        ":",
    };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(content_digest_parse(str_of(fine[i]), &got), OK);
        assert_true(digest_eq(&got, &wanted));
    }
    const char *const bad[] = {
        "sha-256=",
        "sha-256=:",
        "sha-256=::",
        "sha-256=:LPJN:",
        "sha-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ:",
        "sha-256=:LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(content_digest_parse(str_of(bad[i]), &got),
                         ERR_BAD_INPUT);
    assert_int_equal(content_digest_parse(STR("sha-512=:AAAA:"), &got),
                     ERR_NOT_FOUND);
}

static void json_is_written_with_commas_and_escapes(void **state)
{
    (void)state;
    scoped(buf) struct buf text;
    buf_init(&text, 1000);
    struct json_out j = {.to = &text};
    json_open(&j, NULL, '{');
    json_text(&j, "a", "\"\\\n\x01\x7f</script>\xc3\xa9");
    json_open(&j, "b", '[');
    json_int(&j, NULL, -1);
    json_bool(&j, NULL, true);
    json_none(&j, NULL);
    json_open(&j, NULL, '{');
    json_close(&j, '}');
    json_close(&j, ']');
    json_text(&j, "c", "\xff");
    json_raw(&j, "d", "{\"x\":1}");
    json_time(&j, "e", 1795287791000000);
    json_close(&j, '}');
    assert_str(
        buf_view(&text),
        "{\"a\":\"\\\"\\\\\\n\\u0001\\u007f</script>\xc3\xa9\",\"b\":[-1,"
        "true,null,{}],\"c\":\"?\",\"d\":{\"x\":1},\"e\":\"2026-11-21T19:"
        "03:11Z\"}");
}

static void decimals_are_exact_and_short(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int places;
        const char *text;
    } cases[] = {
        {60095000,    6, "60.095"  },
        {0,           6, "0"       },
        {1,           6, "0.000001"},
        {-1,          3, "-0.001"  },
        {1000,        3, "1"       },
        {413,         3, "0.413"   },
        {-2500,       3, "-2.5"    },
        {43200000000, 6, "43200"   },
        {7,           0, "7"       },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        scoped(buf) struct buf text;
        buf_init(&text, 100);
        struct json_out j = {.to = &text};
        json_decimal(&j, NULL, cases[i].value, cases[i].places);
        assert_true(str_eq(buf_view(&text), str_of(cases[i].text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_gives_its_id_and_secret),
        cmocka_unit_test(other_texts_are_no_keys),
        cmocka_unit_test(scopes_are_read_by_name),
        cmocka_unit_test(content_digest_is_found_among_others),
        cmocka_unit_test(json_is_written_with_commas_and_escapes),
        cmocka_unit_test(decimals_are_exact_and_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
