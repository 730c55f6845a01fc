// SPDX-License-Identifier: MIT
// plan_cut_test.c - a part of a plan shows the same pictures at other times.
#include "reeld/model/plan.h"

#include <string.h>

#include "reeld/base/mem.h"
#include "unit.h"

enum { FRAMES_MAX = 1200, PLANS = 300 };

// The same numbers in every run (xorshift).
static uint64_t state_of_numbers = 88172645463325252U;
static int64_t number(int64_t most)
{
    state_of_numbers ^= state_of_numbers << 13;
    state_of_numbers ^= state_of_numbers >> 7;
    state_of_numbers ^= state_of_numbers << 17;
    return (int64_t)(state_of_numbers % (uint64_t)(most + 1));
}

// A plan and the pictures that it was laid over.
struct sample {
    struct plan *plan;
    size_t frames;
    int64_t pts[FRAMES_MAX]; // of the source
};

static struct plan_audio grid(int32_t track, uint32_t rate, bool is_copied)
{
    return (struct plan_audio){.track = track,
                               .rate = rate,
                               .is_copied = is_copied,
                               .grid_origin =
                                   is_copied ? (int32_t)number(1023) : 0};
}

static void lay(struct sample *s, struct rational timebase, int64_t step)
{
    struct plan *p = s->plan = NEW(struct plan);
    p->timescale = plan_pick_timescale(timebase);
    p->source_timebase = timebase;
    p->origin_pts = p->first_pts = number(1000000) - 500000;
    s->frames = 2 + (size_t)number(FRAMES_MAX - 2);
    int64_t key = 1 + number(100), pts = p->origin_pts;
    scoped(mem) struct plan_frame *f = NEW_ARRAY(s->frames, struct plan_frame);
    for (size_t i = 0; i < s->frames; i++) {
        s->pts[i] = pts;
        f[i] = (struct plan_frame){.ticks = plan_ticks(p, pts),
                                   .dts = pts - 2 * step,
                                   .position = (int64_t)i * 1000,
                                   .is_shown = true,
                                   .is_entry = (int64_t)i % key == 0,
                                   .is_idr = (int64_t)i % key == 0};
        pts += step * (number(9) ? 1 : 1 + number(30));
    }
    struct plan_wish wish = {
        .segment_us = 4000000,
        .segment_max_us = 6000000,
        .gop_us = 2000000,
        .bootstraps = 2,
        .bootstrap_us = {2000000, 2000000}
    };
    int64_t end = plan_ticks(p, pts);
    assert_int_equal(plan_lay_video(p, &wish, f, s->frames, end, number(1) > 0),
                     OK);
    p->audios = 3;
    p->audio[0] = grid(1, 48000, true);
    p->audio[1] = grid(2, 44100, true);
    p->audio[2] = grid(3, 48000, false);
    for (int i = 0; i < 3; i++) {
        int64_t samples = scale_ceil(end, p->audio[i].rate, p->timescale);
        p->audio[i].packets =
            max_i64(1, scale_ceil(samples - p->audio[i].grid_origin, 1, 1024));
    }
    assert_int_equal(plan_check(p), OK);
}

static void lay_any(struct sample *s)
{
    static const struct {
        struct rational timebase;
        int64_t step;
    } clocks[] = {
        {{1, 25},         1       },
        {{1, 1000},       40      },
        {{1001, 30000},   1       },
        {{1, 90000},      3003    },
        {{1, 1000000000}, 33366667},
    };
    int64_t i = number(4);
    lay(s, clocks[i].timebase, clocks[i].step);
}

// When each picture of a plan is shown. *ret_count: how many there are.
static int64_t *times_of(const struct plan *p, size_t *ret_count)
{
    size_t count = 0, capacity = 0;
    int64_t *times = NULL;
    for (uint32_t g = 0; g < p->gops; g++) {
        int64_t at = p->gop_border[g];
        for (uint32_t r = p->gop_run[g]; r < p->gop_run[g + 1]; r++)
            for (uint32_t i = 0; i < p->run[r].count; i++) {
                PUSH(times, count, capacity, at);
                at += p->run[r].step;
            }
    }
    *ret_count = count;
    return times;
}

static int64_t border_or_end(const struct plan *p, const struct sample *s,
                             size_t frame)
{
    return frame == s->frames ? p->gop_border[p->gops]
                              : plan_ticks(p, s->pts[frame]);
}

static void assert_pictures(const struct sample *s, const struct plan *part,
                            size_t first, size_t end, int64_t from)
{
    size_t count;
    scoped(mem) int64_t *times = times_of(part, &count);
    assert_int_equal(count, end - first);
    for (size_t i = 0; i < count; i++) {
        int64_t pts = s->pts[first + i];
        assert_int_equal(times[i], plan_ticks(s->plan, pts) - from);
        assert_int_equal(times[i], plan_ticks(part, pts));
    }
}

