// SPDX-License-Identifier: MIT
// edge_test.c - clips: exactly the pictures of the range, whatever it cuts.
#include <string.h>
#include <unistd.h>

#include "media_upload.h"
#include "media_watch.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/model/stand_in.h"
#include "unit.h"

enum { FILM_BYTES_MAX = 64 << 20, FRAMES_MAX = 20000 };

static void succeed(enum err e)
{
    assert_int_equal(e, OK);
}

// An upload and what is to be seen of it.
struct subject {
    struct upload upload;
    struct asset *asset;
    uint32_t rung;
    struct watched source;
    size_t shown;
    int64_t ticks[FRAMES_MAX]; // of each shown source frame
    uint8_t centre[FRAMES_MAX];
};

static void subject_open(struct subject *s, const char *name)
{
    *s = (struct subject){.shown = 0};
    upload_open(name, &s->upload);
    s->asset = upload_asset(&s->upload);
    const struct rendition *r = upload_smallest(&s->upload);
    s->rung = (uint32_t)(r - s->upload.rendition);
    const struct plan *p = s->upload.plan;
    watch(s->upload.fd, r->recipe.stream, &s->source);
    for (size_t i = 0; i < s->source.frames; i++) {
        int64_t pts = s->source.frame[i].pts;
        if (pts < p->first_pts)
            continue;
        s->ticks[s->shown] = pts == p->first_pts ? 0 : plan_ticks(p, pts);
        s->centre[s->shown++] = s->source.frame[i].centre;
    }
}

static void subject_close(struct subject *s)
{
    watched_done(&s->source);
    asset_unref(s->asset);
    upload_close(&s->upload);
}

static struct timeline *lay(const struct subject *s, size_t from, size_t to)
{
    int64_t end = s->upload.plan->gop_border[s->upload.plan->gops];
    struct timeline *t = timeline_new();
    succeed(timeline_add_ticks(t, s->asset, s->ticks[from],
                               to == s->shown ? end : s->ticks[to]));
    return t;
}

// The clip as a player fetches it: init, then every segment.
static void make_clip(const struct subject *s, const struct clip *c,
                      struct buf *out)
{
    scoped(media_source) struct media_source *source =
        upload_source(&s->upload);
    buf_init(out, FILM_BYTES_MAX);
    scoped(piece) struct piece init = {0};
    succeed(piece_of_clip(c, s->rung, PIECE_INIT, 0, &init));
    make_piece(&s->upload, source, &init, out);
    for (uint32_t i = 0; i < c->segments; i++) {
        scoped(piece) struct piece p = {0};
        succeed(piece_of_clip(c, s->rung, PIECE_SEGMENT, i, &p));
        make_piece(&s->upload, source, &p, out);
    }
}

static void watch_buf(const struct buf *film, struct watched *ret)
{
    int fd = file_of(film->bytes, film->len);
    watch(fd, -1, ret);
    fd_close(fd);
    assert_int_equal(ret->errors, 0);
}

static int distance(int a, int b)
{
    return a < b ? b - a : a - b;
}

// Source frames [from, to), shown in order: none missing, none extra, each at
// its time, over all joins of edges with whole segments.
static void assert_clip(const struct subject *s, size_t from, size_t to)
{
    scoped(timeline) struct timeline *t = lay(s, from, to);
    scoped(buf) struct buf film;
    make_clip(s, t->clip, &film);
    struct watched seen;
    watch_buf(&film, &seen);
    assert_int_equal(seen.frames, to - from);
    for (size_t i = 0; i < seen.frames; i++) {
        assert_int_equal(seen.frame[i].pts - seen.frame[0].pts,
                         s->ticks[from + i] - s->ticks[from]);
        assert_true(distance(seen.frame[i].centre, s->centre[from + i]) <= 8);
    }
    watched_done(&seen);
}

