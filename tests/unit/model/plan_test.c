// SPDX-License-Identifier: MIT
// plan_test.c - where borders fall, and that packed plans are not believed.
#include "reeld/model/plan.h"

#include "reeld/base/mem.h"
#include "unit.h"

enum { SECOND = 90000 };

static const struct plan_wish wish = {
    .segment_us = 4000000,
    .segment_max_us = 6000000,
    .gop_us = 2000000,
    .bootstraps = 2,
    .bootstrap_us = {2000000, 2000000},
};

static struct plan *plan_at(uint32_t timescale)
{
    struct plan *p = NEW(struct plan);
    p->timescale = timescale;
    p->source_timebase = (struct rational){1, timescale};
    return p;
}

// `count` frames `step` ticks apart, with a clean key frame every `key` frames.
static struct plan_frame *frames_of(size_t count, int64_t step, size_t key)
{
    struct plan_frame *f = NEW_ARRAY(count, struct plan_frame);
    for (size_t i = 0; i < count; i++) {
        bool is_key = i % key == 0;
        f[i] = (struct plan_frame){.ticks = (int64_t)i * step,
                                   .dts = (int64_t)i * step - 2 * step,
                                   .position = (int64_t)i * 1000,
                                   .is_shown = true,
                                   .is_entry = is_key,
                                   .is_idr = is_key};
    }
    return f;
}

static void assert_valid(const struct plan *p)
{
    enum err e = plan_check(p);
    if (e != OK)
        print_error("%s\n", fail_text());
    assert_int_equal(e, OK);
}

static void assert_segments(const struct plan *p, const int64_t *borders,
                            uint32_t count)
{
    assert_int_equal(p->segments, count - 1);
    for (uint32_t i = 0; i + 1 < count; i++) {
        assert_int_equal(plan_segment_from(p, i), borders[i]);
        assert_int_equal(plan_segment_to(p, i), borders[i + 1]);
    }
}

static void borders_fall_on_multiples_behind_the_bootstrap(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(500, SECOND / 25, 50);
    assert_int_equal(plan_lay_video(p, &wish, f, 500, 20 * SECOND, false), OK);
    static const int64_t borders[] = {0,          2 * SECOND,  4 * SECOND,
                                      8 * SECOND, 12 * SECOND, 16 * SECOND,
                                      20 * SECOND};
    assert_segments(p, borders, 7);
    assert_int_equal(p->gops, 10);
    for (uint32_t i = 0; i <= p->gops; i++)
        assert_int_equal(p->gop_border[i], i * 2 * SECOND);
    assert_false(p->is_video_copied);
    assert_valid(p);
}

static void a_border_is_a_frame_at_or_behind_its_multiple(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(30000);
    scoped(mem) struct plan_frame *f = frames_of(600, 1001, 100);
    assert_int_equal(plan_lay_video(p, &wish, f, 600, 600 * 1001, false), OK);
    assert_int_equal(plan_segment_to(p, 0), 60 * 1001);
    assert_int_equal(plan_segment_to(p, 1), 120 * 1001);
    assert_int_equal(plan_segment_to(p, 2), 240 * 1001);
    for (uint32_t i = 0; i < p->gops; i++)
        assert_int_equal(p->gop_border[i] % 1001, 0);
    assert_int_equal(p->gop_border[p->gops], 600 * 1001);
    assert_valid(p);
}

static void copied_segments_begin_with_an_idr(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(1000, SECOND / 25, 48);
    assert_int_equal(plan_lay_video(p, &wish, f, 1000, 40 * SECOND, true), OK);
    assert_true(p->is_video_copied);
    for (uint32_t i = 0; i < p->segments; i++) {
        assert_int_equal(plan_segment_from(p, i) % (48 * SECOND / 25), 0);
        int64_t long_is = plan_segment_to(p, i) - plan_segment_from(p, i);
        assert_true(long_is <= 6 * SECOND);
        assert_true(long_is >= 48 * SECOND / 25);
    }
    assert_valid(p);
}

static void idrs_three_and_a_half_seconds_apart_can_be_copied(void **state)
{
    (void)state;
    // The first IDR at or after 4 s lies at 7 s, which is too long a segment;
    // the one before it will do.
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(100, SECOND / 2, 7);
    struct plan_wish plain = wish;
    plain.bootstraps = 0;
    assert_int_equal(plan_lay_video(p, &plain, f, 100, 50 * SECOND, true), OK);
    assert_true(p->is_video_copied);
    assert_true(plan_longest_segment(p) <= 6 * SECOND);
    assert_int_equal(plan_segment_to(p, 0), 7 * SECOND / 2);
}

