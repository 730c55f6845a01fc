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

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return play_set_up(state);
}

static struct piece piece_of(const struct asset *a, const char *path)
{
    scoped(play_show) const struct play_show *show = NULL;
    struct str rest;
    struct play_path p;
    struct piece piece;
    assert_int_equal(play_open(a, str_of(path), &show, &rest), OK);
    assert_int_equal(play_parse(show, rest, false, &p), OK);
    assert_int_equal(play_piece_of(show, &p, &piece), OK);
    return piece;
}

static enum err get(const char *path, struct digest *ret_key, struct blob **ret)
{
    scoped(piece) struct piece piece = piece_of(sample.film, path);
    *ret_key = piece.key;
    return play_piece(sample.catalog, sample.store, &piece, ret);
}

static void make(const char *path, const char *bytes)
{
    scoped(piece) struct piece piece = piece_of(sample.film, path);
    play_sample_make(&sample, sample.film, piece.rendition, piece.kind,
                     piece.number, bytes);
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
    return cmocka_run_group_tests(tests, set_up, play_tear_down);
}
