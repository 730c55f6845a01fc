// SPDX-License-Identifier: MIT
// flight_test.c - pieces are made once, whoever asks and whatever dies.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs_bench.h"
#include "reeld/base/log.h"
#include "unit.h"

static bool is_in_catalog(struct bench *b, const struct asset *a,
                          const char *rendition, enum piece_kind kind,
                          uint32_t number)
{
    struct digest key;
    struct piece_fact fact;
    return asset_piece_key(a, bench_rendition(a, rendition), kind, number,
                           &key) == OK &&
           catalog_piece(b->catalog, &key, &fact) == OK;
}

struct place_of_piece {
    const struct asset *asset;
    const char *rendition;
    enum piece_kind kind;
    uint32_t number;
};

static bool is_published(struct bench *b, void *what)
{
    const struct place_of_piece *p = what;
    return is_in_catalog(b, p->asset, p->rendition, p->kind, p->number);
}

static void until_published(struct bench *b, const struct asset *a,
                            const char *rendition, enum piece_kind kind,
                            uint32_t number)
{
    struct place_of_piece p = {a, rendition, kind, number};
    bench_until(b, is_published, &p);
}

static void each_kind_of_piece_is_made_and_kept(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "copy=1");
    bench_expect(b, a, "720p", PIECE_SEGMENT, 1,
                 "segment video encode 1280x720 4000 8000");
    bench_expect(b, a, "360p", PIECE_SEGMENT, 2,
                 "segment video encode 640x360 8000 12000");
    bench_expect(b, a, "source", PIECE_SEGMENT, 1,
                 "segment video copy 0x0 4000 8000");
    bench_expect(b, a, "360p", PIECE_INIT, 0, "init video encode 640x360");
    bench_expect(b, a, "720p", PIECE_IFRAME, 3,
                 "iframe video encode 1280x720 6000 8000");
    bench_expect(b, a, "audio-128k", PIECE_SEGMENT, 1,
                 "segment audio encode 0x0 187 375");
    until_published(b, a, "720p", PIECE_SEGMENT, 1);
    until_published(b, a, "720p", PIECE_IFRAME, 3);
    until_published(b, a, "audio-128k", PIECE_SEGMENT, 1);
    assert_int_equal(jobs_counts(b->jobs).failed, 0);
}

static void a_piece_that_is_made_is_not_made_again(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    for (int i = 0; i < 3; i++)
        bench_expect(b, a, "360p", PIECE_SEGMENT, 3, "encode 640x360 12000");
    until_published(b, a, "360p", PIECE_SEGMENT, 3);
    bench_expect(b, a, "360p", PIECE_SEGMENT, 3, "encode 640x360 12000");
    assert_int_equal(bench_log_count(b, "640x360 12000"), 1);
}

static void many_waiters_share_one_making(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=50");
    enum { WAITERS = 50 };
    static struct answer answers[WAITERS];
    for (int i = 0; i < WAITERS; i++)
        answer_want(b, &answers[i], a, "720p", PIECE_SEGMENT, 2);
    struct blob *first = NULL;
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(answer_wait(&answers[i]), OK);
        first = first ? first : answers[i].piece;
        assert_ptr_equal(answers[i].piece->bytes, first->bytes);
    }
    for (int i = 0; i < WAITERS; i++)
        answer_done(b, &answers[i]);
    assert_int_equal(bench_log_count(b, "1280x720 8000 12000"), 1);
}

static void who_hangs_up_is_not_told(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=100");
    struct answer gone, stays;
    answer_want(b, &gone, a, "720p", PIECE_SEGMENT, 0);
    answer_want(b, &stays, a, "720p", PIECE_SEGMENT, 0);
    jobs_hang_up(b->jobs, gone.waiter);
    gone.waiter = NULL;
    assert_int_equal(answer_wait(&stays), OK);
    assert_int_equal(gone.times, 0);
    answer_done(b, &gone);
    answer_done(b, &stays);
}

