// SPDX-License-Identifier: MIT
// grant_test.c - grants: who passes, and that nobody else does (SEC-16).
#include "reeld/api/grant.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "unit.h"

enum { NOW = 1800000000, LIFE = 3600 };

static struct grant_keys new_keys(void)
{
    struct grant_keys keys = {0};
    grant_keys_rotate(&keys, NOW, LIFE);
    return keys;
}

static enum err check(const struct grant_keys *keys, const char *text,
                      const struct id *id, int64_t epoch, int64_t now_s)
{
    int64_t exp_s = 0;
    return grant_check(keys, str_of(text), id, epoch, now_s, &exp_s);
}

static void a_grant_passes_until_the_second_it_expires(void **state)
{
    (void)state;
    struct grant_keys keys = new_keys();
    struct id id = id_new("m");
    char text[GRANT_TEXT_BYTES];
    grant_write(&keys, &id, 7, NOW + 60, text);
    int64_t exp_s = 0;
    assert_int_equal(grant_check(&keys, str_of(text), &id, 7, NOW + 59, &exp_s),
                     OK);
    assert_int_equal(exp_s, NOW + 60);
    assert_int_equal(check(&keys, text, &id, 7, NOW + 60), ERR_BAD_INPUT);
    assert_int_equal(check(&keys, text, &id, 7, NOW + 61), ERR_BAD_INPUT);
}

static void a_grant_is_good_for_one_id_and_epoch(void **state)
{
    (void)state;
    struct grant_keys keys = new_keys();
    struct id id = id_new("m"), other = id_new("m");
    char text[GRANT_TEXT_BYTES];
    grant_write(&keys, &id, 7, NOW + 60, text);
    assert_int_equal(check(&keys, text, &other, 7, NOW), ERR_BAD_INPUT);
    assert_int_equal(check(&keys, text, &id, 8, NOW), ERR_BAD_INPUT);
    assert_int_equal(check(&keys, text, &id, 6, NOW), ERR_BAD_INPUT);
}

static void no_bit_of_a_grant_is_free(void **state)
{
    (void)state;
    struct grant_keys keys = new_keys();
    struct id id = id_new("a");
    char text[GRANT_TEXT_BYTES];
    grant_write(&keys, &id, 0, NOW + 60, text);
    size_t len = strlen(text);
    for (size_t bit = 0; bit < len * 8; bit++) {
        char changed[GRANT_TEXT_BYTES];
        memcpy(changed, text, sizeof(changed));
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
        int64_t exp_s = 0;
        struct str view = {changed, len};
        assert_int_equal(grant_check(&keys, view, &id, 0, NOW, &exp_s),
                         ERR_BAD_INPUT);
    }
}

static void a_grant_has_one_spelling(void **state)
{
    (void)state;
    struct grant_keys keys = new_keys();
    struct id id = id_new("m");
    char text[GRANT_TEXT_BYTES], other[GRANT_TEXT_BYTES + 4];
    grant_write(&keys, &id, 0, NOW + 60, text);
    snprintf(other, sizeof(other), "0%s", text);
    assert_int_equal(check(&keys, other, &id, 0, NOW), ERR_BAD_INPUT);
    snprintf(other, sizeof(other), "%s=", text);
    assert_int_equal(check(&keys, other, &id, 0, NOW), ERR_BAD_INPUT);
    snprintf(other, sizeof(other), " %s", text);
    assert_int_equal(check(&keys, other, &id, 0, NOW), ERR_BAD_INPUT);
    for (size_t len = 0; len < strlen(text); len++) {
        struct str cut = {text, len};
        int64_t exp_s = 0;
        assert_int_equal(grant_check(&keys, cut, &id, 0, NOW, &exp_s),
                         ERR_BAD_INPUT);
    }
}

