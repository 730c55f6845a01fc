// SPDX-License-Identifier: MIT
// gap_test.c - gaps: their length, what is made of them, what is none.
#include "reeld/model/gap.h"

#include "reeld/model/show.h"
#include "unit.h"

static struct timeline *with_gaps(const int64_t *us, size_t count)
{
    struct timeline *t = timeline_new();
    for (size_t i = 0; i < count; i++)
        assert_int_equal(timeline_add_gap(t, us[i], "libx"), OK);
    return t;
}

static void a_gap_lasts_as_long_as_is_said(void **state)
{
    (void)state;
    static const int64_t us[] = {GAP_US_LEAST, 40001,     999999,     1000000,
                                 5123457,      600000001, GAP_US_MOST};
    scoped(timeline) struct timeline *t = with_gaps(us, 7);
    for (uint32_t i = 0; i < t->clips; i++) {
        const struct clip *c = &t->clip[i];
        int64_t ticks = c->to - c->from;
        assert_int_equal(ticks, scale_round(us[i], GAP_TIMESCALE, 1000000));
        // And back: what the catalog keeps gives the same gap.
        int64_t again = scale_round(ticks, 1000000, GAP_TIMESCALE);
        assert_int_equal(scale_round(again, GAP_TIMESCALE, 1000000), ticks);
        assert_int_equal(plan_check(c->asset->plan), OK);
        assert_true(clip_is_whole(c));
        assert_true(asset_is_gap(c->asset));
        assert_int_equal(asset_main_audio(c->asset), -1);
    }
}

static void too_short_and_too_long_are_refused(void **state)
{
    (void)state;
    scoped(timeline) struct timeline *t = timeline_new();
    static const int64_t bad[] = {GAP_US_LEAST - 1, 0,         -1,
                                  GAP_US_MOST + 1,  INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(timeline_add_gap(t, bad[i], "libx"), ERR_BAD_INPUT);
    assert_int_equal(t->clips, 0);
    for (int i = 0; i < TIMELINE_CLIPS_MAX; i++)
        assert_int_equal(timeline_add_gap(t, 1000000, "libx"), OK);
    assert_int_equal(timeline_add_gap(t, 1000000, "libx"), ERR_TOO_LARGE);
}

static void gaps_alone_are_no_show(void **state)
{
    (void)state;
    static const int64_t us[] = {1000000, 2000000};
    for (size_t count = 1; count <= 2; count++) {
        scoped(timeline) struct timeline *t = with_gaps(us, count);
        struct show *none = NULL;
        assert_int_equal(show_of_timeline(t, &none), ERR_UNSUPPORTED);
        assert_null(none);
    }
}

static struct digest first_key(int64_t us, const char *build)
{
    scoped(timeline) struct timeline *t = timeline_new();
    assert_int_equal(timeline_add_gap(t, us, build), OK);
    scoped(piece) struct piece p = {0};
    assert_int_equal(piece_of_clip(&t->clip[0], 0, PIECE_SEGMENT, 0, &p), OK);
    return p.key;
}

static void segments_of_gaps_are_shared_but_not_between_builds(void **state)
{
    (void)state;
    struct digest one = first_key(9000000, "libx"),
                  other = first_key(12000000, "libx"),
                  built = first_key(9000000, "liby"),
                  short_one = first_key(3000000, "libx");
    assert_true(digest_eq(&one, &other));
    assert_false(digest_eq(&one, &built));
    assert_false(digest_eq(&one, &short_one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_lasts_as_long_as_is_said),
        cmocka_unit_test(too_short_and_too_long_are_refused),
        cmocka_unit_test(gaps_alone_are_no_show),
        cmocka_unit_test(segments_of_gaps_are_shared_but_not_between_builds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
