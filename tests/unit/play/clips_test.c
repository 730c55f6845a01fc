// SPDX-License-Identifier: MIT
// clips_test.c - ranges of an asset and lists of unlike assets, as they play.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play_sample.h"
#include "reeld/base/mem.h"
#include "reeld/play.h"
#include "unit.h"

enum { TEXT_MAX = 1 << 20 };

// ---- helpers ---------------------------------------------------------------

// An edge, a segment and an edge, then an edge without a cut in a GOP.
static const struct play_show *two_ranges(void)
{
    static const struct npt_range range[] = {
        {10200000, 18000000},
        {40000000, 42000000},
    };
    const struct play_show *show = NULL;
    assert_int_equal(
        play_show_of_ranges(sample.film, range, 2, SNAP_FRAME, &show), OK);
    return show;
}

static void add(struct timeline *t, const struct asset *a, int start_ms,
                int end_ms)
{
    assert_int_equal(timeline_add(t, a, start_ms * INT64_C(1000),
                                  end_ms * INT64_C(1000), SNAP_FRAME),
                     OK);
}

// Film, film where it left off, no sound, no pictures, film again.
static const struct play_show *five_clips(void)
{
    struct timeline *t = timeline_new();
    add(t, sample.film, 1000, 7480);
    add(t, sample.film, 7480, 9000);
    add(t, sample.mute, 500, 15700);
    add(t, sample.song, 3000, 9000);
    add(t, sample.film, 60000, 60040); // a single picture
    const struct play_show *show = NULL;
    assert_int_equal(play_show_of_timeline(t, &show), OK);
    return show;
}

static struct play_path parse(const struct play_show *show, const char *path,
                              bool wants_ts)
{
    struct play_path p;
    enum err result = play_parse(show, str_of(path), wants_ts, &p);
    if (result != OK)
        print_error("%s\n", path);
    assert_int_equal(result, OK);
    return p;
}

// The text, to be released with free().
static char *write(const struct play_show *show, const char *path,
                   bool wants_ts, const char *base)
{
    struct play_path p = parse(show, path, wants_ts);
    struct buf out;
    buf_init(&out, TEXT_MAX);
    // Clips are written without a look at the catalog.
    assert_int_equal(play_write_manifest(NULL, show, &p, base, &out), OK);
    size_t len;
    return (char *)buf_take(&out, &len);
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        found++;
    return found;
}

