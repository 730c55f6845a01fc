// SPDX-License-Identifier: MIT
// hash_test.c - hashes against published vectors, and their text forms.
#include "reeld/base/hash.h"

#include <string.h>

#include "unit.h"

static const char abc_hex[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void sha256_matches_fips_180(void **state)
{
    (void)state;
    char hex[HASH_HEX_BYTES];
    struct digest d = hash_of("abc", 3);
    digest_hex(&d, hex);
    assert_string_equal(hex, abc_hex);
    d = hash_of("", 0);
    digest_hex(&d, hex);
    assert_string_equal(
        hex,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void a_running_hash_gives_the_same_however_it_is_fed(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    struct digest whole = hash_of(bytes, sizeof(bytes));
    for (size_t step = 1; step < sizeof(bytes); step += 61) {
        scoped(hash) struct hash *h = hash_new();
        for (size_t at = 0; at < sizeof(bytes); at += step) {
            size_t left = sizeof(bytes) - at;
            hash_add(h, bytes + at, left < step ? left : step);
        }
        struct digest parts = hash_end(h);
        assert_true(digest_eq(&whole, &parts));
    }
}

static void hmac_matches_a_published_vector(void **state)
{
    (void)state;
    // RFC 4231 test case 1: its 20 bytes of 0x0b with zeros behind, which is
    // the same key to HMAC.
    uint8_t key[HASH_BYTES] = {0};
    memset(key, 0x0b, 20);
    struct digest d = hmac_of(key, "Hi There", 8);
    char hex[HASH_HEX_BYTES];
    digest_hex(&d, hex);
    assert_string_equal(
        hex,
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

static void secrets_are_compared_whole(void **state)
{
    (void)state;
    struct digest a = hash_of("a", 1);
    for (size_t bit = 0; bit < HASH_BYTES * 8; bit++) {
        struct digest b = a;
        b.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(secret_eq(&a, &b, sizeof(a)));
        assert_false(digest_eq(&a, &b));
    }
    assert_true(secret_eq(&a, &a, sizeof(a)));
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    random_bytes(a, sizeof(a));
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    random_bytes(a, 0);
}

static void hex_is_read_back_and_has_one_spelling(void **state)
{
    (void)state;
    struct digest d = hash_of("abc", 3);
    struct digest again;
    assert_int_equal(digest_from_hex(str_of(abc_hex), &again), OK);
    assert_true(digest_eq(&d, &again));

    char text[HASH_HEX_BYTES];
    for (size_t i = 0; i < HASH_HEX_BYTES - 1; i++) {
        memcpy(text, abc_hex, sizeof(text));
        text[i] = 'A';
        assert_int_equal(digest_from_hex(str_of(text), &again), ERR_BAD_INPUT);
    }
    assert_int_equal(digest_from_hex(STR(""), &again), ERR_BAD_INPUT);
    assert_int_equal(
        digest_from_hex((struct str){abc_hex, HASH_HEX_BYTES - 2}, &again),
        ERR_BAD_INPUT);
}

static void base64url_matches_rfc_4648(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    char text[16];
    for (size_t len = 0; len <= 6; len++) {
        base64url("foobar", len, text);
        assert_string_equal(text, expected[len]);
    }
    base64url("\xFB\xFF\xFE", 3, text);
    assert_string_equal(text, "-__-");
}

static void base64url_comes_back_at_every_length(void **state)
{
    (void)state;
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        char text[100];
        uint8_t back[64];
        size_t back_len = 99;
        base64url(bytes, len, text);
        assert_int_equal(
            base64url_decode(str_of(text), back, sizeof(back), &back_len), OK);
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
    }
}

static void base64url_has_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zh",   "Zm9=",  "Zg==", "Zm8/",
        "Zm8+", "Zm 8", "Zm9vZ", "Zm9"}; // stray bits
    uint8_t back[16];
    size_t len = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(
            base64url_decode(str_of(bad[i]), back, sizeof(back), &len),
            ERR_BAD_INPUT);
}

static void decoding_never_passes_the_room_given(void **state)
{
    (void)state;
    uint8_t back[3] = {0, 0, 0xEE};
    size_t len = 0;
    assert_int_equal(base64url_decode(STR("Zm8"), back, 2, &len), OK);
    assert_int_equal(base64url_decode(STR("Zm9v"), back, 2, &len),
                     ERR_BAD_INPUT);
    assert_int_equal(back[2], 0xEE);
}

static void base64_wants_its_padding(void **state)
{
    (void)state;
    uint8_t back[16];
    size_t len = 0;
    assert_int_equal(base64_decode(STR("Zm9vYg=="), back, 16, &len), OK);
    assert_int_equal(len, 4);
    assert_memory_equal(back, "foob", 4);
    assert_int_equal(base64_decode(STR("+/8="), back, 16, &len), OK);
    assert_int_equal(len, 2);
    assert_int_equal(base64_decode(STR(""), back, 16, &len), OK);
    assert_int_equal(len, 0);
    static const char *const bad[] = {
        "Zg", "Zg=", "Z===", "====", "-_8=", "Zg==Zg==", "Zh=="};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(base64_decode(str_of(bad[i]), back, 16, &len),
                         ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_fips_180),
        cmocka_unit_test(a_running_hash_gives_the_same_however_it_is_fed),
        cmocka_unit_test(hmac_matches_a_published_vector),
        cmocka_unit_test(secrets_are_compared_whole),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(hex_is_read_back_and_has_one_spelling),
        cmocka_unit_test(base64url_matches_rfc_4648),
        cmocka_unit_test(base64url_comes_back_at_every_length),
        cmocka_unit_test(base64url_has_one_spelling),
        cmocka_unit_test(decoding_never_passes_the_room_given),
        cmocka_unit_test(base64_wants_its_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
