// SPDX-License-Identifier: MIT
// edge_test.c - what clips cut goes the way of every other piece.
//
// A segment is 4 s of two GOPs, time is in milliseconds (see fake_worker.c).
#include <string.h>

#include "jobs_bench.h"
#include "reeld/base/str.h"
#include "reeld/model/stand_in.h"
#include "unit.h"

enum { FROM = 2480, TO = 10520 }; // of a clip: 2480 4000 8000 10520

static void succeed(enum err e)
{
    assert_int_equal(e, OK);
}

static struct timeline *clip_of(const struct asset *a)
{
    struct timeline *t = timeline_new();
    succeed(timeline_add_ticks(t, a, FROM, TO));
    return t;
}

static void get(const struct timeline *t, const char *rendition,
                enum piece_kind kind, uint32_t s, struct piece *ret)
{
    const struct asset *a = t->clip[0].asset;
    succeed(
        piece_of_clip(t->clip, bench_rendition(a, rendition), kind, s, ret));
}

static void expect_piece(struct bench *b, const struct piece *piece,
                         const char *text)
{
    struct answer answer;
    answer_want_piece(b, &answer, piece);
    assert_int_equal(answer_wait(&answer), OK);
    scoped(mem) char *got = str_dup(
        (struct str){(const char *)answer.piece->bytes, answer.piece->len});
    if (!strstr(got, text))
        print_error("%s\n", got);
    assert_non_null(strstr(got, text));
    answer_done(b, &answer);
}

static bool is_made(struct bench *b, void *what)
{
    const struct piece *piece = what;
    struct piece_fact fact;
    return catalog_piece(b->catalog, &piece->key, &fact) == OK;
}

static void an_edge_is_made_from_the_gop_that_it_begins_in(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece head = {0}, tail = {0}, sound = {0};
    get(t, "720p", PIECE_SEGMENT, 0, &head);
    expect_piece(b, &head, "segment video encode 1280x720 2480 4000");
    assert_int_equal(bench_log_count(b, "1280x720 2480 4000 entry 2000"), 1);
    get(t, "360p", PIECE_SEGMENT, 2, &tail);
    expect_piece(b, &tail, "segment video encode 640x360 8000 10520");
    get(t, "audio-128k", PIECE_SEGMENT, 0, &sound);
    expect_piece(b, &sound, "segment audio encode 0x0 116 187");
    bench_until(b, is_made, &head);
    bench_until(b, is_made, &tail);
    bench_until(b, is_made, &sound);
}

static void an_edge_never_counts_as_a_segment(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece head = {0};
    get(t, "720p", PIECE_SEGMENT, 0, &head);
    expect_piece(b, &head, "1280x720 2480 4000");
    bench_until(b, is_made, &head);
    struct piece_fact fact;
    succeed(catalog_piece(b->catalog, &head.key, &fact));
    assert_int_equal(fact.kind, PIECE_EDGE);
    assert_int_equal(fact.number, 0);
    assert_int_equal(fact.duration_us, 1520000);
    assert_int_equal(bench_made(b, a, "720p"), 0);
}

static void whole_segments_of_a_clip_are_the_assets_own(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "copy=1");
    scoped(timeline) struct timeline *t = clip_of(a);
    bench_expect(b, a, "720p", PIECE_SEGMENT, 1, "1280x720 4000 8000");
    scoped(piece) struct piece own = {0}, copied = {0};
    get(t, "720p", PIECE_SEGMENT, 1, &own);
    expect_piece(b, &own, "1280x720 4000 8000");
    assert_int_equal(bench_log_count(b, "1280x720 4000 8000"), 1);
    get(t, "source", PIECE_SEGMENT, 1, &copied);
    expect_piece(b, &copied, "segment video copy 0x0 4000 8000");
}

static void a_ts_of_a_cut_is_muxed_from_edges(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece ts = {0}, video = {0};
    get(t, "720p", PIECE_TS, 2, &ts);
    expect_piece(b, &ts,
                 "init video encode 1280x720 -1 -1\n"
                 "segment video encode 1280x720 8000 10520\n"
                 "init audio encode 0x0 -1 -1\n"
                 "segment audio encode 0x0 375 493\n");
    get(t, "720p", PIECE_SEGMENT, 2, &video);
    bench_until(b, is_made, &ts);
    bench_until(b, is_made, &video);
}

static void an_i_frame_of_a_cut_is_made(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece p = {0};
    get(t, "720p", PIECE_IFRAME, 0, &p);
    expect_piece(b, &p, "iframe video encode 1280x720 2480 4000");
}

