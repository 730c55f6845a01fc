// SPDX-License-Identifier: MIT
// cache_test.c - answers by key under a byte budget; gzip.
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/http.h"

static struct http_answer *new_answer(size_t len)
{
    struct buf b;
    buf_init(&b, len);
    for (size_t i = 0; i < len; i++)
        buf_u8(&b, (uint8_t)i);
    scoped(blob) struct blob *body = blob_from_buf(&b);
    struct http_answer_options o = {.status = 200, .type = "video/mp4"};
    return http_answer_new(&o, body);
}

static void put(struct http_cache *c, const char *key, size_t len)
{
    scoped(http_answer) struct http_answer *a = new_answer(len);
    http_cache_put(c, str_of(key), a);
}

static bool has(struct http_cache *c, const char *key)
{
    scoped(http_answer) struct http_answer *a = http_cache_get(c, str_of(key));
    return a != NULL;
}

static void what_was_put_is_found(void **state)
{
    (void)state;
    struct http_cache *c = http_cache_new(1 << 20);
    assert_false(has(c, "a"));
    put(c, "a", 10);
    put(c, "", 10);
    assert_true(has(c, "a"));
    assert_true(has(c, ""));
    assert_false(has(c, "b"));
    struct http_cache_counts n = http_cache_counts(c);
    assert_int_equal(n.hits, 2);
    assert_int_equal(n.misses, 2);
    assert_int_equal(n.answers, 2);
    http_cache_clear(c);
    assert_false(has(c, "a"));
    n = http_cache_counts(c);
    assert_int_equal(n.answers, 0);
    assert_int_equal(n.bytes, 0);
    http_cache_free(c);
}

static void the_least_recently_used_goes_first(void **state)
{
    (void)state;
    struct http_cache *c = http_cache_new(40000);
    put(c, "a", 10000);
    put(c, "b", 10000);
    put(c, "c", 10000);
    assert_true(has(c, "a"));
    put(c, "d", 10000);
    assert_false(has(c, "b"));
    assert_true(has(c, "a"));
    assert_true(has(c, "c"));
    assert_true(has(c, "d"));
    assert_true(http_cache_counts(c).bytes <= 40000);
    http_cache_free(c);
}

static void a_key_put_again_is_replaced(void **state)
{
    (void)state;
    struct http_cache *c = http_cache_new(40000);
    put(c, "a", 10);
    put(c, "a", 20000);
    scoped(http_answer) struct http_answer *a = http_cache_get(c, STR("a"));
    assert_true(http_answer_bytes(a) >= 20000);
    assert_int_equal(http_cache_counts(c).answers, 1);
    put(c, "b", 50000); // more than all there is
    assert_false(has(c, "b"));
    assert_true(has(c, "a"));
    put(c, "a", 50000); // the old one is out of date all the same
    assert_false(has(c, "a"));
    http_cache_free(c);
    // An answer that somebody holds outlives the cache.
    assert_true(http_answer_bytes(a) >= 20000);
}

static void many_keys_are_all_found(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    struct http_cache *c = http_cache_new((size_t)KEYS * 2000);
    char key[32];
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "key/%d", i);
        put(c, key, 1);
    }
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "key/%d", i);
        assert_true(has(c, key));
    }
    http_cache_free(c);
}

static void *put_and_get(void *argument)
{
    struct http_cache *c = argument;
    char key[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%d", i % 7);
        if (i % 3 == 0)
            put(c, key, 3000);
        else
            has(c, key);
    }
    return NULL;
}

static void threads_may_share_a_cache(void **state)
{
    (void)state;
    struct http_cache *c = http_cache_new(15000);
    pthread_t a = thread_start("a", ROLE_ANY, put_and_get, c);
    pthread_t b = thread_start("b", ROLE_ANY, put_and_get, c);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    assert_true(http_cache_counts(c).bytes <= 15000);
    http_cache_free(c);
}

static void gzip_gives_the_body_back(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 1000, 300000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t len = lengths[i];
        char *text = mem_new(len + 1, 1);
        for (size_t at = 0; at < len; at++)
            text[at] = (char)('a' + at % 23);
        scoped(blob) struct blob *packed = http_gzip((struct str){text, len});
        scoped(blob) struct blob *again = http_gzip((struct str){text, len});
        assert_int_equal(packed->len, again->len);
        assert_memory_equal(packed->bytes, again->bytes, packed->len);
        uint8_t *back = mem_new(len + 1, 1);
        z_stream z = {0};
        assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
        z.next_in = (Bytef *)(uintptr_t)packed->bytes;
        z.avail_in = (uInt)packed->len;
        z.next_out = back;
        z.avail_out = (uInt)len + 1;
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
        assert_int_equal(z.total_out, len);
        assert_memory_equal(back, text, len);
        inflateEnd(&z);
        free(back);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(the_least_recently_used_goes_first),
        cmocka_unit_test(a_key_put_again_is_replaced),
        cmocka_unit_test(many_keys_are_all_found),
        cmocka_unit_test(threads_may_share_a_cache),
        cmocka_unit_test(gzip_gives_the_body_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
