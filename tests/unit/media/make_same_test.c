// SPDX-License-Identifier: MIT
// make_same_test.c - the same request gives the same bytes, always.
#include <sys/wait.h>
#include <unistd.h>

#include "media_upload.h"
#include "reeld/base/hash.h"
#include "reeld/base/mem.h"
#include "unit.h"

// Sanitizers have seen the code when it has made one segment.
enum { PIECE_BYTES_MAX = 64 << 20, SEGMENTS_MAX = SLOWER > 1 ? 1 : 3 };

struct sums { // of the segments of a rung
    struct digest segment[SEGMENTS_MAX];
    uint32_t segments;
};

static uint32_t segments_of(const struct upload *u)
{
    return u->plan->segments < SEGMENTS_MAX ? u->plan->segments : SEGMENTS_MAX;
}

static struct digest make_sum(const struct upload *u, struct media_source *s,
                              uint32_t segment, uint32_t threads)
{
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    scoped(buf) struct buf out;
    buf_init(&out, PIECE_BYTES_MAX);
    const struct rendition *r = upload_smallest(u);
    upload_ask(u, r, segment, threads, ask);
    ask_add(ask, r, PIECE_SEGMENT);
    make_into(s, ask, &out);
    assert_true(out.len > 0);
    return hash_of(out.bytes, out.len);
}

static void make_row(const struct upload *u, uint32_t threads, struct sums *ret)
{
    scoped(media_source) struct media_source *s = upload_source(u);
    ret->segments = segments_of(u);
    for (uint32_t i = 0; i < ret->segments; i++)
        ret->segment[i] = make_sum(u, s, i, threads);
}

// Each by a source of its own, the last one first.
static void make_each(const struct upload *u, uint32_t threads,
                      struct sums *ret)
{
    ret->segments = segments_of(u);
    for (uint32_t i = ret->segments; i-- > 0;) {
        scoped(media_source) struct media_source *s = upload_source(u);
        ret->segment[i] = make_sum(u, s, i, threads);
    }
}

// Backwards by one source, which has to seek each time.
static void make_backwards(const struct upload *u, uint32_t threads,
                           struct sums *ret)
{
    scoped(media_source) struct media_source *s = upload_source(u);
    ret->segments = segments_of(u);
    for (uint32_t i = ret->segments; i-- > 0;)
        ret->segment[i] = make_sum(u, s, i, threads);
}

// In another process, as a worker that is started anew makes them.
static void make_elsewhere(const struct upload *u, struct sums *ret)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sums sums = {.segments = 0};
        make_row(u, 3, &sums);
        _exit(write(ends[1], &sums, sizeof sums) == sizeof sums ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], ret, sizeof *ret), sizeof *ret);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void assert_same(const struct sums *a, const struct sums *b)
{
    assert_int_equal(a->segments, b->segments);
    for (uint32_t i = 0; i < a->segments; i++) {
        if (!digest_eq(&a->segment[i], &b->segment[i]))
            print_error("segment %u differs\n", i);
        assert_true(digest_eq(&a->segment[i], &b->segment[i]));
    }
}

static void assert_always_same(const char *name)
{
    struct upload u;
    upload_open(name, &u);
    struct sums row, other;
    make_row(&u, 1, &row);
    make_each(&u, 2, &other);
    assert_same(&row, &other);
    make_backwards(&u, 2, &other);
    assert_same(&row, &other);
    make_elsewhere(&u, &other);
    assert_same(&row, &other);
    upload_close(&u);
}

#define ALWAYS_SAME(test, name)                                                \
    static void test(void **state)                                             \
    {                                                                          \
        (void)state;                                                           \
        assert_always_same(name);                                              \
    }

ALWAYS_SAME(h264_is_always_the_same, "timing/moov-at-end.mp4")
ALWAYS_SAME(open_gops_of_hevc_are_always_the_same,
            "timing/hevc-open-gop-cra.mp4")
ALWAYS_SAME(open_gops_of_h264_are_always_the_same,
            "timing/open-gop-bpyramid.mp4")
ALWAYS_SAME(intra_refresh_is_always_the_same, "timing/intra-refresh-no-idr.mp4")
ALWAYS_SAME(variable_rate_is_always_the_same, "timing/vfr-dropped-frames.mp4")
ALWAYS_SAME(interlaced_mpeg2_is_always_the_same,
            "formats/anamorphic-576i25-mpeg2-ac3.mpg")
ALWAYS_SAME(interlaced_h264_is_always_the_same,
            "formats/interlaced-480i2997-mbaff.ts")
ALWAYS_SAME(mpeg2_in_ts_is_always_the_same, "formats/mpeg2-1080p24-mp2.ts")
ALWAYS_SAME(xvid_in_avi_is_always_the_same, "formats/mpeg4-asp-xvid-mp3.avi")
ALWAYS_SAME(vp9_is_always_the_same, "formats/odd-853x481-vp9.webm")
ALWAYS_SAME(av1_is_always_the_same, "formats/av1-opus-360p.webm")
ALWAYS_SAME(one_gop_of_44_seconds_is_always_the_same,
            "timing/one-gop-44s-1fps.mp4")
