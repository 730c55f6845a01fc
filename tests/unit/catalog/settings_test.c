// SPDX-License-Identifier: MIT
// settings_test.c - keys, collections, kept answers and named values.
#include <stdlib.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog.h"
#include "unit.h"

// ---- keys ------------------------------------------------------------------

static struct api_key new_key(const char *label)
{
    struct api_key key = {.id = id_new("k"),
                          .secret = hash_of(label, strlen(label)),
                          .scopes = SCOPE_READ | SCOPE_INGEST,
                          .created_us = clock_wall_us()};
    str_copy(key.label, sizeof(key.label), str_of(label));
    return key;
}

static void a_key_comes_back_as_it_was(void **state)
{
    struct catalog *c = catalog_of(state);
    struct api_key key = new_key("for the studio"), found;
    assert_int_equal(catalog_key(c, &key.id, &found), ERR_NOT_FOUND);
    assert_int_equal(catalog_add_key(c, &key), OK);
    assert_int_equal(catalog_add_key(c, &key), ERR_CONFLICT);
    assert_int_equal(catalog_key(c, &key.id, &found), OK);
    assert_true(id_eq(&found.id, &key.id));
    assert_true(digest_eq(&found.secret, &key.secret));
    assert_int_equal(found.scopes, SCOPE_READ | SCOPE_INGEST);
    assert_int_equal(found.created_us, key.created_us);
    assert_int_equal(found.revoked_us, 0);
    assert_string_equal(found.label, "for the studio");
}

static void a_revoked_key_stays_revoked(void **state)
{
    struct catalog *c = catalog_of(state);
    struct api_key key = new_key("one"), found;
    assert_int_equal(catalog_revoke_key(c, &key.id), ERR_NOT_FOUND);
    assert_int_equal(catalog_add_key(c, &key), OK);
    assert_int_equal(catalog_revoke_key(c, &key.id), OK);
    assert_int_equal(catalog_key(c, &key.id, &found), OK);
    int64_t revoked_us = found.revoked_us;
    assert_true(revoked_us > 0);
    assert_int_equal(catalog_revoke_key(c, &key.id), OK);
    assert_int_equal(catalog_key(c, &key.id, &found), OK);
    assert_int_equal(found.revoked_us, revoked_us);
}

static void keys_are_listed(void **state)
{
    struct catalog *c = catalog_of(state);
    scoped(mem) struct api_key *none = NULL;
    size_t count;
    assert_int_equal(catalog_list_keys(c, &none, &count), OK);
    assert_int_equal(count, 0);
    for (int i = 0; i < 3; i++) {
        struct api_key key = new_key("k");
        assert_int_equal(catalog_add_key(c, &key), OK);
    }
    scoped(mem) struct api_key *keys = NULL;
    assert_int_equal(catalog_list_keys(c, &keys, &count), OK);
    assert_int_equal(count, 3);
}

static void unknown_scopes_are_refused(void **state)
{
    struct api_key key = new_key("k");
    key.scopes = 8;
    assert_int_equal(catalog_add_key(catalog_of(state), &key), ERR_BAD_INPUT);
}

// ---- named values ----------------------------------------------------------

static void a_value_is_kept_under_its_name(void **state)
{
    struct sample *s = *state;
    uint8_t bytes[4];
    size_t len;
    assert_int_equal(
        catalog_meta(s->catalog, "key", bytes, sizeof(bytes), &len),
        ERR_NOT_FOUND);
    assert_int_equal(catalog_set_meta(s->catalog, "key", "\0one", 4), OK);
    assert_int_equal(catalog_set_meta(s->catalog, "key", "\0t", 2), OK);
    sample_reopen(s);
    assert_int_equal(
        catalog_meta(s->catalog, "key", bytes, sizeof(bytes), &len), OK);
    assert_int_equal(len, 2);
    assert_memory_equal(bytes, "\0t", 2);
    assert_int_equal(catalog_meta(s->catalog, "key", bytes, 1, &len),
                     ERR_TOO_LARGE);
    assert_int_equal(catalog_set_meta(s->catalog, "none", NULL, 0), OK);
    assert_int_equal(catalog_meta(s->catalog, "none", bytes, 0, &len), OK);
    assert_int_equal(len, 0);
}

// ---- collections -----------------------------------------------------------

static void there_is_a_default_collection_that_stays(void **state)
{
    struct catalog *c = catalog_of(state);
    struct collection found;
    assert_int_equal(catalog_collection(c, "default", &found), OK);
    assert_string_equal(found.id, "default");
    assert_true(found.created_us > 0);
    assert_int_equal(catalog_remove_collection(c, "default"), ERR_CONFLICT);
}

static void collections_are_made_changed_listed_and_removed(void **state)
{
    struct catalog *c = catalog_of(state);
    struct collection in = {
        .id = "c-1", .name = "One", .created_us = clock_wall_us() + 1000000};
    assert_int_equal(catalog_put_collection(c, &in), OK);
    struct collection changed = {
        .id = "c-1", .name = "Uno", .description = "d"};
    assert_int_equal(catalog_put_collection(c, &changed), OK);
    struct collection found;
    assert_int_equal(catalog_collection(c, "c-1", &found), OK);
    assert_string_equal(found.name, "Uno");
    assert_string_equal(found.description, "d");
    assert_int_equal(found.created_us, in.created_us);
    scoped(mem) struct collection *all = NULL;
    size_t count;
    assert_int_equal(catalog_list_collections(c, &all, &count), OK);
    assert_int_equal(count, 2);
    assert_string_equal(all[1].id, "c-1");
    assert_int_equal(catalog_remove_collection(c, "c-1"), OK);
    assert_int_equal(catalog_remove_collection(c, "c-1"), ERR_NOT_FOUND);
    assert_int_equal(catalog_collection(c, "c-1", &found), ERR_NOT_FOUND);
}