static void idrs_past_the_maximum_apart_are_not_copied(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    for (int one_more = 0; one_more < 2; one_more++) {
        scoped(mem) struct plan_frame *f =
            frames_of(1000, SECOND / 25, (size_t)(150 + one_more));
        assert_int_equal(plan_lay_video(p, &wish, f, 1000, 40 * SECOND, true),
                         OK);
        assert_int_equal(p->is_video_copied, one_more == 0);
        assert_valid(p);
    }
}

static void a_first_frame_that_is_no_idr_forbids_copying(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(100, SECOND / 25, 25);
    f[0].is_idr = false;
    assert_int_equal(plan_lay_video(p, &wish, f, 100, 4 * SECOND, true), OK);
    assert_false(p->is_video_copied);
}

static void a_tail_under_a_second_joins_its_neighbour(void **state)
{
    (void)state;
    for (int one_more = 0; one_more < 2; one_more++) {
        scoped(plan) struct plan *p = plan_at(SECOND);
        size_t count = (size_t)(224 + one_more); // 24 or 25 frames past 8 s
        scoped(mem) struct plan_frame *f = frames_of(count, SECOND / 25, 25);
        assert_int_equal(plan_lay_video(p, &wish, f, count,
                                        (int64_t)count * SECOND / 25, false),
                         OK);
        assert_int_equal(p->segments, 3 + one_more);
        assert_valid(p);
    }
}

static void variable_rates_put_borders_on_frames_that_exist(void **state)
{
    (void)state;
    static const int64_t seconds[] = {0, 1, 3, 9, 10, 11, 30};
    struct plan_frame f[7] = {{0}};
    for (size_t i = 0; i < 7; i++)
        f[i] = (struct plan_frame){.ticks = seconds[i] * SECOND,
                                   .dts = (int64_t)i,
                                   .is_shown = true,
                                   .is_entry = i == 0};
    scoped(plan) struct plan *p = plan_at(SECOND);
    assert_int_equal(plan_lay_video(p, &wish, f, 7, 31 * SECOND, false), OK);
    static const int64_t borders[] = {0, 3 * SECOND, 9 * SECOND, 30 * SECOND,
                                      31 * SECOND};
    assert_segments(p, borders, 5);
    assert_valid(p);
}

static void a_single_frame_is_a_plan(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(1, 1, 1);
    assert_int_equal(plan_lay_video(p, &wish, f, 1, 3600, true), OK);
    assert_int_equal(p->gops, 1);
    assert_int_equal(p->segments, 1);
    assert_int_equal(plan_duration_us(p), 40000);
    assert_valid(p);
}

static void an_entry_is_the_last_key_frame_up_to_the_border(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(500, SECOND / 25, 70);
    assert_int_equal(plan_lay_video(p, &wish, f, 500, 20 * SECOND, false), OK);
    for (uint32_t i = 0; i < p->gops; i++) {
        size_t frame = (size_t)(p->gop_border[i] * 25 / SECOND);
        size_t key = frame - frame % 70;
        assert_int_equal(p->gop_entry[i].dts, f[key].dts);
        assert_int_equal(p->gop_entry[i].position, f[key].position);
    }
}

static void hidden_frames_may_lead_in_but_not_be_borders(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(100, SECOND / 25, 100);
    for (size_t i = 0; i < 100; i++) {
        f[i].ticks -= 10 * SECOND / 25;
        f[i].is_shown = i >= 10;
    }
    f[60].is_shown = false; // what would be the border at 2 s
    int64_t end = f[99].ticks + SECOND / 25;
    assert_int_equal(plan_lay_video(p, &wish, f, 100, end, true), OK);
    assert_false(p->is_video_copied);
    assert_int_equal(p->gop_border[1], f[61].ticks);
    assert_int_equal(p->gop_entry[1].dts, f[0].dts);
    assert_valid(p);
}

static void frames_out_of_order_are_refused(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(10, 3600, 5);
    f[4].ticks = f[3].ticks;
    assert_int_equal(plan_lay_video(p, &wish, f, 10, SECOND, false),
                     ERR_BAD_INPUT);
    f[4].ticks = 4 * 3600;
    assert_int_equal(plan_lay_video(p, &wish, f, 10, 9 * 3600, false),
                     ERR_BAD_INPUT); // ends with, not behind, the last frame
    f[0].ticks = -1;
    assert_int_equal(plan_lay_video(p, &wish, f, 10, SECOND, false),
                     ERR_BAD_INPUT); // nothing at zero
}

