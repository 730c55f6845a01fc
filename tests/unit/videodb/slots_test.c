// SPDX-License-Identifier: MIT
// slots_test.c - upload addresses, and bytes that come to them.
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/store/claims.h"
#include "reeld/videodb/parcel.h"
#include "reeld/videodb/slots.h"
#include "unit.h"

static const struct id key = {"k-01jd8zk3v5x2n9q4t7w0y1b6ce"};
static const int64_t LIFE_US = INT64_C(60000000);

static void an_address_is_of_one_origin(void **state)
{
    (void)state;
    static const char origin[] = "http://127.0.0.1:8080";
    struct str token = STR("untouched");
    scoped(buf) struct buf url;
    buf_init(&url, 200);
    slots_write_url("abc", origin, &url);
    assert_true(str_eq(buf_view(&url),
                       STR("http://127.0.0.1:8080/videodb/upload/abc")));
    assert_true(slots_token(buf_view(&url), origin, &token));
    assert_true(str_eq(token, STR("abc")));
    static const char *const others[] = {
        "",
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/videodb/uploads/abc",
        "http://127.0.0.1:80801/videodb/upload/abc",
        "https://127.0.0.1:8080/videodb/upload/abc",
        "http://127.0.0.1:8080.example.org/videodb/upload/abc",
        "http://u@127.0.0.1:8080/videodb/upload/abc",
        " http://127.0.0.1:8080/videodb/upload/abc",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(slots_token(str_of(others[i]), origin, &token));
}

static void tokens_are_found_by_all_of_their_characters(void **state)
{
    struct catalog *c = catalog_of(state);
    char token[SLOT_TOKEN_BYTES], other[SLOT_TOKEN_BYTES];
    struct digest hash;
    struct parcel_fact found;
    assert_int_equal(slots_open(c, &key, LIFE_US, 2, token), OK);
    assert_int_equal(slots_open(c, &key, LIFE_US, 2, other), OK);
    assert_string_not_equal(token, other);
    assert_int_equal(slots_open(c, &key, LIFE_US, 2, other), ERR_BUSY);
    assert_int_equal(strlen(token), SLOT_TOKEN_BYTES - 1);
    assert_int_equal(slots_find(c, str_of(token), &hash, &found), OK);
    assert_true(id_eq(&found.key, &key));
    assert_false(found.is_held);
    assert_int_equal(slots_find_held(c, str_of(token), &hash, &found),
                     ERR_CONFLICT);
    struct str part = {token, SLOT_TOKEN_BYTES - 2};
    assert_int_equal(slots_find(c, part, &hash, &found), ERR_NOT_FOUND);
    assert_int_equal(slots_find(c, STR(""), &hash, &found), ERR_NOT_FOUND);
    token[5] = token[5] == 'a' ? 'b' : 'a';
    assert_int_equal(slots_find(c, str_of(token), &hash, &found),
                     ERR_NOT_FOUND);
}

// ---- parcels ---------------------------------------------------------------

static struct store *store_of(void **state)
{
    const struct sample *s = *state;
    struct store_options o = {.directory = s->directory};
    struct store *store = NULL;
    assert_int_equal(store_open_fs(&o, &store), OK);
    return store;
}

static void what_came_is_held_once_and_read_back(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(store) struct store *s = store_of(state);
    char token[SLOT_TOKEN_BYTES];
    struct digest hash;
    struct parcel_fact found;
    assert_int_equal(slots_open(c, &key, LIFE_US, 1, token), OK);
    assert_int_equal(slots_find(c, str_of(token), &hash, &found), OK);
    int64_t until_us = clock_wall_us() + LIFE_US;
    for (int i = 0; i < 2; i++) {
        scoped(parcel) struct parcel *p = NULL;
        assert_int_equal(parcel_new(s, 0, 100, &p), OK);
        parcel_set_filename(p, STR("C:\\films\\a film.json"));
        assert_int_equal(parcel_add(p, "{\"time", 6), OK);
        assert_int_equal(parcel_add(p, "line\":1}", 8), OK);
        parcel_end(p);
        assert_int_equal(parcel_hold(p, s, c, &hash, &key, until_us),
                         i == 0 ? OK : ERR_CONFLICT);
    }
    assert_int_equal(slots_find_held(c, str_of(token), &hash, &found), OK);
    assert_string_equal(found.filename, "a film.json");
    assert_int_equal(found.size_bytes, 14);
    scoped(mem) char *text = NULL;
    assert_int_equal(parcel_text(s, &found, 13, &text), ERR_TOO_LARGE);
    assert_int_equal(parcel_text(s, &found, 14, &text), OK);
    assert_string_equal(text, "{\"timeline\":1}");
}

static void a_parcel_has_a_limit(void **state)
{
    scoped(store) struct store *s = store_of(state);
    scoped(parcel) struct parcel *p = NULL;
    assert_int_equal(parcel_new(s, 11, 10, &p), ERR_TOO_LARGE);
    assert_int_equal(parcel_new(s, 10, 10, &p), OK);
    assert_int_equal(parcel_add(p, "0123456789", 10), OK);
    assert_int_equal(parcel_add(p, "", 0), OK);
    assert_int_equal(parcel_add(p, "x", 1), ERR_TOO_LARGE);
}

static void its_first_bytes_tell_its_kind(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum asset_kind kind;
    } cases[] = {
        {"ID3\4\0",              5,  ASSET_AUDIO},
        {"fLaC",                 4,  ASSET_AUDIO},
        {"RIFF\0\0\0\0WAVEfmt ", 16, ASSET_AUDIO},
        {"RIFF\0\0\0\0AVI LIST", 16, ASSET_VIDEO},
        {"RIFF\0\0\0\0WEBPVP8 ", 16, ASSET_IMAGE},
        {"FORM\0\0\0\0AIFF",     12, ASSET_AUDIO},
        {"\0\0\0\x20"
         "ftypM4A ",    12, ASSET_AUDIO},
        {"\0\0\0\x20"
         "ftypisom",    12, ASSET_VIDEO},
        {"\x89PNG\r\n\x1a\n",    8,  ASSET_IMAGE},
        {"\xff\xd8\xff\xe0",     4,  ASSET_IMAGE},
        {"\xff\xfb\x90\x44",     4,  ASSET_AUDIO},
        {"\xff\xf1\x50\x80",     4,  ASSET_AUDIO},
        {"GIF89a",               6,  ASSET_IMAGE},
        {"OggS\0\2",             6,  ASSET_VIDEO}, // may be either
        {"\x1a\x45\xdf\xa3",     4,  ASSET_VIDEO},
        {"I",                    1,  ASSET_VIDEO},
    };
    scoped(store) struct store *s = store_of(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        scoped(parcel) struct parcel *p = NULL;
        assert_int_equal(parcel_new(s, 0, 100, &p), OK);
        // As a slow line brings them.
        for (size_t at = 0; at < cases[i].len; at++)
            assert_int_equal(parcel_add(p, cases[i].bytes + at, 1), OK);
        if (parcel_kind(p) != cases[i].kind)
            print_error("case %zu\n", i);
        assert_int_equal(parcel_kind(p), cases[i].kind);
    }
}

static void a_filename_is_the_last_part_of_a_path(void **state)
{
    static const char *const cases[][2] = {
        {"film.mp4",            "film.mp4"           },
        {"/etc/passwd",         "passwd"             },
        {"..\\..\\film.mp4",    "film.mp4"           },
        {"films/",              ""                   },
        {"a\x07"
         "b",          ""                   },
        {"f\xc3\xbcr dich.mp4", "f\xc3\xbcr dich.mp4"},
        {"\xff.mp4",            ""                   },
    };
    scoped(store) struct store *s = store_of(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        scoped(parcel) struct parcel *p = NULL;
        assert_int_equal(parcel_new(s, 0, 100, &p), OK);
        parcel_set_filename(p, str_of(cases[i][0]));
        assert_string_equal(p->filename, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(an_address_is_of_one_origin),
        TEST(tokens_are_found_by_all_of_their_characters),
        TEST(what_came_is_held_once_and_read_back),
        TEST(a_parcel_has_a_limit),
        TEST(its_first_bytes_tell_its_kind),
        TEST(a_filename_is_the_last_part_of_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