// Whoever decodes from an entry meets every picture of its GOP.
static void assert_entries(const struct plan *whole, const struct plan *part,
                           int64_t from)
{
    for (uint32_t g = 0; g < part->gops; g++) {
        uint32_t own = plan_gop_at(whole, part->gop_border[g] + from);
        assert_int_equal(part->gop_entry[g].position,
                         whole->gop_entry[own].position);
        assert_int_equal(part->gop_entry[g].dts, whole->gop_entry[own].dts);
        int64_t border = part->gop_border[g] + from;
        if (g > 0)
            assert_int_equal(border, whole->gop_border[own]);
    }
    for (uint32_t i = 1; i < part->segments; i++) {
        int64_t border = plan_segment_from(part, i) + from;
        uint32_t own = plan_segment_at(whole, border);
        assert_int_equal(border, plan_segment_from(whole, own));
    }
}

// Copied packets lie where they lay, to the sample; each that begins in the
// range is there, and no other.
static void assert_sound(const struct plan *whole, const struct plan *part,
                         int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < whole->audios; i++) {
        const struct plan_audio *w = &whole->audio[i], *a = &part->audio[i];
        int64_t zero = scale_round(from, w->rate, whole->timescale);
        int64_t moved = a->grid_origin + zero - w->grid_origin;
        if (w->is_copied && a->is_copied)
            assert_int_equal(moved % 1024, 0);
        int64_t length = scale_ceil(to - from, a->rate, part->timescale);
        int64_t last = a->grid_origin + (a->packets - 1) * 1024;
        bool is_to_end = to == whole->gop_border[whole->gops];
        if (a->packets > 1 && !is_to_end)
            assert_true(last < length && last + 1024 >= length);
    }
}

static void any_part_shows_its_pictures_alone(void **state)
{
    (void)state;
    for (int i = 0; i < PLANS; i++) {
        struct sample s;
        lay_any(&s);
        scoped(plan) struct plan *whole = s.plan;
        size_t first = (size_t)number((int64_t)s.frames - 1);
        size_t end =
            first + 1 + (size_t)number((int64_t)(s.frames - first) - 1);
        int64_t from = border_or_end(whole, &s, first);
        int64_t to = border_or_end(whole, &s, end);
        scoped(plan) struct plan *part = NULL;
        assert_int_equal(plan_cut(whole, from, to, &part), OK);
        assert_int_equal(plan_check(part), OK);
        assert_int_equal(part->gop_border[part->gops], to - from);
        assert_pictures(&s, part, first, end, from);
        assert_entries(whole, part, from);
        assert_sound(whole, part, from, to);
    }
}

static void a_part_of_a_part_is_a_part(void **state)
{
    (void)state;
    for (int i = 0; i < PLANS; i++) {
        struct sample s;
        lay_any(&s);
        scoped(plan) struct plan *whole = s.plan;
        size_t middle = s.frames / 2;
        int64_t half = border_or_end(whole, &s, middle);
        scoped(plan) struct plan *part = NULL, *rest = NULL;
        assert_int_equal(
            plan_cut(whole, half, whole->gop_border[whole->gops], &part), OK);
        size_t third = middle + (s.frames - middle) / 2;
        int64_t from = border_or_end(whole, &s, third);
        assert_int_equal(
            plan_cut(part, from - half, part->gop_border[part->gops], &rest),
            OK);
        assert_pictures(&s, rest, third, s.frames, from);
    }
}

static void the_whole_is_the_part_of_itself(void **state)
{
    (void)state;
    struct sample s;
    lay_any(&s);
    scoped(plan) struct plan *whole = s.plan;
    scoped(plan) struct plan *part = NULL;
    assert_int_equal(plan_cut(whole, 0, whole->gop_border[whole->gops], &part),
                     OK);
    scoped(buf) struct buf before, after;
    buf_init(&before, 1 << 20);
    buf_init(&after, 1 << 20);
    plan_pack(whole, &before);
    plan_pack(part, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.bytes, after.bytes, after.len);
}

static void short_edges_join_their_neighbours(void **state)
{
    (void)state;
    struct sample s;
    lay(&s, (struct rational){1, 25}, 1);
    scoped(plan) struct plan *whole = s.plan;
    int64_t second = whole->timescale;
    for (size_t first = 1; first < s.frames; first++) {
        scoped(plan) struct plan *part = NULL;
        int64_t from = border_or_end(whole, &s, first);
        int64_t to = whole->gop_border[whole->gops];
        assert_int_equal(plan_cut(whole, from, to, &part), OK);
        if (part->gops > 1)
            assert_true(part->gop_border[1] >= second);
        assert_true(plan_longest_segment(part) <=
                    plan_longest_segment(whole) + second);
    }
}

static void times_between_pictures_are_refused(void **state)
{
    (void)state;
    struct sample s;
    lay(&s, (struct rational){1, 25}, 1);
    scoped(plan) struct plan *whole = s.plan;
    int64_t end = whole->gop_border[whole->gops];
    const int64_t bad[][2] = {
        {1,   end    },
        {0,   1      },
        {0,   end + 1},
        {-1,  end    },
        {0,   0      },
        {end, end    }
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct plan *part = NULL;
        assert_int_equal(plan_cut(whole, bad[i][0], bad[i][1], &part),
                         ERR_BAD_INPUT);
        assert_null(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_part_shows_its_pictures_alone),
        cmocka_unit_test(a_part_of_a_part_is_a_part),
        cmocka_unit_test(the_whole_is_the_part_of_itself),
        cmocka_unit_test(short_edges_join_their_neighbours),
        cmocka_unit_test(times_between_pictures_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