static void what_nobody_wants_any_more_is_not_made(void **state)
{
    struct bench *b = *state;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=200");
    struct answer first, second, last;
    answer_want(b, &first, a, "720p", PIECE_SEGMENT, 1);
    answer_want(b, &second, a, "720p", PIECE_SEGMENT, 2);
    answer_want(b, &last, a, "720p", PIECE_SEGMENT, 3);
    jobs_hang_up(b->jobs, second.waiter);
    second.waiter = NULL;
    assert_int_equal(answer_wait(&first), OK);
    assert_int_equal(answer_wait(&last), OK);
    assert_int_equal(bench_log_count(b, "1280x720 8000 12000"), 0);
    answer_done(b, &first);
    answer_done(b, &second);
    answer_done(b, &last);
}

static void a_lost_worker_costs_an_attempt_not_the_answer(void **state)
{
    struct bench *b = *state;
    b->options.make_timeout_us = 400000;
    bench_start(b);
    static const char *const ways[] = {"crash", "quit",  "hang",
                                       "stop",  "lie",   "lie_request",
                                       "error", "flood", "garbage"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char script[256];
        snprintf(script, sizeof script, "make=%s\ntimes=2\ncounter=%s-%s",
                 ways[i], b->counter, ways[i]);
        scoped(asset) const struct asset *a = bench_ready(b, script);
        bench_expect(b, a, "720p", PIECE_SEGMENT, 1, "encode 1280x720 4000");
    }
    assert_int_equal(jobs_counts(b->jobs).failed, 0);
    assert_true(jobs_counts(b->jobs).worker_deaths > 8);
}

static bool have_died(struct bench *b, void *how_many)
{
    const int *count = how_many;
    return jobs_counts(b->jobs).worker_deaths == *count;
}

// Nothing else ends them: making may take much longer.
static void a_worker_that_burns_processor_time_is_ended(void **state)
{
    struct bench *b = *state;
    b->options.worker_cpu_us = 500000;
    bench_start(b);
    char script[256];
    snprintf(script, sizeof script, "make=burn\ntimes=2\ncounter=%s",
             b->counter);
    scoped(asset) const struct asset *a = bench_ready(b, script);
    bench_expect(b, a, "720p", PIECE_SEGMENT, 1, "encode 1280x720 4000");
    int both = 2; // it may have met pieces that are made ahead
    bench_until(b, have_died, &both);
    assert_int_equal(jobs_counts(b->jobs).failed, 0);
}

static bool has_failed(struct bench *b, void *what)
{
    (void)what;
    return jobs_counts(b->jobs).failed > 0;
}

static void a_piece_that_cannot_be_made_is_given_up_and_remembered(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "make=error");
    struct answer answer;
    answer_want(b, &answer, a, "720p", PIECE_SEGMENT, 3);
    assert_int_equal(answer_wait(&answer), ERR_IO);
    assert_string_equal(answer.detail, "io: the picture is torn");
    answer_done(b, &answer);
    bench_until(b, has_failed, NULL);
    int made = bench_log_count(b, "");
    answer_want(b, &answer, a, "720p", PIECE_SEGMENT, 3);
    assert_int_equal(answer_wait(&answer), ERR_IO); // at once
    answer_done(b, &answer);
    assert_int_equal(bench_log_count(b, ""), made);
}

static void garbage_harms_nobody_else(void **state)
{
    struct bench *b = *state;
    b->options.make_timeout_us = 2000000;
    bench_start(b);
    scoped(asset) const struct asset *good = bench_ready(b, "segments=6");
    scoped(asset) const struct asset *bad =
        bench_ready(b, "segments=6\nmake=flood");
    enum { PIECES = 6 };
    static struct answer from_good[PIECES], from_bad[PIECES];
    for (uint32_t i = 0; i < PIECES; i++) {
        answer_want(b, &from_bad[i], bad, "720p", PIECE_SEGMENT, i);
        answer_want(b, &from_good[i], good, "720p", PIECE_SEGMENT, i);
    }
    for (uint32_t i = 0; i < PIECES; i++) {
        assert_int_equal(answer_wait(&from_good[i]), OK);
        assert_int_equal(answer_wait(&from_bad[i]), ERR_IO);
        answer_done(b, &from_good[i]);
        answer_done(b, &from_bad[i]);
    }
}