// Cuts everywhere: beside borders of segments and GOPs, and at odd places.
static void assert_clips(const char *name, size_t count)
{
    struct subject *s = NEW(struct subject);
    subject_open(s, name);
    size_t n = s->shown;
    assert_true(n > 8);
    const size_t cuts[][2] = {
        {n / 7,     n - n / 5},
        {n / 3,     n / 3 + 1},
        {n / 2 - 1, n / 2 + 2},
        {n * 2 / 5, n * 3 / 5},
        {n - 1,     n        },
        {0,         n - 1    },
        {1,         n        },
    };
    assert_true(count <= sizeof cuts / sizeof *cuts);
    for (size_t i = 0; i < count; i++)
        assert_clip(s, cuts[i][0], cuts[i][1]);
    subject_close(s);
    free(s);
}

#define CLIPS_OF(test, name, cuts)                                             \
    static void test(void **state)                                             \
    {                                                                          \
        (void)state;                                                           \
        assert_clips(name, cuts);                                              \
    }

CLIPS_OF(clips_of_open_gops_are_exact, "timing/open-gop-bpyramid.mp4", 7)
CLIPS_OF(clips_of_a_film_are_exact, "film/tos-1080p2997-qr-cmaf-8s.mp4", 3)
CLIPS_OF(clips_at_a_variable_rate_are_exact, "timing/vfr-dropped-frames.mp4", 7)
CLIPS_OF(clips_behind_an_edit_list_are_exact, "timing/edit-list-trim-copy.mp4",
         3)
CLIPS_OF(clips_of_one_long_gop_are_exact, "timing/one-gop-44s-1fps.mp4", 7)
CLIPS_OF(clips_of_hevc_are_exact, "timing/hevc-open-gop-cra.mp4", 4)
CLIPS_OF(clips_of_transport_streams_are_exact, "timing/plain.ts", 3)
CLIPS_OF(clips_behind_an_hour_are_exact, "timing/start-offset-1h.mkv", 3)

// The first tfdt of a piece (ISO/IEC 14496-12 8.8.12).
static int64_t decode_time_of(const struct buf *piece)
{
    const uint8_t *at = memmem(piece->bytes, piece->len, "tfdt", 4);
    assert_non_null(at);
    bool is_wide = at[4] == 1;
    int64_t time = 0;
    for (int i = 0; i < (is_wide ? 8 : 4); i++)
        time = time << 8 | at[8 + i];
    return time;
}

static void an_edge_keeps_the_time_of_the_asset(void **state)
{
    (void)state;
    struct subject *s = NEW(struct subject);
    subject_open(s, "timing/open-gop-bpyramid.mp4");
    scoped(timeline) struct timeline *t = lay(s, 37, s->shown - 11);
    scoped(media_source) struct media_source *source =
        upload_source(&s->upload);
    for (uint32_t i = 0; i < t->segments; i++) {
        scoped(buf) struct buf bytes;
        buf_init(&bytes, FILM_BYTES_MAX);
        scoped(piece) struct piece p = {0};
        succeed(piece_of_clip(t->clip, s->rung, PIECE_SEGMENT, i, &p));
        make_piece(&s->upload, source, &p, &bytes);
        assert_int_equal(decode_time_of(&bytes), t->clip->border[i]);
    }
    subject_close(s);
    free(s);
}

// Same key, same bytes: whatever the decoder did before, however many threads.
static void an_edge_is_the_same_however_it_is_made(void **state)
{
    (void)state;
    struct subject *s = NEW(struct subject);
    subject_open(s, "timing/open-gop-bpyramid.mp4");
    scoped(timeline) struct timeline *t = lay(s, 61, s->shown);
    scoped(piece) struct piece p = {0};
    succeed(piece_of_clip(t->clip, s->rung, PIECE_SEGMENT, 0, &p));
    scoped(buf) struct buf one, two;
    buf_init(&one, FILM_BYTES_MAX);
    buf_init(&two, FILM_BYTES_MAX);
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    scoped(media_source) struct media_source *cold = upload_source(&s->upload);
    scoped(media_source) struct media_source *warm = upload_source(&s->upload);
    ask_piece(&s->upload, &p, 1, ask);
    make_into(cold, ask, &one);
    scoped(buf) struct buf other;
    buf_init(&other, FILM_BYTES_MAX);
    upload_ask(&s->upload, &s->upload.rendition[s->rung], 0, 2, ask);
    ask_add(ask, &s->upload.rendition[s->rung], PIECE_SEGMENT);
    make_into(warm, ask, &other);
    ask_piece(&s->upload, &p, 4, ask);
    make_into(warm, ask, &two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.bytes, two.bytes, one.len);
    subject_close(s);
    free(s);
}