static void read_ahead_follows_the_clip_to_its_end(void **state)
{
    struct bench *b = *state;
    b->options.read_ahead = 3;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "segments=8");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece head = {0}, whole = {0}, tail = {0};
    get(t, "720p", PIECE_SEGMENT, 0, &head);
    get(t, "720p", PIECE_SEGMENT, 1, &whole);
    get(t, "720p", PIECE_SEGMENT, 2, &tail);
    expect_piece(b, &head, "1280x720 2480 4000");
    bench_until(b, is_made, &whole);
    bench_until(b, is_made, &tail);
    // What lies behind the clip is nobody's wish.
    assert_int_equal(bench_log_count(b, "1280x720 8000 12000"), 0);
    assert_int_equal(bench_log_count(b, "1280x720 12000"), 0);
    assert_int_equal(jobs_counts(b->jobs).failed, 0);
}

static void what_a_manifest_names_first_is_made_before_it_is_wanted(
    void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece head = {0};
    get(t, "360p", PIECE_SEGMENT, 0, &head);
    jobs_prefetch(b->jobs, &head);
    bench_until(b, is_made, &head);
    jobs_prefetch(b->jobs, &head); // once is enough
    expect_piece(b, &head, "640x360 2480 4000");
    assert_int_equal(bench_log_count(b, "640x360 2480 4000"), 1);
}

static void many_manifests_queue_no_endless_work(void **state)
{
    struct bench *b = *state;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *a =
        bench_ready(b, "segments=300\ndelay_ms=200");
    uint32_t rung = bench_rendition(a, "720p");
    for (uint32_t i = 1; i < a->plan->segments; i++) {
        scoped(piece) struct piece p = {0};
        succeed(piece_of_asset(a, rung, PIECE_SEGMENT, i, &p));
        jobs_prefetch(b->jobs, &p);
    }
    // By the time that this is made the crew has read all notes before it.
    bench_expect(b, a, "720p", PIECE_SEGMENT, 299, "1280x720");
    assert_in_range(jobs_counts(b->jobs).waiting[4], 1, 64);
}

static void rungs_of_an_edge_come_from_one_decode(void **state)
{
    struct bench *b = *state;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=300");
    scoped(timeline) struct timeline *t = clip_of(a);
    scoped(piece) struct piece first = {0}, large = {0}, small = {0};
    get(t, "720p", PIECE_SEGMENT, 1, &first);
    get(t, "720p", PIECE_SEGMENT, 0, &large);
    get(t, "360p", PIECE_SEGMENT, 0, &small);
    struct answer answers[3];
    answer_want_piece(b, &answers[0], &first);
    answer_want_piece(b, &answers[1], &large);
    answer_want_piece(b, &answers[2], &small);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(answer_wait(&answers[i]), OK);
        answer_done(b, &answers[i]);
    }
    assert_int_equal(bench_log_count(b, "2480 4000 entry 2000 of 2"), 2);
}

static void what_stands_in_is_made_and_kept(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(timeline) struct timeline *t = clip_of(a);
    struct rendition silence = stand_in_sound(a, 64000);
    silence.recipe.stream = -1;
    uint32_t rung = bench_rendition(a, "360p");
    struct rendition black = stand_in_black(a, &a->rendition[rung]);
    scoped(piece) struct piece video = {0}, sound = {0}, ts = {0};
    succeed(piece_of_other(t->clip, &black, PIECE_SEGMENT, 0, &video));
    succeed(piece_of_other(t->clip, &silence, PIECE_SEGMENT, 0, &sound));
    succeed(piece_of_parts(&video, &sound, &ts));
    expect_piece(b, &ts,
                 "init video encode 640x360 -1 -1\n"
                 "segment video encode 640x360 2480 4000\n"
                 "init audio encode 0x0 -1 -1\n"
                 "segment audio encode 0x0 116 187\n");
    bench_until(b, is_made, &ts);
    bench_until(b, is_made, &video);
    bench_until(b, is_made, &sound);
    assert_int_equal(bench_made(b, a, "720p"), 0);
}

int main(void)
{
#define ON_BENCH(test)                                                         \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(an_edge_is_made_from_the_gop_that_it_begins_in),
        ON_BENCH(an_edge_never_counts_as_a_segment),
        ON_BENCH(whole_segments_of_a_clip_are_the_assets_own),
        ON_BENCH(a_ts_of_a_cut_is_muxed_from_edges),
        ON_BENCH(an_i_frame_of_a_cut_is_made),
        ON_BENCH(read_ahead_follows_the_clip_to_its_end),
        ON_BENCH(what_a_manifest_names_first_is_made_before_it_is_wanted),
        ON_BENCH(many_manifests_queue_no_endless_work),
        ON_BENCH(rungs_of_an_edge_come_from_one_decode),
        ON_BENCH(what_stands_in_is_made_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