static void a_ts_piece_is_muxed_from_its_parts(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    struct answer answer;
    answer_want(b, &answer, a, "720p", PIECE_TS, 1);
    assert_int_equal(answer_wait(&answer), OK);
    const char *expected = "init video encode 1280x720 -1 -1\n"
                           "segment video encode 1280x720 4000 8000\n"
                           "init audio encode 0x0 -1 -1\n"
                           "segment audio encode 0x0 187 375\n";
    if (answer.piece->len != strlen(expected))
        print_error("%s", (const char *)answer.piece->bytes);
    assert_int_equal(answer.piece->len, strlen(expected));
    assert_memory_equal(answer.piece->bytes, expected, strlen(expected));
    answer_done(b, &answer);
    until_published(b, a, "720p", PIECE_TS, 1);
    assert_true(is_in_catalog(b, a, "720p", PIECE_SEGMENT, 1));
    bench_expect(b, a, "audio-64k", PIECE_TS, 1, "segment audio");
}

static void a_ts_piece_fails_with_its_parts(void **state)
{
    struct bench *b = *state;
    b->options.attempts = 2;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "make=error");
    struct answer one, other, gone;
    answer_want(b, &one, a, "720p", PIECE_TS, 1);
    answer_want(b, &other, a, "360p", PIECE_TS, 1);
    answer_want(b, &gone, a, "360p", PIECE_TS, 2);
    jobs_hang_up(b->jobs, gone.waiter);
    gone.waiter = NULL;
    assert_int_equal(answer_wait(&one), ERR_IO);
    assert_int_equal(answer_wait(&other), ERR_IO);
    answer_done(b, &one);
    answer_done(b, &other);
    answer_done(b, &gone);
}

static void saw(struct bench *b, const struct asset *a, const char *rendition,
                uint32_t number)
{
    scoped(piece) struct piece p = {0};
    assert_int_equal(piece_of_asset(a, bench_rendition(a, rendition),
                                    PIECE_SEGMENT, number, &p),
                     OK);
    jobs_saw(b->jobs, &p);
}

static void what_follows_is_made_ahead(void **state)
{
    struct bench *b = *state;
    b->options.read_ahead = 2;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=8");
    bench_expect(b, a, "720p", PIECE_SEGMENT, 2, "encode 1280x720 8000");
    until_published(b, a, "720p", PIECE_SEGMENT, 3);
    until_published(b, a, "720p", PIECE_SEGMENT, 4);
    assert_false(is_in_catalog(b, a, "720p", PIECE_SEGMENT, 5));
    saw(b, a, "720p", 4);
    until_published(b, a, "720p", PIECE_SEGMENT, 6);
    // Behind the end there is nothing to be made.
    saw(b, a, "720p", 7);
    assert_int_equal(jobs_counts(b->jobs).failed, 0);
}

static void what_players_ask_for_first_is_there_after_the_probe(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    for (uint32_t r = 0; r < a->renditions; r++)
        until_published(b, a, a->rendition[r].name, PIECE_INIT, 0);
    // Of the rungs, the one that our playlists name first.
    until_published(b, a, "360p", PIECE_SEGMENT, 0);
    until_published(b, a, "audio-128k", PIECE_SEGMENT, 0);
    assert_false(is_in_catalog(b, a, "720p", PIECE_SEGMENT, 0));
}