static void more_gops_than_allowed_are_too_many(void **state)
{
    (void)state;
    size_t count = PLAN_GOPS_MAX + 40;
    scoped(mem) struct plan_frame *f = frames_of(count, SECOND, 1);
    struct plan_wish short_ones = {
        .segment_us = 1000000, .segment_max_us = 6000000, .gop_us = 1000000};
    scoped(plan) struct plan *p = plan_at(SECOND);
    assert_int_equal(plan_lay_video(p, &short_ones, f, count,
                                    (int64_t)count * SECOND, false),
                     ERR_TOO_LARGE);
    assert_int_equal(plan_lay_video(p, &short_ones, f, PLAN_GOPS_MAX,
                                    (int64_t)PLAN_GOPS_MAX * SECOND, false),
                     OK);
    assert_int_equal(p->gops, PLAN_GOPS_MAX);
}

static struct plan *audio_plan(int64_t packets)
{
    struct plan *p = plan_at(48000);
    p->video_track = -1;
    p->audios = 1;
    p->audio[0] =
        (struct plan_audio){.track = 0, .rate = 48000, .packets = packets};
    return p;
}

static void sound_alone_is_cut_on_its_own_grid(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = audio_plan(939);
    assert_int_equal(plan_lay_audio(p, &wish, 20 * 48000), OK);
    int64_t next = 0;
    for (uint32_t i = 0; i < p->segments; i++) {
        assert_int_equal(plan_segment_from(p, i) % AAC_FRAME_SAMPLES, 0);
        int64_t first, count;
        plan_audio_range(p, 0, i, &first, &count);
        assert_int_equal(first, next);
        assert_true(count > 0);
        next = first + count;
    }
    assert_int_equal(next, 938 + 1);
    assert_int_equal(plan_segment_to(p, p->segments - 1), 20 * 48000);
    assert_valid(p);
    int64_t from, to;
    assert_int_equal(plan_range(p, 22000, 30000, &from, &to), ERR_BAD_INPUT);
    assert_string_equal(fail_text(), "no packet of sound begins in the range");
    p->timescale = 44100;
    assert_int_equal(plan_lay_audio(p, &wish, 48000), ERR_BAD_INPUT);
}

static void audio_ranges_meet_and_cover_all_packets(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(30000);
    scoped(mem) struct plan_frame *f = frames_of(600, 1001, 100);
    assert_int_equal(plan_lay_video(p, &wish, f, 600, 600 * 1001, false), OK);
    p->audios = 1;
    p->audio[0] = (struct plan_audio){
        .track = 1, .rate = 44100, .grid_origin = 1000, .packets = 861};
    int64_t next = 0;
    for (uint32_t i = 0; i < p->segments; i++) {
        int64_t first, count;
        plan_audio_range(p, 0, i, &first, &count);
        assert_int_equal(first, next);
        next += count;
        // The packet begins at or before the border, the next one does not.
        int64_t from = plan_segment_from(p, i);
        if (first > 0)
            assert_true((1000 + 1024 * first) * 30000 <= from * 44100);
        assert_true((1000 + 1024 * (first + 1)) * 30000 > from * 44100);
    }
    assert_int_equal(next, 861);
}

static void a_time_finds_its_segment(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(500, SECOND / 25, 50);
    assert_int_equal(plan_lay_video(p, &wish, f, 500, 20 * SECOND, false), OK);
    assert_int_equal(plan_segment_at(p, -1), 0);
    assert_int_equal(plan_segment_at(p, 2 * SECOND - 1), 0);
    assert_int_equal(plan_segment_at(p, 2 * SECOND), 1);
    assert_int_equal(plan_segment_at(p, 19 * SECOND), 5);
    assert_int_equal(plan_segment_at(p, INT64_MAX), 5);
}

