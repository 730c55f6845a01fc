// SPDX-License-Identifier: MIT
// streams_test.c - stored streams.
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/streams.h"
#include "unit.h"

static struct stream new_stream(const char *clips, const char *name,
                                int64_t created_us)
{
    struct digest digest = hash_of(clips, strlen(clips));
    struct stream s = {.id = id_from_hash("s", digest.bytes),
                       .created_us = created_us,
                       .duration_us = 7,
                       .clip_count = 1,
                       .clips = str_dup(str_of(clips))};
    str_copy(s.name, sizeof(s.name), str_of(name));
    return s;
}

static void a_stream_comes_back_as_it_was(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(stream) struct stream s = new_stream("m-x 0 5\n", "first", 11);
    scoped(stream) struct stream found = {0};
    assert_int_equal(catalog_stream(c, &s.id, &found), ERR_NOT_FOUND);
    assert_int_equal(catalog_put_stream(c, &s), OK);
    assert_int_equal(catalog_stream(c, &s.id, &found), OK);
    assert_true(id_eq(&found.id, &s.id));
    assert_string_equal(found.name, "first");
    assert_string_equal(found.clips, "m-x 0 5\n");
    assert_int_equal(found.duration_us, 7);
    assert_int_equal(found.created_us, 11);
    assert_int_equal(found.clip_count, 1);
}

static void whether_there_are_pictures_is_kept_and_said_again(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(stream) struct stream s = new_stream("m-x 0 5\n", "", 1);
    struct stream listed;
    uint32_t count = 0;
    bool has_more = false;
    for (int i = 0; i < 2; i++) {
        s.has_pictures = i == 1;
        assert_int_equal(catalog_put_stream(c, &s), OK);
        scoped(stream) struct stream found = {0};
        assert_int_equal(catalog_stream(c, &s.id, &found), OK);
        assert_int_equal(found.has_pictures, i == 1);
        assert_int_equal(
            catalog_list_streams(c, STR(""), 1, &listed, &count, &has_more),
            OK);
        assert_int_equal(listed.has_pictures, i == 1);
    }
}

static void the_same_clips_again_take_the_name_and_keep_their_birth(
    void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(stream) struct stream one = new_stream("m-x 0 5\n", "first", 11);
    scoped(stream) struct stream two = new_stream("m-x 0 5\n", "second", 12);
    assert_int_equal(catalog_put_stream(c, &one), OK);
    assert_int_equal(catalog_put_stream(c, &two), OK);
    assert_int_equal(two.created_us, 11);
    scoped(stream) struct stream found = {0};
    assert_int_equal(catalog_stream(c, &one.id, &found), OK);
    assert_string_equal(found.name, "second");
}

static void streams_are_listed_newest_first_and_removed(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(stream) struct stream one = new_stream("m-x 0 5\n", "", 1);
    scoped(stream) struct stream two = new_stream("m-x 0 6\n", "", 2);
    assert_int_equal(catalog_put_stream(c, &one), OK);
    assert_int_equal(catalog_put_stream(c, &two), OK);
    struct stream list[2];
    uint32_t count = 0;
    bool has_more = false;
    assert_int_equal(
        catalog_list_streams(c, STR(""), 1, list, &count, &has_more), OK);
    assert_int_equal(count, 1);
    assert_true(has_more);
    assert_true(id_eq(&list[0].id, &two.id));
    assert_int_equal(catalog_list_streams(c, str_of(two.id.text), 2, list,
                                          &count, &has_more),
                     OK);
    assert_int_equal(count, 1);
    assert_false(has_more);
    assert_true(id_eq(&list[0].id, &one.id));
    assert_null(list[0].clips);
    assert_int_equal(catalog_remove_stream(c, &one.id), OK);
    assert_int_equal(catalog_remove_stream(c, &one.id), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(a_stream_comes_back_as_it_was),
        TEST(whether_there_are_pictures_is_kept_and_said_again),
        TEST(the_same_clips_again_take_the_name_and_keep_their_birth),
        TEST(streams_are_listed_newest_first_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
