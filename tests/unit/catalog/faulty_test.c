// SPDX-License-Identifier: MIT
// faulty_test.c - whichever call to the database fails, nothing is left half
// done, and what was said to be done is there.
#include <stdio.h>
#include <string.h>

#include "catalog_faulty.h"
#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/kept.h"
#include "reeld/catalog/parcels.h"
#include "reeld/catalog/streams.h"
#include "unit.h"

// What the actions below work on.
struct world {
    struct sample sample;
    struct db_faults faults;
    struct catalog *catalog; // behind the faults
    struct id ready, uploaded;
    struct asset *fresh, *probed; // not added yet; of `uploaded`
    struct piece_fact made, next;
    struct job running;
    struct id going; // its source is being dropped
    struct job drop;
    struct digest source; // of the ready one
    int64_t going_row;
    struct api_key key;
    struct digest claimed;
    struct digest held; // upload address to which bytes came
};

static const struct parcel_fact film = {.key = {"k-01jd8zk3v5x2n9q4t7w0y1b6ce"},
                                        .expires_us = INT64_MAX,
                                        .size_bytes = 4,
                                        .filename = "film"};

static void close_world(struct world *w)
{
    w->faults = (struct db_faults){0};
    catalog_close(w->catalog);
    w->catalog = NULL;
    asset_unref(w->fresh);
    asset_unref(w->probed);
    sample_close(&w->sample);
}

static void end_probe(struct catalog *c)
{
    struct job probe;
    assert_int_equal(catalog_claim_job(c, JOB_PROBE, &probe), OK);
    assert_int_equal(
        catalog_move_job(c, &probe.id, JOB_RUNNING, JOB_DONE, NULL, 0, true),
        OK);
}

static void begin_drop(struct world *w)
{
    struct catalog *c = w->sample.catalog;
    struct id job;
    sample_add_ready(c, 4, &w->going);
    end_probe(c);
    scoped(asset) const struct asset *a = NULL;
    assert_int_equal(catalog_asset(c, &w->going, &a), OK);
    w->going_row = a->source_row;
    assert_int_equal(catalog_begin_drop(c, &w->going, &job), OK);
    assert_int_equal(catalog_claim_job(c, JOB_DROP, &w->drop), OK);
}

// A catalog with something in every table.
static void open_world(struct world *w)
{
    memset(w, 0, sizeof(*w));
    sample_open(&w->sample);
    struct catalog *c = w->sample.catalog;
    sample_add_ready(c, 1, &w->ready);
    end_probe(c);
    assert_int_equal(catalog_claim_job(c, JOB_LADDER, &w->running), OK);
    begin_drop(w);
    scoped(asset) const struct asset *up = sample_upload(2);
    assert_int_equal(catalog_add_asset(c, up), OK);
    w->uploaded = up->id;
    w->probed = sample_probed(up);
    w->fresh = sample_upload(3);
    scoped(asset) const struct asset *a = NULL;
    assert_int_equal(catalog_asset(c, &w->ready, &a), OK);
    w->source = a->source;
    w->made = sample_piece(a, 1, 0);
    w->next = sample_piece(a, 1, 1);
    assert_int_equal(catalog_add_pieces(c, &w->made, 1), OK);
    w->key = (struct api_key){.id = id_new("k"), .scopes = SCOPE_READ};
    assert_int_equal(catalog_add_key(c, &w->key), OK);
    struct collection folder = {.id = "c-empty", .name = "Empty"};
    assert_int_equal(catalog_put_collection(c, &folder), OK);
    w->held = hash_of("held", 4);
    assert_int_equal(catalog_hold_parcel(c, &w->held, &film), OK);
    catalog_close(w->sample.catalog);
    w->sample.catalog = NULL;
    struct catalog_options o = sample_options(&w->sample);
    assert_int_equal(
        catalog_open_on(&o, db_faulty_open, &w->faults, &w->catalog), OK);
    w->claimed = hash_of("claimed", 7);
    struct kept_answer kept;
    assert_int_equal(
        catalog_idempotency_begin(w->catalog, &w->claimed, &w->claimed, &kept),
        OK);
}

// ---- the changes there are -------------------------------------------------

static enum err add_asset(struct world *w)
{
    return catalog_add_asset(w->catalog, w->fresh);
}