static void a_timescale_carries_the_time_base_exactly(void **state)
{
    (void)state;
    static const struct {
        struct rational timebase;
        uint32_t timescale;
    } cases[] = {
        {{1, 90000},    90000  },
        {{1, 1000},     1000   },
        {{1, 999},      15984  },
        {{1, 25},       12800  },
        {{1001, 30000}, 30000  },
        {{1, 1000000},  1000000},
        {{1, 1000001},  90000  },
        {{2, 50},       12800  },
        {{1, 1},        16384  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(plan_pick_timescale(cases[i].timebase),
                         cases[i].timescale);
}

static void ticks_count_from_media_zero(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = plan_at(30000);
    p->source_timebase = (struct rational){1001, 30000};
    p->origin_pts = 7;
    assert_int_equal(plan_ticks(p, 7), 0);
    assert_int_equal(plan_ticks(p, 107), 100 * 1001);
    assert_int_equal(plan_ticks(p, 6), -1001);
}

static struct plan *rich_plan(void)
{
    struct plan *p = plan_at(SECOND);
    scoped(mem) struct plan_frame *f = frames_of(1000, SECOND / 25, 48);
    assert_int_equal(plan_lay_video(p, &wish, f, 1000, 40 * SECOND, true), OK);
    p->origin_pts = -12345;
    p->first_pts = 99;
    p->seeks_by_byte = true;
    p->gop_entry[3].position = -1;
    p->audios = 2;
    p->audio[0] = (struct plan_audio){1, 44100, 1023, 1723, true};
    p->audio[1] = (struct plan_audio){2, 48000, 0, 1875, false};
    p->jumps = 2;
    p->jump[0] = (struct plan_jump){0, -90000};
    p->jump[1] = (struct plan_jump){1 << 20, INT64_C(1) << 40};
    return p;
}

static void a_packed_plan_comes_back_as_it_was(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = rich_plan();
    scoped(buf) struct buf packed, again;
    buf_init(&packed, PLAN_PACKED_BYTES_MAX);
    buf_init(&again, PLAN_PACKED_BYTES_MAX);
    plan_pack(p, &packed);
    assert_int_equal(buf_end(&packed), OK);
    scoped(plan) struct plan *q = NULL;
    assert_int_equal(plan_unpack(buf_view(&packed), &q), OK);
    assert_int_equal(q->timescale, p->timescale);
    assert_int_equal(q->origin_pts, p->origin_pts);
    assert_int_equal(q->first_pts, p->first_pts);
    assert_true(q->seeks_by_byte);
    assert_true(q->is_video_copied);
    assert_int_equal(q->gops, p->gops);
    assert_memory_equal(q->gop_border, p->gop_border,
                        (p->gops + 1) * sizeof *p->gop_border);
    assert_memory_equal(q->gop_entry, p->gop_entry,
                        p->gops * sizeof *p->gop_entry);
    assert_memory_equal(q->segment_gop, p->segment_gop,
                        (p->segments + 1) * sizeof *p->segment_gop);
    assert_int_equal(q->audio[0].packets, 1723);
    assert_true(q->audio[0].is_copied);
    assert_int_equal(q->jump[1].shift, INT64_C(1) << 40);
    plan_pack(q, &again);
    assert_int_equal(again.len, packed.len);
    assert_memory_equal(again.bytes, packed.bytes, packed.len);
}

static void a_packed_plan_cut_anywhere_is_refused(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = rich_plan();
    scoped(buf) struct buf packed;
    buf_init(&packed, PLAN_PACKED_BYTES_MAX);
    plan_pack(p, &packed);
    for (size_t len = 0; len < packed.len; len++) {
        struct plan *q = NULL;
        struct str part = {(const char *)packed.bytes, len};
        assert_int_equal(plan_unpack(part, &q), ERR_BAD_INPUT);
    }
    buf_u8(&packed, 0);
    struct plan *q = NULL;
    assert_int_equal(plan_unpack(buf_view(&packed), &q), ERR_BAD_INPUT);
}

static void a_damaged_packed_plan_is_refused_or_valid(void **state)
{
    (void)state;
    scoped(plan) struct plan *p = rich_plan();
    scoped(buf) struct buf packed;
    buf_init(&packed, PLAN_PACKED_BYTES_MAX);
    plan_pack(p, &packed);
    for (size_t at = 0; at < packed.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            packed.bytes[at] ^= (uint8_t)(1 << bit);
            scoped(plan) struct plan *q = NULL;
            if (plan_unpack(buf_view(&packed), &q) == OK)
                assert_valid(q);
            packed.bytes[at] ^= (uint8_t)(1 << bit);
        }
    }
}

static void counts_without_bytes_take_no_memory(void **state)
{
    (void)state;
    // 500000 GOPs claimed in a handful of bytes.
    static const uint8_t claim[] = {1, 1,    1,    1,    1, 0, 0,
                                    0, 0xa0, 0xc2, 0x1e, 1, 0, 0};
    struct plan *q = NULL;
    struct str packed = {(const char *)claim, sizeof claim};
    assert_int_equal(plan_unpack(packed, &q), ERR_BAD_INPUT);
}

static void each_broken_rule_of_a_plan_is_found(void **state)
{
    (void)state;
#define BROKEN(change)                                                         \
    do {                                                                       \
        scoped(plan) struct plan *p = rich_plan();                             \
        assert_valid(p);                                                       \
        change;                                                                \
        assert_int_equal(plan_check(p), ERR_BAD_INPUT);                        \
    } while (0)
    BROKEN(p->timescale = 0);
    BROKEN(p->timescale = PLAN_TIMESCALE_MAX + 1u);
    BROKEN(p->video_track = TRACKS_MAX);
    BROKEN(p->video_track = -1); // the timescale is not the sound's rate
    BROKEN(p->source_timebase.den = 0);
    BROKEN(p->first_pts = p->origin_pts - 1);
    BROKEN(p->gop_border[0] = 1);
    BROKEN(p->gop_border[2] = p->gop_border[1]);
    BROKEN(p->gop_border[p->gops] = PLAN_TICKS_MAX + 1);
    BROKEN(p->gop_entry[0].position = -2);
    BROKEN(p->segment_gop[0] = 1);
    BROKEN(p->segment_gop[1] = p->segment_gop[2]);
    BROKEN(p->segment_gop[p->segments] = p->gops - 1);
    BROKEN(p->segments = p->gops + 1);
    BROKEN(p->audio[0].track = -1);
    BROKEN(p->audio[0].rate = 7999);
    BROKEN(p->audio[0].rate = 192001);
    BROKEN(p->audio[1].grid_origin = AAC_FRAME_SAMPLES);
    BROKEN(p->audio[1].packets = 0);
    BROKEN(p->jump[1].position = p->jump[0].position);
    BROKEN(p->jumps = PLAN_JUMPS_MAX + 1);
#undef BROKEN
}

static void a_picture_that_is_shown_for_ever_is_refused(void **state)
{
    (void)state;
    const int64_t most = (int64_t)PLAN_SEGMENT_SECONDS_MAX * SECOND;
    const struct plan_frame frame[] = {
        {.ticks = 0, .is_shown = true, .is_entry = true}
    };
    scoped(plan) struct plan *p = plan_at(SECOND);
    assert_int_equal(plan_lay_video(p, &wish, frame, 1, most, false), OK);
    assert_int_equal(plan_lay_video(p, &wish, frame, 1, most + 1, false),
                     ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_that_is_shown_for_ever_is_refused),
        cmocka_unit_test(borders_fall_on_multiples_behind_the_bootstrap),
        cmocka_unit_test(a_border_is_a_frame_at_or_behind_its_multiple),
        cmocka_unit_test(copied_segments_begin_with_an_idr),
        cmocka_unit_test(idrs_three_and_a_half_seconds_apart_can_be_copied),
        cmocka_unit_test(idrs_past_the_maximum_apart_are_not_copied),
        cmocka_unit_test(a_first_frame_that_is_no_idr_forbids_copying),
        cmocka_unit_test(a_tail_under_a_second_joins_its_neighbour),
        cmocka_unit_test(variable_rates_put_borders_on_frames_that_exist),
        cmocka_unit_test(a_single_frame_is_a_plan),
        cmocka_unit_test(an_entry_is_the_last_key_frame_up_to_the_border),
        cmocka_unit_test(hidden_frames_may_lead_in_but_not_be_borders),
        cmocka_unit_test(frames_out_of_order_are_refused),
        cmocka_unit_test(more_gops_than_allowed_are_too_many),
        cmocka_unit_test(sound_alone_is_cut_on_its_own_grid),
        cmocka_unit_test(audio_ranges_meet_and_cover_all_packets),
        cmocka_unit_test(a_time_finds_its_segment),
        cmocka_unit_test(a_timescale_carries_the_time_base_exactly),
        cmocka_unit_test(ticks_count_from_media_zero),
        cmocka_unit_test(a_packed_plan_comes_back_as_it_was),
        cmocka_unit_test(a_packed_plan_cut_anywhere_is_refused),
        cmocka_unit_test(a_damaged_packed_plan_is_refused_or_valid),
        cmocka_unit_test(counts_without_bytes_take_no_memory),
        cmocka_unit_test(each_broken_rule_of_a_plan_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