static void a_collection_with_assets_stays(void **state)
{
    struct catalog *c = catalog_of(state);
    struct collection in = {.id = "c-1", .name = "One"};
    assert_int_equal(catalog_put_collection(c, &in), OK);
    struct asset *up = sample_upload(1);
    up->collection = mem_text("c-1");
    assert_int_equal(catalog_add_asset(c, up), OK);
    assert_int_equal(catalog_remove_collection(c, "c-1"), ERR_CONFLICT);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &up->id, &orphans, &count), OK);
    assert_int_equal(catalog_remove_collection(c, "c-1"), OK);
    assert_int_equal(catalog_add_asset(c, up), ERR_NOT_FOUND);
    asset_unref(up);
}

// ---- kept answers ----------------------------------------------------------

static enum err begin(struct catalog *c, const char *key, const char *request,
                      struct kept_answer *ret)
{
    struct digest k = hash_of(key, strlen(key));
    struct digest r = hash_of(request, strlen(request));
    return catalog_idempotency_begin(c, &k, &r, ret);
}

static enum err end(struct catalog *c, const char *key, int status,
                    const char *body)
{
    struct digest k = hash_of(key, strlen(key));
    return catalog_idempotency_end(c, &k, status, body);
}

static void a_repeat_gets_the_first_answer(void **state)
{
    struct sample *s = *state;
    struct kept_answer kept = {.status = 1};
    assert_int_equal(begin(s->catalog, "key", "body", &kept), OK);
    assert_int_equal(kept.status, 0);
    assert_int_equal(begin(s->catalog, "key", "body", &kept), ERR_CONFLICT);
    assert_int_equal(end(s->catalog, "key", 201, "{\"id\":1}"), OK);
    sample_reopen(s);
    assert_int_equal(begin(s->catalog, "key", "body", &kept), OK);
    assert_int_equal(kept.status, 201);
    scoped(mem) char *body = kept.body;
    assert_string_equal(body, "{\"id\":1}");
    assert_int_equal(begin(s->catalog, "key", "other", &kept), ERR_BAD_INPUT);
    assert_int_equal(begin(s->catalog, "other", "body", &kept), OK);
    assert_int_equal(kept.status, 0);
}

static void a_kept_answer_never_changes(void **state)
{
    struct catalog *c = catalog_of(state);
    struct kept_answer kept;
    assert_int_equal(end(c, "key", 200, "x"), ERR_NOT_FOUND);
    assert_int_equal(begin(c, "key", "body", &kept), OK);
    assert_int_equal(end(c, "key", 200, "x"), OK);
    assert_int_equal(end(c, "key", 201, "y"), ERR_NOT_FOUND);
    assert_int_equal(end(c, "key", 0, NULL), ERR_NOT_FOUND);
}

static void a_claim_that_is_given_up_can_be_taken_again(void **state)
{
    struct catalog *c = catalog_of(state);
    struct kept_answer kept;
    assert_int_equal(begin(c, "key", "body", &kept), OK);
    assert_int_equal(end(c, "key", 0, NULL), OK);
    assert_int_equal(begin(c, "key", "another", &kept), OK);
    assert_int_equal(kept.status, 0);
}

static void a_claim_ends_with_the_daemon_and_a_note_does_not(void **state)
{
    struct sample *s = *state;
    struct kept_answer kept;
    assert_int_equal(begin(s->catalog, "claim", "body", &kept), OK);
    assert_int_equal(begin(s->catalog, "note", "body", &kept), OK);
    assert_int_equal(end(s->catalog, "note", 102, "m-1"), OK);
    sample_reopen(s);
    assert_int_equal(begin(s->catalog, "claim", "body", &kept), OK);
    assert_int_equal(kept.status, 0);
    assert_int_equal(begin(s->catalog, "note", "body", &kept), OK);
    assert_int_equal(kept.status, 102);
    scoped(mem) char *body = kept.body;
    assert_string_equal(body, "m-1");
    assert_int_equal(end(s->catalog, "note", 201, "{}"), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, sample_set_up, sample_tear_down)
        TEST(a_key_comes_back_as_it_was),
        TEST(a_revoked_key_stays_revoked),
        TEST(keys_are_listed),
        TEST(unknown_scopes_are_refused),
        TEST(a_value_is_kept_under_its_name),
        TEST(there_is_a_default_collection_that_stays),
        TEST(collections_are_made_changed_listed_and_removed),
        TEST(a_collection_with_assets_stays),
        TEST(a_repeat_gets_the_first_answer),
        TEST(a_kept_answer_never_changes),
        TEST(a_claim_that_is_given_up_can_be_taken_again),
        TEST(a_claim_ends_with_the_daemon_and_a_note_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