static enum err asset_ready(struct world *w)
{
    return catalog_asset_ready(w->catalog, w->probed, "x264 1", true);
}

static enum err asset_rejected(struct world *w)
{
    return catalog_asset_rejected(w->catalog, &w->uploaded, "code", "detail");
}

static enum err change_asset(struct world *w)
{
    struct catalog_asset_change ch = {.name = "new", .collection = "c-empty"};
    return catalog_change_asset(w->catalog, &w->ready, &ch);
}

static enum err remove_asset(struct world *w)
{
    scoped(mem) struct digest *orphans = NULL;
    size_t count;
    return catalog_remove_asset(w->catalog, &w->ready, &orphans, &count);
}

static enum err add_pieces(struct world *w)
{
    struct piece_fact both[2] = {w->next, w->next};
    both[1].key = hash_of("other", 5);
    return catalog_add_pieces(w->catalog, both, 2);
}

static enum err forget_piece(struct world *w)
{
    return catalog_forget_piece(w->catalog, &w->made.key);
}

static enum err evict_piece(struct world *w)
{
    int64_t bytes;
    return catalog_evict_piece(w->catalog, &w->made.key, &bytes);
}

static enum err own_drop(struct world *w)
{
    struct id job;
    return catalog_begin_drop(w->catalog, &w->ready, &job);
}

static enum err finish_drop(struct world *w)
{
    return catalog_finish_drop(w->catalog, &w->drop, w->going_row, 0);
}

static enum err touch_pieces(struct world *w)
{
    return catalog_touch_pieces(w->catalog, &w->made.key, 1, 12345);
}

static enum err requeue_jobs(struct world *w)
{
    return catalog_requeue_jobs(w->catalog);
}

static enum err claim_job(struct world *w)
{
    struct job job;
    return catalog_claim_job(w->catalog, JOB_PROBE, &job);
}

static enum err claim_probe_of(struct world *w)
{
    struct job job;
    return catalog_claim_probe_of(w->catalog, &w->uploaded, &job);
}

static enum err move_job(struct world *w)
{
    return catalog_move_job(w->catalog, &w->running.id, JOB_RUNNING, JOB_FAILED,
                            "why", 0, true);
}

static enum err add_key(struct world *w)
{
    struct api_key key = {.id = id_new("k"), .scopes = SCOPE_ADMIN};
    return catalog_add_key(w->catalog, &key);
}

static enum err revoke_key(struct world *w)
{
    return catalog_revoke_key(w->catalog, &w->key.id);
}

static enum err set_meta(struct world *w)
{
    return catalog_set_meta(w->catalog, "name", "value", 5);
}

static enum err put_collection(struct world *w)
{
    struct collection folder = {.id = "c-two", .name = "Two"};
    return catalog_put_collection(w->catalog, &folder);
}

static enum err remove_collection(struct world *w)
{
    return catalog_remove_collection(w->catalog, "c-empty");
}

static enum err idempotency_begin(struct world *w)
{
    struct digest key = hash_of("new", 3);
    struct kept_answer kept;
    return catalog_idempotency_begin(w->catalog, &key, &key, &kept);
}

static enum err idempotency_end(struct world *w)
{
    return catalog_idempotency_end(w->catalog, &w->claimed, 201, "{}");
}

static enum err add_reframed(struct world *w)
{
    scoped(asset) const struct asset *part = sample_probed(w->fresh);
    struct asset *own = (struct asset *)(uintptr_t)part;
    own->source = w->source;
    own->reframe = (struct asset_reframe){
        .asset = w->ready, .end_us = 1000000, .width = 1, .height = 1};
    return catalog_add_reframed(w->catalog, part, "x264 1", true);
}

static enum err put_stream(struct world *w)
{
    char clips[] = "gap 0 48000\n";
    struct stream s = {.id = id_new("s"),
                       .created_us = 1,
                       .duration_us = 1000000,
                       .clip_count = 1,
                       .clips = clips};
    return catalog_put_stream(w->catalog, &s);
}

static enum err open_parcel(struct world *w)
{
    struct digest token = hash_of("new", 3);
    return catalog_open_parcel(w->catalog, &token, &film.key, INT64_MAX, 9);
}

