// SPDX-License-Identifier: MIT
// manifest_test.c - manifests agree with the plan and with what is made.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play_sample.h"
#include "reeld/base/mem.h"
#include "reeld/play.h"
#include "unit.h"

enum { TEXT_MAX = 1 << 20 };

// The text, to be released with free().
static char *manifest(const struct asset *a, const char *path, bool wants_ts)
{
    scoped(play_show) const struct play_show *show = NULL;
    struct str rest;
    struct play_path p;
    assert_int_equal(play_open(a, str_of(path), &show, &rest), OK);
    assert_int_equal(play_parse(show, rest, wants_ts, &p), OK);
    struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(play_write_manifest(sample.catalog, show, &p, "", &out),
                     OK);
    size_t len;
    return (char *)buf_take(&out, &len);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("no %s in\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

// Every line that is a URI, and every URI in quotes, can be asked for.
static void follow(const struct asset *a, const char *folder, const char *text,
                   int *ret_count)
{
    char copy[TEXT_MAX / 4];
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    char *lines = copy;
    for (char *line; (line = strsep(&lines, "\n"));) {
        char *uri = *line != '#' ? line : strstr(line, "URI=\"");
        if (!uri || *uri == '\0')
            continue;
        if (*line == '#') {
            uri += strlen("URI=\"");
            *strchr(uri, '"') = '\0';
        }
        char path[128];
        snprintf(path, sizeof path, "%s%s", folder, uri);
        scoped(play_show) const struct play_show *show = NULL;
        struct str rest;
        struct play_path p;
        assert_int_equal(play_open(a, str_of(path), &show, &rest), OK);
        enum err result = play_parse(show, rest, false, &p);
        if (result != OK)
            print_error("%s\n", path);
        assert_int_equal(result, OK);
        *ret_count += 1;
        if (!p.is_manifest)
            continue;
        char below[64];
        snprintf(below, sizeof below, "%.*s%s/", (int)(rest.ptr - path), path,
                 play_show_offer(show)->rung[p.rung].name);
        scoped(mem) char *child = manifest(a, path, false);
        follow(a, below, child, ret_count);
    }
}

// HTTP-01, as far as it is ours: what is named can be parsed.
static void every_uri_of_a_playlist_exists(void **state)
{
    (void)state;
    const struct asset *assets[] = {sample.film, sample.song};
    // Four playlists of pictures, three of sound, with init and 31 segments;
    // I-frames of three encoded rungs and of the copied one.
    static const int counts[] = {
        12 + 7 * 32 + 3 * 61 + 32 - 1, // the main sound once, in its group
        2 * (1 + 1 + 9),
    };
    for (int i = 0; i < 2; i++) {
        scoped(mem) char *text = manifest(assets[i], "index.m3u8", false);
        int count = 0;
        follow(assets[i], "", text, &count);
        assert_int_equal(count, counts[i]);
        scoped(mem) char *ts = manifest(assets[i], "index.m3u8", true);
        count = 0;
        follow(assets[i], "", ts, &count);
        assert_int_equal(count, i == 0 ? 4 * 32 : 2 * 10);
    }
}

static void a_film_offers_groups_and_iframes(void **state)
{
    (void)state;
    scoped(mem) char *text = manifest(sample.film, "index.m3u8", false);
    assert_has(text, "NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES");
    assert_has(text, "NAME=\"fr\",LANGUAGE=\"fr\",DEFAULT=NO");
    assert_has(text, "CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080");
    assert_has(text, "URI=\"source/iframes.m3u8\"");
    // Nothing is made: bounds and no averages.
    assert_null(strstr(text, "AVERAGE-BANDWIDTH"));
    scoped(mem) char *ts = manifest(sample.film, "index.m3u8", true);
    assert_null(strstr(ts, "EXT-X-MEDIA:"));
    assert_has(ts, "720p/ts.m3u8");
}

static void rates_are_measured_once_all_is_made(void **state)
{
    (void)state;
    const struct asset *a = sample.song;
    int r = asset_rendition(a, STR("audio-64k"));
    char declared[64];
    snprintf(declared, sizeof declared, "BANDWIDTH=%" PRId64 ",CODECS",
             a->rendition[r].declared_bps);
    const struct plan *plan = a->plan;
    for (uint32_t k = 1; k < plan->segments; k++)
        play_sample_claim(&sample, a, (uint32_t)r, PIECE_SEGMENT, k,
                          k == 3 ? 60000 : 30000);
    scoped(mem) char *before = manifest(a, "index.m3u8", false);
    assert_has(before, declared);

    play_sample_claim(&sample, a, (uint32_t)r, PIECE_SEGMENT, 0, 15000);
    scoped(mem) char *after = manifest(a, "index.m3u8", false);
    int64_t ticks = plan_segment_to(plan, 3) - plan_segment_from(plan, 3);
    int64_t peak_bps =
        scale_ceil(60000, 8000000, scale_round(ticks, 1000000, 48000));
    int64_t bytes = 15000 + (int64_t)(plan->segments - 2) * 30000 + 60000;
    char measured[96];
    snprintf(measured, sizeof measured,
             "BANDWIDTH=%" PRId64 ",AVERAGE-BANDWIDTH=%" PRId64 ",CODECS",
             peak_bps, scale_round(bytes, 8000000, plan_duration_us(plan)));
    assert_has(after, measured);
    scoped(mem) char *mpd = manifest(a, "manifest.mpd", false);
    snprintf(measured, sizeof measured, "bandwidth=\"%" PRId64 "\"", peak_bps);
    assert_has(mpd, measured);
}

// HLS-36, HLS-37, CMAF-14: one target duration, one range, one segment list.
static void playlists_of_an_asset_agree(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "source/index.m3u8",     "240p/ts.m3u8",
        "480p/iframes.m3u8",     "240p/index.m3u8",
        "audio-128k/index.m3u8", "audio-64k/index.m3u8",
        "source/ts.m3u8",        "audio-2-128k/index.m3u8",
        "source/iframes.m3u8",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        scoped(mem) char *text = manifest(sample.film, paths[i], false);
        assert_has(text, "#EXT-X-TARGETDURATION:4\n");
        double sum = 0;
        for (char *at = text; (at = strstr(at, "#EXTINF:"));)
            sum += strtod(at + strlen("#EXTINF:"), &at);
        assert_true(sum > 119.97 && sum < 120.03);
    }
}

static void dash_times_are_those_of_the_plan(void **state)
{
    (void)state;
    scoped(mem) char *text = manifest(sample.film, "manifest.mpd", false);
    assert_has(text, "mediaPresentationDuration=\"PT120S\"");
    assert_has(text, "<S t=\"0\" d=\"25600\" r=\"1\"/>\n");
    assert_has(text, "<S d=\"51200\" r=\"28\"/>\n");
    // 2 s are 93.75 packets at 48 kHz.
    assert_has(text, "<S t=\"0\" d=\"95232\"/>\n     <S d=\"96256\"/>\n");
    assert_has(text, "width=\"1440\" height=\"1080\" frameRate=\"25\" "
                     "sar=\"4:3\"");
    assert_has(text, "audioSamplingRate=\"44100\"");
    scoped(mem) char *song = manifest(sample.song, "manifest.mpd", false);
    assert_null(strstr(song, "video/mp4"));
    assert_has(song, "mediaPresentationDuration=\"PT30S\"");
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    scoped(play_show) const struct play_show *show = NULL;
    assert_int_equal(play_show_of_asset(sample.film, &show), OK);
    struct play_path p;
    assert_int_equal(play_parse(show, STR("manifest.mpd"), false, &p), OK);
    scoped(buf) struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(play_write_manifest(sample.catalog, show, &p, "", &out),
                     ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_uri_of_a_playlist_exists),
        cmocka_unit_test(a_film_offers_groups_and_iframes),
        cmocka_unit_test(rates_are_measured_once_all_is_made),
        cmocka_unit_test(playlists_of_an_asset_agree),
        cmocka_unit_test(dash_times_are_those_of_the_plan),
        cmocka_unit_test(a_full_buffer_is_reported),
    };
    return cmocka_run_group_tests(tests, play_set_up, play_tear_down);
}
