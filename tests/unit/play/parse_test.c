// SPDX-License-Identifier: MIT
// parse_test.c - every path that a manifest names, and none besides.
#include <stdio.h>
#include <string.h>

#include "play_sample.h"
#include "reeld/play.h"
#include "unit.h"

static enum err try(const struct asset *a, struct str path, bool wants_ts,
                    struct play_path *ret)
{
    scoped(play_show) const struct play_show *show = NULL;
    struct str rest;
    TRY(play_open(a, path, &show, &rest));
    return play_parse(show, rest, wants_ts, ret);
}

static const char *type_of(const struct asset *a, const struct play_path *p)
{
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(play_show_of_asset(a, &show), OK);
    return play_content_type(show, p);
}

static struct play_path parse(const struct asset *a, const char *path)
{
    struct play_path p = {0};
    enum err result = try(a, str_of(path), false, &p);
    if (result != OK)
        print_error("%s: %s\n", path, fail_text());
    assert_int_equal(result, OK);
    return p;
}

static void manifests_of_an_asset_are_found(void **state)
{
    (void)state;
    struct play_path p = parse(sample.film, "index.m3u8");
    assert_true(p.is_manifest);
    assert_int_equal(p.manifest, PLAY_HLS_MULTIVARIANT);
    assert_int_equal(p.rung, -1);
    assert_string_equal(type_of(sample.film, &p),
                        "application/vnd.apple.mpegurl");
    assert_int_equal(try(sample.film, STR("index.m3u8"), true, &p), OK);
    assert_int_equal(p.manifest, PLAY_HLS_MULTIVARIANT_TS);
    p = parse(sample.film, "ts.m3u8");
    assert_int_equal(p.manifest, PLAY_HLS_MULTIVARIANT_TS);
    p = parse(sample.film, "manifest.mpd");
    assert_int_equal(p.manifest, PLAY_DASH);
    assert_string_equal(type_of(sample.film, &p), "application/dash+xml");
}

static void playlists_of_a_rendition_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum play_manifest manifest;
    } paths[] = {
        {"720p/index.m3u8",         PLAY_HLS_MEDIA   },
        {"720p/ts.m3u8",            PLAY_HLS_MEDIA_TS},
        {"source/iframes.m3u8",     PLAY_HLS_IFRAMES },
        {"audio-2-128k/index.m3u8", PLAY_HLS_MEDIA   },
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct play_path p = parse(sample.film, paths[i].path);
        assert_true(p.is_manifest);
        assert_int_equal(p.manifest, paths[i].manifest);
        const char *name = sample.film->rendition[p.rung].name;
        assert_memory_equal(paths[i].path, name, strlen(name));
    }
}

static void pieces_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum piece_kind piece;
        uint32_t number;
        const char *type;
    } paths[] = {
        {"720p/init.mp4",      PIECE_INIT,    0,  "video/mp4" },
        {"720p/0.m4s",         PIECE_SEGMENT, 0,  "video/mp4" },
        {"source/30.m4s",      PIECE_SEGMENT, 30, "video/mp4" },
        {"240p/30.ts",         PIECE_TS,      30, "video/mp2t"},
        {"240p/i59.m4s",       PIECE_IFRAME,  59, "video/mp4" },
        {"source/i0.m4s",      PIECE_IFRAME,  0,  "video/mp4" },
        {"audio-64k/init.mp4", PIECE_INIT,    0,  "audio/mp4" },
        {"audio-128k/30.m4s",  PIECE_SEGMENT, 30, "audio/mp4" },
    };
    assert_int_equal(sample.film->plan->segments, 31);
    assert_int_equal(sample.film->plan->gops, 60);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct play_path p = parse(sample.film, paths[i].path);
        assert_false(p.is_manifest);
        assert_int_equal(p.piece, paths[i].piece);
        assert_int_equal(p.number, paths[i].number);
        assert_string_equal(type_of(sample.film, &p), paths[i].type);
    }
}

static void sound_alone_has_ts_of_its_own(void **state)
{
    (void)state;
    struct play_path p = parse(sample.song, "audio-64k/ts.m3u8");
    assert_int_equal(p.manifest, PLAY_HLS_MEDIA_TS);
    p = parse(sample.song, "audio-128k/0.ts");
    assert_int_equal(p.piece, PIECE_TS);
    assert_string_equal(type_of(sample.song, &p), "video/mp2t");
}

static void all_else_is_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "index.m3u",
        "Index.m3u8",
        "index.m3u8/",
        "720p",
        "720p/",
        "1080p/index.m3u8",
        "/index.m3u8",
        "720p//0.m4s",
        "720p/0",
        "720p/.m4s",
        "720p/00.m4s",
        "720p/01.m4s",
        "720p/+1.m4s",
        "720p/-1.m4s",
        "720p/ 1.m4s",
        "720p/1.m4s ",
        "720p/31.m4s",
        "720p/31.ts",
        "720p/4294967296.m4s",
        "720p/99999999999999999999.m4s",
        "720p/0.mp4",
        "720p/0.m4s.m4s",
        "720p/i60.m4s",
        "720p/i.m4s",
        "720p/i0.ts",
        "720p/ii0.m4s",
        "720p/init.m4s",
        "720p/0.m4s/0.m4s",
        "720p/manifest.mpd",
        "source/i3.m4s", // a copied picture stands for its whole segment
        "audio-128k/iframes.m3u8",
        "audio-128k/i0.m4s",
        "audio-128k/ts.m3u8", // in a film sound is muxed in
        "audio-128k/0.ts",
        "../index.m3u8",
        "720p/../720p/0.m4s",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct play_path p;
        enum err result = try(sample.film, str_of(paths[i]), false, &p);
        if (result != ERR_NOT_FOUND)
            print_error("%s\n", paths[i]);
        assert_int_equal(result, ERR_NOT_FOUND);
    }
    struct play_path p;
    struct str with_nul = {"720p/0.m4s\0", 11};
    assert_int_equal(try(sample.film, with_nul, false, &p), ERR_NOT_FOUND);
}

static void nothing_plays_before_it_is_ready(void **state)
{
    (void)state;
    struct asset *a = asset_new();
    a->state = ASSET_UPLOADED;
    struct play_path p;
    assert_int_equal(try(a, STR("index.m3u8"), false, &p), ERR_NOT_FOUND);
    asset_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests_of_an_asset_are_found),
        cmocka_unit_test(playlists_of_a_rendition_are_found),
        cmocka_unit_test(pieces_are_found),
        cmocka_unit_test(sound_alone_has_ts_of_its_own),
        cmocka_unit_test(all_else_is_not_found),
        cmocka_unit_test(nothing_plays_before_it_is_ready),
    };
    return cmocka_run_group_tests(tests, play_set_up, play_tear_down);
}