static enum err hold_parcel(struct world *w)
{
    struct digest token = hash_of("new", 3);
    return catalog_hold_parcel(w->catalog, &token, &film);
}

static enum err claim_parcel(struct world *w)
{
    return catalog_claim_parcel(w->catalog, &w->held, w->fresh);
}

static const struct {
    const char *name;
    enum err (*change)(struct world *w);
} changes[] = {
    {"add_reframed",      add_reframed     },
    {"put_stream",        put_stream       },
    {"add_asset",         add_asset        },
    {"open_parcel",       open_parcel      },
    {"hold_parcel",       hold_parcel      },
    {"claim_parcel",      claim_parcel     },
    {"asset_ready",       asset_ready      },
    {"asset_rejected",    asset_rejected   },
    {"change_asset",      change_asset     },
    {"remove_asset",      remove_asset     },
    {"add_pieces",        add_pieces       },
    {"forget_piece",      forget_piece     },
    {"evict_piece",       evict_piece      },
    {"begin_drop",        own_drop         },
    {"finish_drop",       finish_drop      },
    {"touch_pieces",      touch_pieces     },
    {"requeue_jobs",      requeue_jobs     },
    {"claim_job",         claim_job        },
    {"claim_probe_of",    claim_probe_of   },
    {"move_job",          move_job         },
    {"add_key",           add_key          },
    {"revoke_key",        revoke_key       },
    {"set_meta",          set_meta         },
    {"put_collection",    put_collection   },
    {"remove_collection", remove_collection},
    {"idempotency_begin", idempotency_begin},
    {"idempotency_end",   idempotency_end  },
};
enum { CHANGES = sizeof(changes) / sizeof(*changes) };

// ---- every one of their calls fails once -----------------------------------

// Fails call after call until the change gets through without meeting the
// fault. Returns how many there are to fail.
static int fail_each_call(int which, enum err code, bool keeps_commits)
{
    struct world w;
    open_world(&w);
    scoped(mem) char *before = db_dump(w.sample.path);
    int n = 1 + which % EACH;
    for (;; n += EACH) {
        w.faults = (struct db_faults){
            .fail_at = n, .code = code, .keeps_commits = keeps_commits};
        enum err e = changes[which].change(&w);
        scoped(mem) char *after = db_dump(w.sample.path);
        if (e == OK) {
            assert_string_not_equal(before, after);
            break;
        }
        assert_int_equal(e, code);
        if (strcmp(before, after) != 0)
            print_error("%s, call %d: half done\n", changes[which].name, n);
        assert_string_equal(before, after);
        assert_true(n < 1000);
    }
    int calls = w.faults.calls;
    close_world(&w);
    return calls;
}

static void a_failing_disk_leaves_nothing_half(void **state)
{
    (void)state;
    for (int i = 0; i < CHANGES; i++)
        assert_true(fail_each_call(i, ERR_IO, false) > 3);
}

static void a_full_disk_leaves_nothing_half(void **state)
{
    (void)state;
    for (int i = 0; i < CHANGES; i++)
        assert_true(fail_each_call(i, ERR_NO_SPACE, false) > 3);
}

// F23: the error is in the last sync, and the change is there.
static void a_commit_in_doubt_that_is_there_is_success(void **state)
{
    (void)state;
    for (int i = 0; i < CHANGES; i++) {
        struct world w;
        open_world(&w);
        w.faults = (struct db_faults){0};
        int calls = 0; // of this change without a fault, up to its commit
        {
            struct world probe;
            open_world(&probe);
            probe.faults = (struct db_faults){0};
            assert_int_equal(changes[i].change(&probe), OK);
            calls = probe.faults.calls;
            close_world(&probe);
        }
        scoped(mem) char *before = db_dump(w.sample.path);
        w.faults = (struct db_faults){
            .fail_at = calls, .code = ERR_IO, .keeps_commits = true};
        assert_int_equal(changes[i].change(&w), OK);
        assert_true(w.faults.calls > calls); // it had to look again
        scoped(mem) char *after = db_dump(w.sample.path);
        assert_string_not_equal(before, after);
        close_world(&w);
    }
}

// ---- reading and opening ---------------------------------------------------

