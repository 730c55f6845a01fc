// SPDX-License-Identifier: MIT
// kept_test.c - sources that are dropped, and what is kept of them.
#include "reeld/catalog/kept.h"

#include <stdio.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/jobs.h"
#include "reeld/catalog/upkeep.h"
#include "unit.h"

static struct sample sample;
static struct catalog *c;
static struct id film;
static struct piece_fact piece[3]; // two segments and a TS of the first

static const struct asset *get(const struct id *id)
{
    const struct asset *a = NULL;
    assert_int_equal(catalog_asset(c, id, &a), OK);
    return a;
}

static int set_up(void **state)
{
    (void)state;
    sample_open(&sample);
    c = sample.catalog;
    sample_add_ready(c, 1, &film);
    scoped(asset) const struct asset *a = get(&film);
    piece[0] = sample_piece(a, 0, 0);
    piece[1] = sample_piece(a, 0, 1);
    piece[2] = sample_piece(a, 0, 0);
    piece[2].kind = PIECE_TS;
    piece[2].key = hash_of("ts", 2);
    assert_int_equal(catalog_add_pieces(c, piece, 3), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sample_close(&sample);
    return 0;
}

// ---- helpers ---------------------------------------------------------------

static int64_t made_bytes(void)
{
    int64_t bytes;
    assert_int_equal(catalog_piece_bytes(c, &bytes), OK);
    return bytes;
}

static int64_t used_bytes(void)
{
    int64_t assets, bytes;
    assert_int_equal(catalog_usage(c, &assets, &bytes), OK);
    return bytes;
}

static bool is_named(const struct digest *key)
{
    bool is = false;
    assert_int_equal(catalog_is_named(c, key, &is), OK);
    return is;
}

static void complain(void *context, const char *line)
{
    (void)context;
    print_error("%s\n", line);
    assert_null(line);
}

static struct job begin(void)
{
    struct id id;
    struct job job;
    assert_int_equal(catalog_begin_drop(c, &film, &id), OK);
    assert_int_equal(catalog_claim_job(c, JOB_DROP, &job), OK);
    assert_true(id_eq(&job.id, &id));
    return job;
}

static enum err finish(const struct job *job)
{
    scoped(asset) const struct asset *a = get(&film);
    int64_t streams;
    assert_int_equal(catalog_last_stream(c, &streams), OK);
    return catalog_finish_drop(c, job, a->source_row, streams);
}

static void drop(void)
{
    struct job job = begin();
    assert_int_equal(finish(&job), OK);
}

static void put_stream(void)
{
    char clips[128];
    snprintf(clips, sizeof clips, "%s 0 1000\n", film.text);
    struct stream s = {.id = id_new("s"),
                       .created_us = 1,
                       .duration_us = 1,
                       .clip_count = 1,
                       .clips = mem_text(clips)};
    assert_int_equal(catalog_put_stream(c, &s), OK);
    stream_done(&s);
}

// ---- tests -----------------------------------------------------------------

static void what_is_kept_goes_for_no_room(void **state)
{
    (void)state;
    int64_t bytes, before = made_bytes();
    struct job job = begin();
    assert_int_equal(made_bytes(), piece[2].size_bytes); // the TS alone
    assert_int_equal(catalog_evict_piece(c, &piece[0].key, &bytes),
                     ERR_NOT_FOUND);
    scoped(mem) struct digest *cold = NULL;
    size_t count;
    assert_int_equal(catalog_coldest_pieces(c, before, &cold, &count), OK);
    assert_int_equal(count, 1);
    assert_true(digest_eq(&cold[0], &piece[2].key));
    // One that comes meanwhile is kept, too.
    scoped(asset) const struct asset *a = get(&film);
    struct piece_fact late = sample_piece(a, 0, 2);
    assert_int_equal(catalog_add_pieces(c, &late, 1), OK);
    assert_int_equal(made_bytes(), piece[2].size_bytes);
    // Until it is dropped a damaged one may be made again.
    assert_int_equal(catalog_forget_piece(c, &late.key), OK);
    assert_int_equal(finish(&job), OK);
    assert_int_equal(catalog_forget_piece(c, &piece[0].key), ERR_NOT_FOUND);
    assert_int_equal(catalog_evict_piece(c, &piece[2].key, &bytes), OK);
    assert_int_equal(bytes, piece[2].size_bytes);
    assert_int_equal(made_bytes(), 0);
    assert_int_equal(catalog_examine(c, complain, NULL), OK);
}

static void a_dropped_source_is_not_named_and_not_quite_gone(void **state)
{
    (void)state;
    scoped(asset) const struct asset *before = get(&film);
    assert_int_equal(before->source_dropped_us, 0);
    assert_true(is_named(&before->source));
    drop();
    scoped(asset) const struct asset *after = get(&film);
    assert_true(after->source_dropped_us > 0);
    assert_false(is_named(&after->source));
    assert_true(is_named(&piece[0].key));
    struct id job;
    assert_int_equal(catalog_begin_drop(c, &film, &job), ERR_GONE);
    // What is made of it too late is no fact.
    struct piece_fact late = sample_piece(after, 0, 2), found;
    assert_int_equal(catalog_add_pieces(c, &late, 1), OK);
    assert_int_equal(catalog_piece(c, &late.key, &found), ERR_NOT_FOUND);
    // Another build of the workers makes nothing of it anew.
    uint32_t touched;
    assert_int_equal(catalog_renew_recipes(c, "libx264 2", &touched), OK);
    assert_int_equal(touched, 0);
    assert_true(is_named(&piece[0].key));
}

static void quotas_count_what_is_held(void **state)
{
    (void)state;
    int64_t upload = used_bytes();
    drop();
    int64_t kept = piece[0].size_bytes + piece[1].size_bytes;
    assert_int_equal(used_bytes(), kept);
    assert_int_not_equal(kept, upload);
    assert_int_equal(catalog_examine(c, complain, NULL), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &film, &orphans, &count), OK);
    assert_int_equal(used_bytes(), 0);
}