ALWAYS_SAME(a_change_of_size_is_always_the_same, "timing/resolution-change.ts")
ALWAYS_SAME(a_jump_of_times_is_always_the_same, "timing/pts-jump-back.ts")
ALWAYS_SAME(flipped_bits_are_always_the_same, "bad/bit-flips-sparse.mp4")
ALWAYS_SAME(many_flipped_bits_are_always_the_same, "bad/bit-flips-dense.mp4")
ALWAYS_SAME(flipped_bits_in_matroska_are_always_the_same, "bad/bit-flips.mkv")
ALWAYS_SAME(junk_between_packets_is_always_the_same, "bad/ts-junk-between.ts")
ALWAYS_SAME(lost_packets_are_always_the_same, "bad/ts-packets-lost.ts")
ALWAYS_SAME(shuffled_packets_are_always_the_same, "bad/ts-packets-shuffled.ts")
ALWAYS_SAME(a_hole_is_always_the_same, "bad/hole-of-zeros.mp4")

struct piece_asked {
    const struct rendition *rung;
    enum piece_kind kind;
};

// Segment 1 of all encoded rungs, and the I-frame of each.
static uint32_t ask_for_all(const struct upload *u, struct wire_make *ask,
                            struct piece_asked *ret)
{
    uint32_t pieces = 0;
    for (uint32_t i = 0; i < u->renditions; i++) {
        const struct rendition *r = &u->rendition[i];
        if (r->recipe.kind != TRACK_VIDEO || r->recipe.mode != RECIPE_ENCODE)
            continue;
        ret[pieces++] = (struct piece_asked){r, PIECE_SEGMENT};
        ret[pieces++] = (struct piece_asked){r, PIECE_IFRAME};
    }
    for (uint32_t i = 0; i < pieces; i++)
        ask_add(ask, ret[i].rung, ret[i].kind);
    return pieces;
}

static void assert_alone_as_together(const char *name)
{
    struct upload u;
    upload_open(name, &u);
    scoped(media_source) struct media_source *s = upload_source(&u);
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    struct buf together[WIRE_OUTPUTS_MAX];
    struct piece_asked piece[WIRE_OUTPUTS_MAX];
    upload_ask(&u, upload_smallest(&u), 1, 2, ask);
    uint32_t pieces = ask_for_all(&u, ask, piece);
    assert_true(pieces >= 6);
    for (uint32_t i = 0; i < pieces; i++)
        buf_init(&together[i], PIECE_BYTES_MAX);
    make_into(s, ask, together);
    for (uint32_t i = 0; i < pieces; i++) {
        scoped(buf) struct buf alone;
        buf_init(&alone, PIECE_BYTES_MAX);
        make_alone(&u, piece[i].rung, piece[i].kind, 1, &alone);
        assert_int_equal(alone.len, together[i].len);
        assert_memory_equal(alone.bytes, together[i].bytes, alone.len);
        buf_done(&together[i]);
    }
    upload_close(&u);
}

static void a_piece_is_the_same_alone_and_with_all_others(void **state)
{
    (void)state;
    assert_alone_as_together("film/sintel-trailer-720p24.mp4");
}

// Deinterlacing looks at more than the picture that is wanted.
static void an_interlaced_piece_is_the_same_with_others(void **state)
{
    (void)state;
    assert_alone_as_together("formats/anamorphic-576i25-mpeg2-ac3.mpg");
}

static void sound_is_the_same_whatever_was_made_before(void **state)
{
    (void)state;
    struct upload u;
    upload_open("formats/multi-audio-subs-chapters.mkv", &u);
    scoped(media_source) struct media_source *s = upload_source(&u);
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    static const uint32_t order[] = {5, 2, 3, 0, 3};
    for (uint32_t i = 0; i < u.renditions; i++) {
        const struct rendition *r = &u.rendition[i];
        for (size_t k = 0; r->audio >= 0 && k < 5; k++) {
            scoped(buf) struct buf row, alone;
            buf_init(&row, PIECE_BYTES_MAX);
            buf_init(&alone, PIECE_BYTES_MAX);
            upload_ask(&u, r, order[k], 1, ask);
            ask_add(ask, r, PIECE_SEGMENT);
            make_into(s, ask, &row);
            make_alone(&u, r, PIECE_SEGMENT, order[k], &alone);
            assert_int_equal(row.len, alone.len);
            assert_memory_equal(row.bytes, alone.bytes, row.len);
        }
    }
    upload_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h264_is_always_the_same),
        cmocka_unit_test(open_gops_of_hevc_are_always_the_same),
        cmocka_unit_test(open_gops_of_h264_are_always_the_same),
        cmocka_unit_test(intra_refresh_is_always_the_same),
        cmocka_unit_test(variable_rate_is_always_the_same),
        cmocka_unit_test(interlaced_mpeg2_is_always_the_same),
        cmocka_unit_test(interlaced_h264_is_always_the_same),
        cmocka_unit_test(mpeg2_in_ts_is_always_the_same),
        cmocka_unit_test(xvid_in_avi_is_always_the_same),
        cmocka_unit_test(vp9_is_always_the_same),
        cmocka_unit_test(av1_is_always_the_same),
        cmocka_unit_test(one_gop_of_44_seconds_is_always_the_same),
        cmocka_unit_test(a_change_of_size_is_always_the_same),
        cmocka_unit_test(a_jump_of_times_is_always_the_same),
        cmocka_unit_test(flipped_bits_are_always_the_same),
        cmocka_unit_test(many_flipped_bits_are_always_the_same),
        cmocka_unit_test(flipped_bits_in_matroska_are_always_the_same),
        cmocka_unit_test(junk_between_packets_is_always_the_same),
        cmocka_unit_test(lost_packets_are_always_the_same),
        cmocka_unit_test(shuffled_packets_are_always_the_same),
        cmocka_unit_test(a_hole_is_always_the_same),
        cmocka_unit_test(a_piece_is_the_same_alone_and_with_all_others),
        cmocka_unit_test(an_interlaced_piece_is_the_same_with_others),
        cmocka_unit_test(sound_is_the_same_whatever_was_made_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