// ---- what stands in --------------------------------------------------------

static void hear_clip(const struct subject *s, const struct clip *c,
                      const struct rendition *r, struct heard *ret)
{
    scoped(media_source) struct media_source *source =
        upload_source(&s->upload);
    scoped(buf) struct buf film;
    buf_init(&film, FILM_BYTES_MAX);
    scoped(piece) struct piece init = {0};
    succeed(piece_of_other(c, r, PIECE_INIT, 0, &init));
    make_piece(&s->upload, source, &init, &film);
    for (uint32_t i = 0; i < c->segments; i++) {
        scoped(piece) struct piece p = {0};
        succeed(piece_of_other(c, r, PIECE_SEGMENT, i, &p));
        make_piece(&s->upload, source, &p, &film);
    }
    int fd = file_of(film.bytes, film.len);
    hear(fd, -1, ret);
    fd_close(fd);
}

static double loudest(const struct heard *h)
{
    double most = 0;
    for (size_t i = 0; i < h->samples * (size_t)h->channels; i++) {
        double v = (double)h->sample[i];
        most = v > most ? v : -v > most ? -v : most;
    }
    return most;
}

static void silence_is_silent_and_as_long_as_the_clip(void **state)
{
    (void)state;
    struct subject *s = NEW(struct subject);
    subject_open(s, "timing/one-gop-44s-1fps.mp4");
    struct asset *a = s->asset;
    a->plan->audios = 0;
    uint32_t videos = 0;
    while (videos < a->renditions && a->rendition[videos].audio < 0)
        videos++;
    a->renditions = videos;
    scoped(timeline) struct timeline *t = lay(s, 3, 20);
    struct rendition r = stand_in_sound(a, 128000);
    assert_int_equal(r.recipe.stream, -1);
    struct heard h;
    hear_clip(s, t->clip, &r, &h);
    assert_int_equal(h.rate, 48000);
    assert_int_equal(h.channels, 2);
    assert_true(loudest(&h) < 1e-6);
    int64_t samples = scale_round(t->duration_us, 48000, 1000000);
    assert_in_range((int64_t)h.samples - samples + 1024, 0, 2048);
    heard_done(&h);
    subject_close(s);
    free(s);
}

static void sound_of_a_stream_is_as_long_as_the_clip(void **state)
{
    (void)state;
    struct subject *s = NEW(struct subject);
    subject_open(s, "timing/start-offset-10s.mp4");
    scoped(timeline) struct timeline *t = lay(s, 40, s->shown - 30);
    struct rendition r = stand_in_sound(s->asset, 128000);
    assert_true(r.recipe.stream >= 0);
    struct heard h;
    hear_clip(s, t->clip, &r, &h);
    assert_int_equal(h.rate, 48000);
    assert_true(loudest(&h) > 0.001);
    int64_t samples = scale_round(t->duration_us, 48000, 1000000);
    assert_in_range((int64_t)h.samples - samples + 1024, 0, 2048);
    heard_done(&h);
    subject_close(s);
    free(s);
}

