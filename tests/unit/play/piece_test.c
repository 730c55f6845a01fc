// SPDX-License-Identifier: MIT
// piece_test.c - pieces that are made, and what happens when they are lost.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "play_sample.h"
#include "reeld/base/log.h"
#include "reeld/base/thread.h"
#include "reeld/play.h"
#include "unit.h"

static struct play_sample sample;

static int open_sample(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    play_sample_open(&sample);
    return 0;
}

static int close_sample(void **state)
{
    (void)state;
    play_sample_close(&sample);
    return 0;
}

static struct play_path path_of(const char *path)
{
    struct play_path p;
    assert_int_equal(play_parse(sample.film, str_of(path), false, &p), OK);
    return p;
}

static enum err get(const char *path, struct digest *ret_key, struct blob **ret)
{
    struct play_path p = path_of(path);
    scoped(piece) struct piece piece = {0};
    assert_int_equal(piece_of_asset(sample.film, (uint32_t)p.rendition, p.piece,
                                    p.number, &piece),
                     OK);
    *ret_key = piece.key;
    return play_piece(sample.catalog, sample.store, &piece, ret);
}

static void make(const char *path, const char *bytes)
{
    struct play_path p = path_of(path);
    play_sample_make(&sample, sample.film, (uint32_t)p.rendition, p.piece,
                     p.number, bytes);
}

static void a_made_piece_is_given_out(void **state)
{
    (void)state;
    make("720p/3.m4s", "segment three");
    struct digest key;
    scoped(blob) struct blob *piece = NULL;
    assert_int_equal(get("720p/3.m4s", &key, &piece), OK);
    assert_int_equal(piece->len, strlen("segment three"));
    assert_memory_equal(piece->bytes, "segment three", piece->len);
}

static void a_piece_that_is_not_made_is_not_found(void **state)
{
    (void)state;
    struct digest key;
    struct blob *piece = NULL;
    assert_int_equal(get("720p/4.m4s", &key, &piece), ERR_NOT_FOUND);
    assert_null(piece);
}

static bool is_known(const struct digest *key)
{
    struct piece_fact fact;
    return catalog_piece(sample.catalog, key, &fact) == OK;
}

static void a_piece_without_its_blob_is_forgotten(void **state)
{
    (void)state;
    make("480p/1.m4s", "lost soon");
    struct digest key;
    struct blob *piece = NULL;
    assert_int_equal(get("480p/1.m4s", &key, &piece), OK);
    blob_unref(piece);
    assert_int_equal(store_remove(sample.store, &key), OK);
    assert_true(is_known(&key));
    assert_int_equal(get("480p/1.m4s", &key, &piece), ERR_NOT_FOUND);
    assert_false(is_known(&key));
    make("480p/1.m4s", "made again");
    assert_int_equal(get("480p/1.m4s", &key, &piece), OK);
    blob_unref(piece);
}

static void a_piece_of_another_size_is_forgotten_with_its_blob(void **state)
{
    (void)state;
    make("480p/2.m4s", "whole");
    struct digest key;
    struct blob *piece = NULL;
    assert_int_equal(get("480p/2.m4s", &key, &piece), OK);
    blob_unref(piece);
    char hex[HASH_HEX_BYTES];
    digest_hex(&key, hex);
    char path[192];
    snprintf(path, sizeof path, "%s/blobs/%.2s/%s", sample.directory, hex,
             hex + 2);
    assert_int_equal(truncate(path, 2), 0);
    assert_int_equal(get("480p/2.m4s", &key, &piece), ERR_NOT_FOUND);
    assert_false(is_known(&key));
    int fd;
    assert_int_equal(store_open(sample.store, &key, &fd), ERR_NOT_FOUND);
}

// A GET writes no fact: on an HTTP thread the loss is seen and left alone.
static void an_http_thread_forgets_nothing(void **state)
{
    (void)state;
    make("480p/5.m4s", "lost soon");
    struct digest key;
    struct blob *piece = NULL;
    assert_int_equal(get("480p/5.m4s", &key, &piece), OK);
    blob_unref(piece);
    assert_int_equal(store_remove(sample.store, &key), OK);
    thread_set_role(ROLE_HTTP);
    assert_int_equal(get("480p/5.m4s", &key, &piece), ERR_NOT_FOUND);
    thread_set_role(ROLE_ANY);
    assert_true(is_known(&key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_piece_is_given_out),
        cmocka_unit_test(a_piece_that_is_not_made_is_not_found),
        cmocka_unit_test(a_piece_without_its_blob_is_forgotten),
        cmocka_unit_test(a_piece_of_another_size_is_forgotten_with_its_blob),
        cmocka_unit_test(an_http_thread_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