static int64_t sum_us(const char *text)
{
    int64_t sum = 0;
    for (const char *at = text; (at = strstr(at, "#EXTINF:"));) {
        char *rest;
        sum += strtoll(at + strlen("#EXTINF:"), &rest, 10) * 1000000;
        sum += strtoll(rest + 1, &rest, 10);
        at = rest;
    }
    return sum;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("no %s in\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

// ---- tests -----------------------------------------------------------------

static void ranges_have_one_spelling(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = two_ranges();
    scoped(buf) struct buf base;
    buf_init(&base, 1000);
    play_write_base(show, &base);
    assert_string_equal((char *)base.bytes, "t/130560-230400,512000-537600/");
    buf_text(&base, "720p/index.m3u8");
    scoped(play_show) const struct play_show *again = NULL;
    struct str rest;
    assert_int_equal(play_open(sample.film, buf_view(&base), &again, &rest),
                     OK);
    assert_true(str_eq(rest, STR("720p/index.m3u8")));
    assert_int_equal(play_show_duration_us(again), play_show_duration_us(show));
    assert_int_equal(play_show_duration_us(show), 9800000);

    static const char *const others[] = {
        "t/",
        "t//",
        "t/x/",
        "t/1-2/",
        "t/0-512,/",
        "t/,0-512/",
        "t/00-512/",
        "t/0-0512/",
        "t/512-0/",
        "t/0-0/",
        "t/-512/",
        "t/0-/",
        "t/0-512-1024/",
        "t/0-513/",
        "t/+0-512/",
        "t/0 -512/",
        "t/0-99999999999999999999/",
        "t/0-1536512/",
        "t",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s%s", others[i], "index.m3u8");
        const struct play_show *none = NULL;
        enum err result = play_open(sample.film, str_of(path), &none, &rest);
        struct play_path p;
        if (result == OK)
            result = play_parse(none, rest, false, &p);
        if (result != ERR_NOT_FOUND)
            print_error("%s\n", path);
        assert_int_equal(result, ERR_NOT_FOUND);
        play_show_unref(none);
    }
}

static void clips_of_one_asset_keep_its_renditions(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = two_ranges();
    scoped(mem) char *text = write(show, "index.m3u8", false, "t/1-2/");
    assert_null(strstr(text, "source"));
    assert_has(text, "\nt/1-2/720p/index.m3u8\n");
    assert_has(text, "URI=\"t/1-2/audio-2-128k/index.m3u8\"");
    assert_null(strstr(text, "I-FRAME"));
    assert_null(strstr(text, "AVERAGE"));
    scoped(mem) char *ts = write(show, "index.m3u8", true, "");
    assert_has(ts, "\n720p/ts.m3u8\n");

    static const struct npt_range whole = {2000000, 8000000};
    scoped(play_show) const struct play_show *kept = NULL;
    assert_int_equal(
        play_show_of_ranges(sample.film, &whole, 1, SNAP_FRAME, &kept), OK);
    scoped(mem) char *copied = write(kept, "index.m3u8", false, "");
    assert_has(copied, "source/index.m3u8");
}

static void playlists_of_clips_agree(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = two_ranges();
    static const char *const paths[] = {
        "720p/index.m3u8",      "240p/ts.m3u8",
        "480p/iframes.m3u8",    "audio-128k/index.m3u8",
        "audio-64k/index.m3u8", "audio-2-128k/index.m3u8",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        scoped(mem) char *text = write(show, paths[i], false, "");
        bool is_ts = strstr(paths[i], "ts.m3u8");
        assert_int_equal(sum_us(text), 9800000);
        assert_int_equal(count(text, "#EXTINF:"), 4);
        assert_int_equal(count(text, "#EXT-X-DISCONTINUITY\n"), 1);
        assert_has(text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
        assert_int_equal(count(text, "#EXT-X-MAP:URI=\"init.mp4\"\n"),
                         is_ts ? 0 : 2);
        assert_has(text, "#EXT-X-TARGETDURATION:4\n");
    }
    scoped(mem) char *text = write(show, "720p/index.m3u8", false, "");
    assert_has(text, "#EXTINF:1.800000,\n0.m4s\n#EXTINF:4.000000,\n1.m4s\n"
                     "#EXTINF:2.000000,\n2.m4s\n"
                     "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init.mp4\"\n"
                     "#EXTINF:2.000000,\n3.m4s\n#EXT-X-ENDLIST\n");
}

// HLS-09: no more of them than needed.
static void clips_that_meet_are_one_stretch(void **state)
{
    (void)state;
    static const struct npt_range range[] = {
        {1000000, 5000000},
        {5000000, 9000000},
        {9040000, 9500000},
    };
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(
        play_show_of_ranges(sample.film, range, 3, SNAP_FRAME, &show), OK);
    scoped(mem) char *text = write(show, "480p/index.m3u8", false, "");
    assert_int_equal(count(text, "#EXT-X-DISCONTINUITY\n"), 1);
    assert_int_equal(count(text, "#EXT-X-MAP:"), 2);
    assert_int_equal(sum_us(text), 8480000);
    scoped(mem) char *mpd = write(show, "manifest.mpd", false, "");
    assert_int_equal(count(mpd, "<Period "), 3);
    assert_int_equal(count(mpd, "period-continuity:2015\" value=\"0\""), 3);
    assert_int_equal(count(mpd, "period-connectivity:2015\" value=\"1\""), 3);
}

static void unlike_assets_are_joined(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = five_clips();
    int64_t total = 6480000 + 1520000 + 15181833 + 6000000 + 40000;
    scoped(mem) char *all = write(show, "index.m3u8", false, "");
    assert_has(all, "RESOLUTION=1280x720,FRAME-RATE=29.970");
    assert_has(all, "LANGUAGE=\"und\"");
    assert_null(strstr(all, "source"));
    int64_t sums[3];
    static const char *const paths[] = {
        "720p/index.m3u8", "audio-128k/index.m3u8", "240p/ts.m3u8"};
    for (int i = 0; i < 3; i++) {
        scoped(mem) char *text = write(show, paths[i], false, "");
        sums[i] = sum_us(text);
        assert_int_equal(count(text, "#EXT-X-DISCONTINUITY\n"), 3);
        assert_int_equal(count(text, "#EXT-X-MAP:"), i == 2 ? 0 : 4);
        if (i < 2)
            assert_int_equal(count(text, "\"init-0.mp4\""), 2);
        assert_int_equal(sums[i], play_show_duration_us(show));
    }
    assert_true(sums[0] > total - 40000 && sums[0] < total + 40000);
    scoped(mem) char *mpd = write(show, "manifest.mpd", false, "");
    assert_int_equal(count(mpd, "<Period "), 5);
    assert_int_equal(count(mpd, "<Representation id=\"720p\""), 5);
    assert_int_equal(count(mpd, "$RepresentationID$/init-2.mp4"), 2);
    assert_int_equal(count(mpd, "$RepresentationID$/init-3.mp4"), 2);
    assert_int_equal(count(mpd, "period-continuity"), 2);
}

// HTTP-01: what is named can be parsed, and is a piece.
static void every_piece_of_a_list_exists(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = five_clips();
    const struct show *offer = play_show_offer(show);
    int pieces = 0;
    for (uint32_t r = 0; r < offer->rungs; r++) {
        static const char *const lists[] = {"index", "ts", "iframes"};
        for (int i = 0; i < 3; i++) {
            char path[96];
            snprintf(path, sizeof path, "%s/%s.m3u8", offer->rung[r].name,
                     lists[i]);
            struct play_path p;
            if (play_parse(show, str_of(path), false, &p) != OK)
                continue;
            scoped(mem) char *text = write(show, path, false, "");
            char *rest = text;
            for (char *line; (line = strsep(&rest, "\n"));) {
                char *uri = *line != '#' ? line : strstr(line, "URI=\"");
                if (!uri || !*uri)
                    continue;
                if (*line == '#')
                    *strrchr(uri += strlen("URI=\""), '"') = '\0';
                snprintf(path, sizeof path, "%s/%s", offer->rung[r].name, uri);
                p = parse(show, path, false);
                scoped(piece) struct piece piece = {0};
                assert_int_equal(play_piece_of(show, &p, &piece), OK);
                pieces++;
            }
        }
    }
    uint32_t segments = play_show_timeline(show)->segments;
    assert_int_equal(offer->rungs, 5);
    assert_int_equal(pieces, 5 * (segments + 4) + 3 * (2 * segments + 4));
}

static void numbers_run_on_over_the_clips(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = five_clips();
    const struct timeline *t = play_show_timeline(show);
    for (uint32_t i = 0; i < t->clips; i++) {
        char path[64];
        snprintf(path, sizeof path, "480p/%" PRIu32 ".m4s",
                 t->clip[i].first_segment);
        struct play_path p = parse(show, path, false);
        assert_string_equal(play_content_type(show, &p), "video/mp4");
        scoped(piece) struct piece piece = {0};
        assert_int_equal(play_piece_of(show, &p, &piece), OK);
        assert_true(id_eq(&piece.asset->id, &t->clip[i].asset->id));
        assert_int_equal(piece.from, t->clip[i].from);
    }
    static const char *const none[] = {
        "480p/init.mp4",    "480p/init-1.mp4", "480p/init-4.mp4",
        "480p/init-02.mp4", "480p/init-.mp4",  "480p/init-5.mp4",
        "source/0.m4s",     "audio-128k/0.ts", "audio-2-128k/index.m3u8",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct play_path p;
        assert_int_equal(play_parse(show, str_of(none[i]), false, &p),
                         ERR_NOT_FOUND);
    }
    char path[64];
    snprintf(path, sizeof path, "480p/%" PRIu32 ".m4s", t->segments);
    struct play_path p;
    assert_int_equal(play_parse(show, str_of(path), false, &p), ERR_NOT_FOUND);
}

static void behind_the_end_of_a_clip_the_next_one_begins(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = five_clips();
    const struct timeline *t = play_show_timeline(show);
    for (uint32_t i = 0; i < t->segments; i++) {
        const struct clip *c;
        uint32_t segment;
        assert_int_equal(timeline_find(t, i, &c, &segment), OK);
        bool is_join = segment + 1 == c->segments && i + 1 < t->segments;
        char path[64];
        snprintf(path, sizeof path, "480p/%" PRIu32 ".m4s", i);
        struct play_path p = parse(show, path, false);
        scoped(piece) struct piece piece = {0};
        assert_int_equal(play_piece_behind_join(show, &p, &piece),
                         is_join ? OK : ERR_NOT_FOUND);
        if (is_join)
            assert_int_equal(piece.from, c[1].from);
    }
    scoped(piece) struct piece none = {0};
    struct play_path p = parse(show, "480p/init-0.mp4", false);
    assert_int_equal(play_piece_behind_join(show, &p, &none), ERR_NOT_FOUND);
    p = parse(show, "480p/index.m3u8", false);
    assert_int_equal(play_piece_behind_join(show, &p, &none), ERR_NOT_FOUND);
}

static void the_first_pieces_are_edges(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = two_ranges();
    struct piece first[2];
    assert_int_equal(play_first_pieces(show, false, first), 2);
    assert_string_equal(piece_rendition(&first[0])->name, "480p");
    assert_true(first[0].is_edge);
    assert_string_equal(piece_rendition(&first[1])->name, "audio-128k");
    piece_done(&first[0]);
    piece_done(&first[1]);
    assert_int_equal(play_first_pieces(show, true, first), 1);
    assert_int_equal(first[0].kind, PIECE_TS);
    piece_done(&first[0]);
    scoped(play_show) const struct play_show *song = NULL;
    assert_int_equal(play_show_of_asset(sample.song, &song), OK);
    assert_int_equal(play_first_pieces(song, true, first), 1);
    piece_done(&first[0]);
}

// A short edge may cost more than any segment of the plan (HLS-23).
static void bounds_grow_with_short_edges(void **state)
{
    (void)state;
    static const struct npt_range range = {10200000, 11300000};
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(
        play_show_of_ranges(sample.film, &range, 1, SNAP_FRAME, &show), OK);
    scoped(mem) char *text = write(show, "manifest.mpd", false, "");
    // 2700k and half of it 893 times in 1000 s (once in 28 pictures), and
    // boxes.
    assert_has(text, "id=\"720p\" bandwidth=\"3983661\"");
}

static void what_is_no_range_is_refused(void **state)
{
    (void)state;
    static const struct npt_range late = {120000000, INT64_MAX};
    const struct play_show *show = NULL;
    assert_int_equal(
        play_show_of_ranges(sample.film, &late, 1, SNAP_FRAME, &show),
        ERR_BAD_INPUT);
    assert_int_equal(
        play_show_of_ranges(sample.film, &late, 0, SNAP_FRAME, &show),
        ERR_BAD_INPUT);
    struct asset *a = asset_new();
    assert_int_equal(play_show_of_ranges(a, &late, 1, SNAP_FRAME, &show),
                     ERR_NOT_FOUND);
    struct str rest;
    assert_int_equal(play_open(a, STR("t/0-1/index.m3u8"), &show, &rest),
                     ERR_NOT_FOUND);
    assert_null(show);
    asset_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_have_one_spelling),
        cmocka_unit_test(clips_of_one_asset_keep_its_renditions),
        cmocka_unit_test(playlists_of_clips_agree),
        cmocka_unit_test(clips_that_meet_are_one_stretch),
        cmocka_unit_test(unlike_assets_are_joined),
        cmocka_unit_test(every_piece_of_a_list_exists),
        cmocka_unit_test(numbers_run_on_over_the_clips),
        cmocka_unit_test(behind_the_end_of_a_clip_the_next_one_begins),
        cmocka_unit_test(the_first_pieces_are_edges),
        cmocka_unit_test(bounds_grow_with_short_edges),
        cmocka_unit_test(what_is_no_range_is_refused),
    };
    return cmocka_run_group_tests(tests, play_set_up, play_tear_down);
}