// Over the borders of an upload with sound, 25 black pictures a second.
static void black_pictures_fill_the_range(void **state)
{
    (void)state;
    struct subject *s = NEW(struct subject);
    subject_open(s, "timing/one-gop-44s-1fps.mp4");
    scoped(timeline) struct timeline *t = lay(s, 3, 20);
    struct rendition r =
        stand_in_black(s->asset, &s->asset->rendition[s->rung]);
    scoped(media_source) struct media_source *source =
        upload_source(&s->upload);
    scoped(buf) struct buf film;
    buf_init(&film, FILM_BYTES_MAX);
    scoped(piece) struct piece init = {0};
    succeed(piece_of_other(t->clip, &r, PIECE_INIT, 0, &init));
    make_piece(&s->upload, source, &init, &film);
    for (uint32_t i = 0; i < t->segments; i++) {
        scoped(piece) struct piece p = {0};
        succeed(piece_of_other(t->clip, &r, PIECE_SEGMENT, i, &p));
        make_piece(&s->upload, source, &p, &film);
    }
    struct watched seen;
    watch_buf(&film, &seen);
    assert_int_equal(seen.frames, 17 * 25);
    assert_int_equal(seen.width, r.width);
    int64_t step = s->upload.plan->timescale / 25;
    for (size_t i = 0; i < seen.frames; i++) {
        assert_in_range(seen.frame[i].centre, 14, 18);
        assert_true(i == 0 ||
                    seen.frame[i].pts - seen.frame[i - 1].pts <= step + 1);
    }
    watched_done(&seen);
    subject_close(s);
    free(s);
}

static int piece_file(const struct subject *s, const struct piece *p)
{
    scoped(media_source) struct media_source *source =
        upload_source(&s->upload);
    scoped(buf) struct buf bytes;
    buf_init(&bytes, FILM_BYTES_MAX);
    make_piece(&s->upload, source, p, &bytes);
    return file_of(bytes.bytes, bytes.len);
}

static void what_stands_in_has_a_ts_view(void **state)
{
    (void)state;
    struct subject *s = NEW(struct subject);
    subject_open(s, "timing/one-gop-44s-1fps.mp4");
    scoped(timeline) struct timeline *t = lay(s, 3, 6);
    struct rendition black =
        stand_in_black(s->asset, &s->asset->rendition[s->rung]);
    struct rendition silence = stand_in_sound(s->asset, 128000);
    silence.recipe.stream = -1;
    const struct rendition *of[] = {&black, &silence};
    int fd[5];
    for (int i = 0; i < 4; i++) {
        scoped(piece) struct piece p = {0};
        succeed(piece_of_other(t->clip, of[i / 2],
                               i % 2 ? PIECE_SEGMENT : PIECE_INIT, 0, &p));
        fd[i] = piece_file(s, &p);
    }
    fd[4] = file_of("", 0);
    struct wire_ts ask = {.has_video = true,
                          .has_audio = true,
                          .video_timescale = black.timescale,
                          .audio_timescale = silence.timescale};
    struct wire_made made;
    media_make_ts(&ask, fd[0], fd[1], fd[2], fd[3], fd[4], &made);
    succeed(made.result);
    struct watched seen;
    watch(fd[4], -1, &seen);
    assert_int_equal(seen.errors, 0);
    // Of the first segment of the clip, 25 a second.
    int64_t ticks = t->clip->border[1] - t->clip->border[0];
    assert_int_equal(seen.frames, scale_ceil(ticks, STAND_IN_FRAME_RATE,
                                             s->upload.plan->timescale));
    struct heard h;
    hear(fd[4], -1, &h);
    assert_true(loudest(&h) < 1e-6);
    heard_done(&h);
    watched_done(&seen);
    for (int i = 0; i < 5; i++)
        fd_close(fd[i]);
    subject_close(s);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clips_of_open_gops_are_exact),
        cmocka_unit_test(clips_of_a_film_are_exact),
        cmocka_unit_test(clips_at_a_variable_rate_are_exact),
        cmocka_unit_test(clips_behind_an_edit_list_are_exact),
        cmocka_unit_test(clips_of_one_long_gop_are_exact),
        cmocka_unit_test(clips_of_hevc_are_exact),
        cmocka_unit_test(clips_of_transport_streams_are_exact),
        cmocka_unit_test(clips_behind_an_hour_are_exact),
        cmocka_unit_test(an_edge_keeps_the_time_of_the_asset),
        cmocka_unit_test(an_edge_is_the_same_however_it_is_made),
        cmocka_unit_test(silence_is_silent_and_as_long_as_the_clip),
        cmocka_unit_test(sound_of_a_stream_is_as_long_as_the_clip),
        cmocka_unit_test(black_pictures_fill_the_range),
        cmocka_unit_test(what_stands_in_has_a_ts_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