static void more_than_the_quota_is_not_kept(void **state)
{
    (void)state;
    assert_int_equal(catalog_set_quota(c, used_bytes(), 0), OK);
    scoped(asset) const struct asset *a = get(&film);
    struct piece_fact large = sample_piece(a, 1, 0);
    large.size_bytes = used_bytes() + 1;
    assert_int_equal(catalog_add_pieces(c, &large, 1), OK);
    struct job job = begin();
    assert_int_equal(finish(&job), ERR_QUOTA);
    assert_true(is_named(&a->source));
    struct job_fact now;
    assert_int_equal(catalog_job(c, &job.id, &now), OK);
    assert_int_equal(now.state, JOB_RUNNING);
}

static void a_job_that_is_given_up_changes_nothing(void **state)
{
    (void)state;
    int64_t before = made_bytes();
    const enum job_state ends[] = {JOB_FAILED, JOB_CANCELLED};
    for (int i = 0; i < 2; i++) {
        struct job job = begin();
        assert_int_not_equal(made_bytes(), before);
        assert_int_equal(
            catalog_move_job(c, &job.id, JOB_RUNNING, ends[i], "why", 0, true),
            OK);
        assert_int_equal(made_bytes(), before);
        assert_int_equal(finish(&job), ERR_CONFLICT);
    }
    // One that is put back goes on keeping.
    struct job job = begin();
    assert_int_equal(
        catalog_move_job(c, &job.id, JOB_RUNNING, JOB_QUEUED, NULL, 0, false),
        OK);
    assert_int_not_equal(made_bytes(), before);
    struct id again;
    assert_int_equal(catalog_begin_drop(c, &film, &again), OK);
    assert_true(id_eq(&again, &job.id));
}

static void the_same_bytes_bring_it_back(void **state)
{
    (void)state;
    int64_t before = made_bytes(), used = used_bytes();
    drop();
    struct id second;
    sample_add_ready(c, 1, &second);
    scoped(asset) const struct asset *a = get(&film), *b = get(&second);
    assert_true(digest_eq(&a->source, &b->source));
    assert_int_equal(a->source_dropped_us, 0);
    assert_true(is_named(&a->source));
    assert_int_equal(made_bytes(), before);
    assert_int_equal(used_bytes(), 2 * used);
    // Neither of the two can drop it now.
    struct id job;
    assert_int_equal(catalog_begin_drop(c, &film, &job), ERR_CONFLICT);
    assert_non_null(strstr(fail_text(), second.text));
}

static void a_second_asset_ends_a_job_that_runs(void **state)
{
    (void)state;
    struct job job = begin();
    struct id second;
    sample_add_ready(c, 1, &second);
    assert_int_equal(finish(&job), ERR_CONFLICT);
    // The other one goes: the job of the first is not touched by that.
    int64_t kept = made_bytes();
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(c, &second, &orphans, &count), OK);
    assert_int_equal(made_bytes(), kept);
    assert_int_equal(finish(&job), OK);
}

static void a_stream_that_came_meanwhile_is_looked_at(void **state)
{
    (void)state;
    struct stream s;
    struct id none = {""};
    assert_int_equal(catalog_stream_with(c, &film, &none, &s), ERR_NOT_FOUND);
    struct job job = begin();
    int64_t seen;
    assert_int_equal(catalog_last_stream(c, &seen), OK);
    put_stream();
    scoped(asset) const struct asset *a = get(&film);
    assert_int_equal(catalog_finish_drop(c, &job, a->source_row, seen),
                     ERR_BUSY);
    assert_int_equal(catalog_stream_with(c, &film, &none, &s), OK);
    struct id found = s.id;
    stream_done(&s);
    assert_int_equal(catalog_stream_with(c, &film, &found, &s), ERR_NOT_FOUND);
    assert_int_equal(finish(&job), OK);
}

static void fsck_tells_kept_pieces_from_others(void **state)
{
    (void)state;
    struct blob_fact fact[4];
    uint32_t count;
    assert_int_equal(catalog_blob_facts(c, BLOB_KEPT, 0, 4, fact, &count), OK);
    assert_int_equal(count, 0);
    drop();
    assert_int_equal(catalog_blob_facts(c, BLOB_SOURCE, 0, 4, fact, &count),
                     OK);
    assert_int_equal(count, 0);
    assert_int_equal(catalog_blob_facts(c, BLOB_PIECE, 0, 4, fact, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(catalog_blob_facts(c, BLOB_KEPT, 0, 4, fact, &count), OK);
    assert_int_equal(count, 2);
    struct id of;
    assert_int_equal(catalog_asset_of_blob(c, &fact[0].key, &of), OK);
    assert_true(id_eq(&of, &film));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_goes_for_no_room, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_dropped_source_is_not_named_and_not_quite_gone, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(quotas_count_what_is_held, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_than_the_quota_is_not_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_job_that_is_given_up_changes_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_bytes_bring_it_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_second_asset_ends_a_job_that_runs,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_stream_that_came_meanwhile_is_looked_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fsck_tells_kept_pieces_from_others,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