static void words_are_no_grants(void **state)
{
    (void)state;
    struct grant_keys keys = new_keys();
    struct id id = id_new("m");
    static const char *const words[] = {"",      "open",   "key", "..",
                                        "1.2.3", "1..",    ".1.", "-1.2.a",
                                        "1.-2.", "1.2.3.4"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_int_equal(check(&keys, words[i], &id, 0, NOW), ERR_BAD_INPUT);
}

static void rotation_keeps_old_links_for_their_life(void **state)
{
    (void)state;
    struct grant_keys keys = new_keys();
    struct id id = id_new("m");
    char old[GRANT_TEXT_BYTES], fresh[GRANT_TEXT_BYTES];
    grant_write(&keys, &id, 0, NOW + LIFE, old);
    grant_keys_rotate(&keys, NOW, LIFE);
    grant_write(&keys, &id, 0, NOW + 2 * LIFE, fresh);
    assert_int_equal(keys.key[0].kid, 2);
    assert_int_equal(check(&keys, old, &id, 0, NOW + LIFE - 1), OK);
    assert_int_equal(check(&keys, old, &id, 0, NOW + LIFE), ERR_BAD_INPUT);
    assert_int_equal(check(&keys, fresh, &id, 0, NOW + LIFE), OK);
    grant_keys_rotate(&keys, NOW + LIFE, LIFE);
    assert_int_equal(check(&keys, old, &id, 0, NOW + 1), ERR_BAD_INPUT);
    assert_int_equal(check(&keys, fresh, &id, 0, NOW + LIFE), OK);
}

static void another_server_makes_other_grants(void **state)
{
    (void)state;
    struct grant_keys here = new_keys(), there = new_keys();
    struct id id = id_new("m");
    char text[GRANT_TEXT_BYTES];
    grant_write(&there, &id, 0, NOW + 60, text);
    assert_int_equal(check(&here, text, &id, 0, NOW), ERR_BAD_INPUT);
}

// ---- with a catalog --------------------------------------------------------

struct place {
    char directory[64], path[96];
    struct catalog *catalog;
};

static void open_place(struct place *p)
{
    struct catalog_options o = {.path = p->path, .asset_cache = 4};
    assert_int_equal(catalog_open(&o, &p->catalog), OK);
}

static struct place new_place(void)
{
    struct place p = {.directory = "/tmp/reeld-grant-XXXXXX"};
    assert_non_null(mkdtemp(p.directory));
    snprintf(p.path, sizeof(p.path), "%s/catalog.db", p.directory);
    open_place(&p);
    return p;
}

static void remove_place(struct place *p)
{
    catalog_close(p->catalog);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", p->directory);
    assert_int_equal(system(command), 0);
}

static void links_outlive_the_daemon(void **state)
{
    (void)state;
    struct place place = new_place();
    struct id id = id_new("m");
    struct grants *grants = NULL;
    int64_t now_s = clock_wall_us() / 1000000, exp_s = 0;
    char text[GRANT_TEXT_BYTES];
    assert_int_equal(grants_open(place.catalog, LIFE, &grants), OK);
    grants_write(grants, &id, 3, now_s + 100, text);
    grants_free(grants);
    catalog_close(place.catalog);
    open_place(&place);
    assert_int_equal(grants_open(place.catalog, LIFE, &grants), OK);
    assert_int_equal(grants_check(grants, str_of(text), &id, 3, now_s, &exp_s),
                     OK);
    assert_int_equal(exp_s, now_s + 100);
    grants_free(grants);
    remove_place(&place);
}

static void a_remembered_grant_is_checked_like_a_new_one(void **state)
{
    (void)state;
    struct place place = new_place();
    struct grants *grants = NULL;
    assert_int_equal(grants_open(place.catalog, LIFE, &grants), OK);
    struct id id = id_new("m"), other = id_new("m");
    int64_t now_s = clock_wall_us() / 1000000, exp_s = 0;
    char text[GRANT_TEXT_BYTES];
    grants_write(grants, &id, 3, now_s + 100, text);
    struct str view = str_of(text);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(grants_check(grants, view, &id, 3, now_s, &exp_s), OK);
        assert_int_equal(grants_check(grants, view, &other, 3, now_s, &exp_s),
                         ERR_BAD_INPUT);
        assert_int_equal(grants_check(grants, view, &id, 4, now_s, &exp_s),
                         ERR_BAD_INPUT);
        assert_int_equal(
            grants_check(grants, view, &id, 3, now_s + 100, &exp_s),
            ERR_BAD_INPUT);
        text[3] = (char)(text[3] ^ 1);
        assert_int_equal(grants_check(grants, view, &id, 3, now_s, &exp_s),
                         ERR_BAD_INPUT);
        text[3] = (char)(text[3] ^ 1);
    }
    grants_free(grants);
    remove_place(&place);
}

static void a_second_rotation_waits_for_the_links_of_the_first(void **state)
{
    (void)state;
    struct place place = new_place();
    struct grants *grants = NULL;
    assert_int_equal(grants_open(place.catalog, LIFE, &grants), OK);
    struct id id = id_new("m");
    int64_t now_s = clock_wall_us() / 1000000, exp_s = 0;
    char text[GRANT_TEXT_BYTES];
    grants_write(grants, &id, 0, now_s + 100, text);
    assert_int_equal(grants_rotate(grants), OK);
    assert_int_equal(grants_rotate(grants), ERR_CONFLICT);
    assert_int_equal(grants_check(grants, str_of(text), &id, 0, now_s, &exp_s),
                     OK);
    grants_free(grants);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_passes_until_the_second_it_expires),
        cmocka_unit_test(a_grant_is_good_for_one_id_and_epoch),
        cmocka_unit_test(no_bit_of_a_grant_is_free),
        cmocka_unit_test(a_grant_has_one_spelling),
        cmocka_unit_test(words_are_no_grants),
        cmocka_unit_test(rotation_keeps_old_links_for_their_life),
        cmocka_unit_test(another_server_makes_other_grants),
        cmocka_unit_test(links_outlive_the_daemon),
        cmocka_unit_test(a_remembered_grant_is_checked_like_a_new_one),
        cmocka_unit_test(a_second_rotation_waits_for_the_links_of_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
