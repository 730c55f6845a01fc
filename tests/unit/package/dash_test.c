// SPDX-License-Identifier: MIT
// dash_test.c - the MPD, byte for byte and against MPEG's schema.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "unit.h"

#include "package_films.h"
#include "package_golden.h"

enum { TEXT_MAX = 1 << 20 };

// MPEG's schema is not ours to ship; where it lies may be told.
static const char *schema_path(void)
{
    const char *path = getenv("DASH_SCHEMA");
    return path ? path : "/work/shared/reference/xsd/DASH-MPD.xsd";
}

static void assert_valid(const struct buf *text)
{
    xmlDocPtr doc = xmlReadMemory((char *)text->bytes, (int)text->len, "mpd",
                                  NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    if (access(schema_path(), R_OK) == 0) {
        xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(schema_path());
        xmlSchemaPtr schema = xmlSchemaParse(parser);
        assert_non_null(schema);
        xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
        assert_int_equal(xmlSchemaValidateDoc(validator, doc), 0);
        xmlSchemaFreeValidCtxt(validator);
        xmlSchemaFree(schema);
        xmlSchemaFreeParserCtxt(parser);
    }
    xmlFreeDoc(doc);
}

static enum err write_one(const struct dash_period *period, struct buf *out)
{
    struct dash_list list = {period, 1, ""};
    return dash_write(&list, out);
}

static void a_film_is_one_period(void **state)
{
    (void)state;
    struct presentation p = film();
    struct stretch video = film_video();
    // DASH-16.
    static const struct dash_tiles tiles = {5, 2, 800, 180, 30000, 600600};
    struct dash_period period = {
        0, 20020000, &p, &video, film_audio(), "init.mp4", DASH_ALONE, &tiles};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(write_one(&period, &out), OK);
    assert_golden("film.mpd", &out);
    assert_valid(&out);
}

static void sound_alone_has_no_video_set(void **state)
{
    (void)state;
    struct presentation p = song();
    struct stretch audio = song_audio();
    struct dash_period period = {0,      12010667,   &p,         NULL,
                                 &audio, "init.mp4", DASH_ALONE, NULL};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(write_one(&period, &out), OK);
    assert_golden("song.mpd", &out);
    assert_valid(&out);
}

static void titles_are_escaped(void **state)
{
    (void)state;
    struct presentation p = song();
    p.audio[0].title = "<&> ]]> é";
    struct stretch audio = song_audio();
    struct dash_period period = {0,      12010667,   &p,         NULL,
                                 &audio, "init.mp4", DASH_ALONE, NULL};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(write_one(&period, &out), OK);
    assert_non_null(
        strstr((char *)out.bytes, "<Label>&lt;&amp;&gt; ]]&gt; é</Label>"));
    assert_valid(&out);
}

static void equal_durations_share_an_entry(void **state)
{
    (void)state;
    enum { SEGMENTS = 1000 };
    int64_t border[SEGMENTS + 1];
    for (int64_t k = 0; k <= SEGMENTS; k++)
        border[k] = 512 + k * 192512;
    struct stretch audio = {
        .timescale = 48000, .segments = SEGMENTS, .border = border};
    struct presentation p = song();
    struct dash_period period = {0,      INT64_C(4010666667), &p,         NULL,
                                 &audio, "init.mp4",          DASH_ALONE, NULL};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(write_one(&period, &out), OK);
    assert_non_null(
        strstr((char *)out.bytes, "<S t=\"512\" d=\"192512\" r=\"999\"/>\n"));
    assert_non_null(strstr((char *)out.bytes, "\"PT4010.666667S\""));
    assert_valid(&out);
}

// DASH-04, DASH-10, DASH-14.
static void each_clip_is_a_period(void **state)
{
    (void)state;
    struct hls_part video[4], audio[4];
    clip_parts(video, false);
    clip_parts(audio, true);
    struct presentation p = film();
    p.audios = 1;
    struct dash_period period[4];
    for (uint32_t i = 0; i < 4; i++)
        period[i] = (struct dash_period){
            .id = i,
            .duration_us = video[i].stretch.duration_us,
            .presentation = &p,
            .video = &video[i].stretch,
            .audio = &audio[i].stretch,
            .init = video[i].init,
            .follows = i == 1 ? DASH_CONTINUOUS : DASH_ALONE};
    period[2].follows = DASH_CONNECTED;
    struct dash_list list = {period, 4, "t/1-2/"};
    scoped(buf) struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(dash_write(&list, &out), OK);
    assert_golden("clips.mpd", &out);
    assert_valid(&out);
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    struct presentation p = song();
    struct stretch audio = song_audio();
    struct dash_period period = {0,      12010667,   &p,         NULL,
                                 &audio, "init.mp4", DASH_ALONE, NULL};
    scoped(buf) struct buf out;
    buf_init(&out, 300);
    assert_int_equal(write_one(&period, &out), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_is_one_period),
        cmocka_unit_test(sound_alone_has_no_video_set),
        cmocka_unit_test(titles_are_escaped),
        cmocka_unit_test(equal_durations_share_an_entry),
        cmocka_unit_test(each_clip_is_a_period),
        cmocka_unit_test(a_full_buffer_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
