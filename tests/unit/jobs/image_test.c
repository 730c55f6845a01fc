// SPDX-License-Identifier: MIT
// image_test.c - images are made beside segments, and never before them.
#include <stdio.h>
#include <string.h>

#include "jobs_bench.h"
#include "reeld/model/image.h"
#include "unit.h"

static struct piece still_of(const struct asset *a, int64_t at)
{
    const struct image_wish wish = {IMAGE_JPEG, 320};
    struct piece p;
    image_still(a, NULL, &wish, at, &p);
    return p;
}

static void want_still(struct bench *b, struct answer *ret,
                       const struct asset *a, int64_t at)
{
    scoped(piece) struct piece p = still_of(a, at);
    answer_want_piece(b, ret, &p);
}

static bool is_kept(struct bench *b, void *what)
{
    struct piece_fact fact;
    return catalog_piece(b->catalog, what, &fact) == OK &&
           fact.kind == PIECE_IMAGE;
}

static void an_image_is_made_and_kept(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    struct answer first, again;
    want_still(b, &first, a, 4000);
    assert_int_equal(answer_wait(&first), OK);
    scoped(piece) struct piece p = still_of(a, 4000);
    bench_until(b, is_kept, &p.key);
    want_still(b, &again, a, 4000);
    assert_int_equal(answer_wait(&again), OK);
    assert_int_equal(bench_log_count(b, "image video"), 1);
    answer_done(b, &first);
    answer_done(b, &again);
}

// Line `text` in the log comes before the line `other`.
static bool comes_before(const struct bench *b, const char *text,
                         const char *other)
{
    char line[512];
    FILE *log = fopen(b->log, "r");
    assert_non_null(log);
    bool is_first = false, is_found = false;
    while (!is_found && fgets(line, sizeof line, log)) {
        is_first = strstr(line, text) != NULL;
        is_found = is_first || strstr(line, other) != NULL;
    }
    fclose(log);
    return is_first;
}

static void a_page_of_thumbnails_delays_no_segment(void **state)
{
    struct bench *b = *state;
    b->options.workers = 1;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=150");
    enum { IMAGES = 12 };
    static struct answer image[IMAGES];
    for (int i = 0; i < IMAGES; i++)
        want_still(b, &image[i], a, i * 1000);
    struct answer sound, picture;
    answer_want(b, &sound, a, "audio-128k", PIECE_SEGMENT, 2);
    answer_want(b, &picture, a, "360p", PIECE_SEGMENT, 2);
    assert_int_equal(answer_wait(&sound), OK);
    assert_int_equal(answer_wait(&picture), OK);
    for (int i = 0; i < IMAGES; i++)
        assert_int_equal(answer_wait(&image[i]), OK);
    // The last image was asked for before both.
    scoped(piece) struct piece last = still_of(a, (IMAGES - 1) * 1000);
    char text[64];
    snprintf(text, sizeof text, "320x180 %lld", (long long)last.border[0]);
    assert_true(comes_before(b, "segment audio", text));
    assert_true(comes_before(b, "640x360 8000", text));
    answer_done(b, &sound);
    answer_done(b, &picture);
    for (int i = 0; i < IMAGES; i++)
        answer_done(b, &image[i]);
}

static void an_image_that_nobody_waits_for_is_not_made(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=100");
    struct answer first, gone, last;
    want_still(b, &first, a, 0);
    want_still(b, &gone, a, 5000);
    want_still(b, &last, a, 9000);
    answer_done(b, &gone);
    assert_int_equal(answer_wait(&first), OK);
    assert_int_equal(answer_wait(&last), OK);
    assert_int_equal(bench_log_count(b, "image video"), 2);
    answer_done(b, &first);
    answer_done(b, &last);
}

int main(void)
{
#define ON_BENCH(test)                                                         \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(an_image_is_made_and_kept),
        ON_BENCH(a_page_of_thumbnails_delays_no_segment),
        ON_BENCH(an_image_that_nobody_waits_for_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