static void a_full_disk_stops_no_player(void **state)
{
    struct bench *b = *state;
    b->keep_free_bytes = INT64_C(1) << 60;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    log_set_level((enum log_level) - 1); // it is said once, loudly
    for (uint32_t i = 0; i < 4; i++)
        bench_expect(b, a, "720p", PIECE_SEGMENT, i, "encode 1280x720");
    assert_int_equal(bench_made(b, a, "720p"), 0);
}

static void a_forgotten_asset_is_not_found(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=1000");
    struct answer running, muxed;
    answer_want(b, &running, a, "720p", PIECE_SEGMENT, 1);
    answer_want(b, &muxed, a, "360p", PIECE_TS, 2);
    struct digest *orphans = NULL;
    size_t count;
    assert_int_equal(catalog_remove_asset(b->catalog, &a->id, &orphans, &count),
                     OK);
    free(orphans);
    jobs_forget(b->jobs, &a->id);
    assert_int_equal(answer_wait(&running), ERR_NOT_FOUND);
    assert_int_equal(answer_wait(&muxed), ERR_NOT_FOUND);
    answer_done(b, &running);
    answer_done(b, &muxed);
    // Others go on.
    scoped(asset) const struct asset *other = bench_ready(b, "");
    bench_expect(b, other, "720p", PIECE_SEGMENT, 1, "encode");
}

static void stopping_tells_everybody(void **state)
{
    struct bench *b = *state;
    b->options.read_ahead = 2;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=3000");
    enum { WAITERS = 8 };
    struct answer answers[WAITERS];
    for (uint32_t i = 0; i < WAITERS; i++)
        answer_want(b, &answers[i], a, i < 4 ? "720p" : "360p",
                    i % 2 ? PIECE_TS : PIECE_SEGMENT, i % 4);
    bench_stop(b);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(answer_wait(&answers[i]), ERR_BUSY);
        answer_done(b, &answers[i]); // after the end of jobs
    }
    bench_start(b);
    bench_expect(b, a, "360p", PIECE_INIT, 0, "init video");
}

static void a_damaged_blob_is_made_anew(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    bench_expect(b, a, "720p", PIECE_SEGMENT, 3, "encode 1280x720 12000");
    until_published(b, a, "720p", PIECE_SEGMENT, 3);
    struct digest key;
    char hex[HASH_HEX_BYTES], path[512];
    assert_int_equal(
        asset_piece_key(a, bench_rendition(a, "720p"), PIECE_SEGMENT, 3, &key),
        OK);
    digest_hex(&key, hex);
    snprintf(path, sizeof path, "%s/store/blobs/%.2s/%s", b->directory, hex,
             hex + 2);
    assert_int_equal(truncate(path, 5), 0);
    bench_expect(b, a, "720p", PIECE_SEGMENT, 3, "encode 1280x720 12000");
    assert_int_equal(bench_log_count(b, "1280x720 12000"), 2);
}

int main(void)
{
#define ON_BENCH(test)                                                         \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(each_kind_of_piece_is_made_and_kept),
        ON_BENCH(a_piece_that_is_made_is_not_made_again),
        ON_BENCH(many_waiters_share_one_making),
        ON_BENCH(who_hangs_up_is_not_told),
        ON_BENCH(what_nobody_wants_any_more_is_not_made),
        ON_BENCH(a_lost_worker_costs_an_attempt_not_the_answer),
        ON_BENCH(a_worker_that_burns_processor_time_is_ended),
        ON_BENCH(a_piece_that_cannot_be_made_is_given_up_and_remembered),
        ON_BENCH(garbage_harms_nobody_else),
        ON_BENCH(a_ts_piece_is_muxed_from_its_parts),
        ON_BENCH(a_ts_piece_fails_with_its_parts),
        ON_BENCH(what_follows_is_made_ahead),
        ON_BENCH(what_players_ask_for_first_is_there_after_the_probe),
        ON_BENCH(a_full_disk_stops_no_player),
        ON_BENCH(a_forgotten_asset_is_not_found),
        ON_BENCH(stopping_tells_everybody),
        ON_BENCH(a_damaged_blob_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