static enum err read_all(struct world *w)
{
    struct catalog *c = w->catalog;
    scoped(asset) const struct asset *a = NULL;
    TRY(catalog_asset(c, &w->ready, &a));
    struct id page[4];
    uint32_t count;
    bool more;
    struct catalog_asset_filter f = {.limit = 4};
    TRY(catalog_list_assets(c, &f, page, &count, &more));
    struct piece_fact fact;
    TRY(catalog_piece(c, &w->made.key, &fact));
    uint8_t made[8];
    TRY(catalog_made_segments(c, a->source_row, a->recipe_row[1], made, 6,
                              &count));
    scoped(source_rates) struct source_rates rates = {0};
    TRY(catalog_rates(c, a->source_row, 4000000, &rates));
    int64_t bytes, jobs[JOB_KINDS][JOB_STATES];
    TRY(catalog_piece_bytes(c, &bytes));
    TRY(catalog_job_counts(c, jobs));
    scoped(mem) struct digest *coldest = NULL;
    size_t n;
    TRY(catalog_coldest_pieces(c, 1, &coldest, &n));
    scoped(mem) struct api_key *keys = NULL;
    TRY(catalog_list_keys(c, &keys, &n));
    scoped(mem) struct collection *folders = NULL;
    return catalog_list_collections(c, &folders, &n);
}

static void readers_are_kept_for_the_next_one(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    assert_int_equal(read_all(&w), OK);
    w.faults = (struct db_faults){0};
    assert_int_equal(catalog_key(w.catalog, &w.key.id, &w.key), OK);
    int first = w.faults.calls; // prepares the statement
    assert_int_equal(catalog_key(w.catalog, &w.key.id, &w.key), OK);
    assert_int_equal(first, 3);
    assert_int_equal(w.faults.calls, 5); // binds and steps: nothing is opened
    close_world(&w);
}

static void a_read_that_fails_is_told_and_the_next_one_works(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    for (int n = 1;; n++) {
        w.faults = (struct db_faults){.fail_at = n, .code = ERR_IO};
        enum err e = read_all(&w);
        if (e == OK && w.faults.calls < n)
            break;
        assert_true(e == ERR_IO || e == OK);
        assert_true(n < 1000);
    }
    w.faults = (struct db_faults){0};
    assert_int_equal(read_all(&w), OK);
    close_world(&w);
}

static void an_open_that_fails_leaves_a_database_that_opens(void **state)
{
    (void)state;
    const int step = EACH * EACH; // it makes a thousand calls
    struct db_faults faults = {.code = ERR_IO, .fail_at = 1 - step};
    do {
        struct sample s;
        sample_make(&s);
        faults.fail_at += step;
        faults.calls = 0;
        struct catalog_options o = sample_options(&s);
        struct catalog *c = NULL;
        enum err e = catalog_open_on(&o, db_faulty_open, &faults, &c);
        assert_true((e == OK) == (faults.calls < faults.fail_at));
        catalog_close(c);
        sample_reopen(&s);
        sample_close(&s);
    } while (faults.calls >= faults.fail_at);
    assert_true(faults.fail_at > 60); // each statement is prepared, to begin
}

// What looks damaged once it was fine is no client's fault: ERR_BAD_INPUT would
// be told to one.
static void damage_met_later_is_the_machines(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct api_key key;
    // The reader that is there breaks; for the second look one is opened.
    const enum err codes[] = {ERR_IO, ERR_BAD_INPUT};
    for (int i = 0; i < 2; i++) {
        w.faults = (struct db_faults){.fail_at = 1, .code = codes[i]};
        assert_int_equal(catalog_key(w.catalog, &w.key.id, &key), ERR_IO);
    }
    w.faults = (struct db_faults){0};
    assert_int_equal(catalog_key(w.catalog, &w.key.id, &key), OK);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_disk_leaves_nothing_half),
        cmocka_unit_test(a_full_disk_leaves_nothing_half),
        cmocka_unit_test(a_commit_in_doubt_that_is_there_is_success),
        cmocka_unit_test(readers_are_kept_for_the_next_one),
        cmocka_unit_test(a_read_that_fails_is_told_and_the_next_one_works),
        cmocka_unit_test(damage_met_later_is_the_machines),
        cmocka_unit_test(an_open_that_fails_leaves_a_database_that_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
