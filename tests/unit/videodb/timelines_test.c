// SPDX-License-Identifier: MIT
// timelines_test.c - what clients say should play, as timelines. There is one
// film, of 20 s at 25 pictures a second, and its shapes.
#include <stdio.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/api/fields.h"
#include "reeld/model/gap.h"
#include "reeld/model/reframe.h"
#include "reeld/videodb/timelines.h"
#include "unit.h"

struct stage {
    const struct asset *film;
    int32_t shape_width, shape_height; // that was asked for last
    int shapes;
};

static enum err find(void *self, struct str id, const struct asset **ret)
{
    struct stage *s = self;
    if (!str_eq(id, str_of(s->film->id.text)))
        return fail(ERR_NOT_FOUND, "video %.*s does not exist", STR_ARG(id));
    *ret = asset_ref(s->film);
    return OK;
}

static enum err shape(void *self, const struct asset *whole, int32_t width,
                      int32_t height, const struct asset **ret)
{
    struct stage *s = self;
    assert_int_equal(reframe_check_shape(width, height), OK);
    s->shape_width = width;
    s->shape_height = height;
    s->shapes++;
    *ret = asset_ref(whole);
    return OK;
}

static enum err add_gap(void *self, struct timeline *t, int64_t duration_us)
{
    (void)self;
    return timeline_add_gap(t, duration_us, "x264 1");
}

static struct stage stage;
static const struct materials materials = {find, shape, add_gap, &stage};

static int set_up(void **state)
{
    (void)state;
    const struct asset *up = sample_upload(1);
    stage = (struct stage){.film = sample_probed(up)};
    asset_unref(up);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    asset_unref(stage.film);
    return 0;
}

typedef enum err reading(const struct materials *m, const json_t *body,
                         struct timeline *t);

// `text` with FILM for the id, and " for '.
static json_t *body_of(const char *text)
{
    char full[4096];
    size_t len = 0;
    for (const char *at = text; *at; at++) {
        if (strncmp(at, "FILM", 4) == 0) {
            len += (size_t)snprintf(full + len, sizeof(full) - len, "%s",
                                    stage.film->id.text);
            at += 3;
        } else {
            full[len++] = *at == '\'' ? '"' : *at;
        }
        assert_true(len < sizeof(full) - 64);
    }
    json_t *body = NULL;
    assert_int_equal(json_value_parse((struct str){full, len}, &body), OK);
    return body;
}

static struct timeline *read_as(reading *read, const char *text, enum err want)
{
    json_t *body = body_of(text);
    struct timeline *t = timeline_new();
    enum err e = read(&materials, body, t);
    if (e != want)
        print_error("%s: %s (%s)\n", text, err_name(e),
                    e == OK ? "" : fail_text());
    assert_int_equal(e, want);
    if (e != OK)
        assert_true(strlen(fail_text()) > 0);
    json_decref(body);
    return t;
}

static void refuses(reading *read, const char *text, enum err e,
                    const char *names)
{
    timeline_free(read_as(read, text, e));
    if (!strstr(fail_text(), names))
        print_error("%s: %s\n", text, fail_text());
    assert_non_null(strstr(fail_text(), names));
}

// Pairs of milliseconds of the film; a gap is -1 and its length. -2 ends.
static void plays(reading *read, const char *text, const int *wanted)
{
    scoped(timeline) struct timeline *t = read_as(read, text, OK);
    uint32_t i = 0;
    for (; wanted[2 * i] != -2; i++) {
        assert_true(i < t->clips);
        const struct clip *c = &t->clip[i];
        int64_t scale = c->asset->plan->timescale;
        bool is_gap = asset_is_gap(c->asset);
        assert_int_equal(is_gap, wanted[2 * i] == -1);
        int64_t from = is_gap ? 0 : wanted[2 * i];
        assert_int_equal(c->from * 1000 / scale, from);
        assert_int_equal(c->to * 1000 / scale, wanted[2 * i + 1]);
    }
    assert_int_equal(t->clips, i);
}
#define CLIPS(...) ((const int[]){__VA_ARGS__, -2, 0})

// ---- shots and inline videos -----------------------------------------------

static void shots_play_in_order_and_empty_ones_are_left_out(void **state)
{
    (void)state;
    plays(timelines_read_shots,
          "[{'video_id':'FILM','collection_id':null,'shots':[[4,5],[1,2]]},"
          "{'video_id':'FILM','collection_id':'c-wrong','shots':[[0.0,0.0]]},"
          "{'video_id':'FILM','shots':[[19,99]]}]",
          CLIPS(4000, 5000, 1000, 2000, 19000, 20000));
    reading *r = timelines_read_shots;
    refuses(r, "{}", ERR_BAD_INPUT, "list");
    refuses(r, "[]", ERR_BAD_INPUT, "nothing to play");
    refuses(r, "[{'video_id':'FILM','shots':[[0,0]]}]", ERR_BAD_INPUT,
            "nothing to play");
    refuses(r, "[{'shots':[[0,1]]}]", ERR_BAD_INPUT, "video_id");
    refuses(r, "[7]", ERR_BAD_INPUT, "video_id");
    refuses(r, "[{'video_id':'m-other','shots':[[0,1]]}]", ERR_NOT_FOUND,
            "m-other");
    refuses(r, "[{'video_id':'FILM','shots':[[0,1],[5,4]]}]", ERR_BAD_INPUT,
            "clip 1");
    refuses(r, "[{'video_id':'FILM','shots':[[30,40]]}]", ERR_BAD_INPUT,
            "past the end");
    refuses(r, "[{'video_id':'FILM','shots':{'0':1}}]", ERR_BAD_INPUT, "shots");
}

static void inline_videos_play_and_overlays_are_named(void **state)
{
    (void)state;
    reading *r = timelines_read_inline;
    plays(r,
          "{'request_type':'compile','timeline':["
          "{'asset_id':'FILM','start':18,'end':null},"
          "{'asset_id':'FILM','start':0,'end':1.5}]}",
          CLIPS(18000, 20000, 0, 1520)); // the picture at 1.48 s is in it
    refuses(r,
            "{'timeline':[{'asset_id':'FILM'},"
            "{'asset_id':'txt-1','text':'Hi','overlay_start':0}]}",
            ERR_UNSUPPORTED, "Overlays");
    refuses(r, "{'timeline':[]}", ERR_BAD_INPUT, "no videos");
    refuses(r, "{'timeline':null}", ERR_BAD_INPUT, "no videos");
    refuses(r, "[]", ERR_BAD_INPUT, "no videos");
    refuses(r, "{'timeline':[{'start':1}]}", ERR_BAD_INPUT, "asset_id");
    refuses(r, "{'timeline':[{'asset_id':'FILM','start':'1'}]}", ERR_BAD_INPUT,
            "start");
}

// ---- the editor ------------------------------------------------------------

#define CLIP(at, from, lasts, more)                                            \
    "{'start':" at                                                             \
    ",'clip':{'asset':{'type':'video','id':'FILM','start':" from               \
    "},'duration':" lasts more "}}"
#define EDIT(more, clips) "{'tracks':[{'clips':[" clips "]}]" more "}"

static void clips_lie_by_time_with_gaps_between(void **state)
{
    (void)state;
    reading *r = timelines_read_editor;
    plays(r, EDIT("", CLIP("3", "10", "1", "") "," CLIP("1", "2", "1.5", "")),
          CLIPS(-1, 1000, 2000, 3520, -1, 480, 10000, 11000));
    plays(r,
          "{'tracks':[{'z_index':2,'clips':[" CLIP(
              "1", "0", "1", "") "]},{'clips':[" CLIP("0", "5", "1", "") "]}]}",
          CLIPS(5000, 6000, 0, 1000));
    // An old asset has no type, and its id under another name.
    plays(r,
          "{'tracks':[{'clips':[{'start':0,'clip':{'asset':{'asset_id':'FILM',"
          "'start':3,'end':null},'duration':99}}]}]}",
          CLIPS(3000, 20000));
    // Without a duration it is all that is left.
    plays(r, EDIT("", CLIP("0", "15", "null", "")), CLIPS(15000, 20000));
}

static void what_would_not_show_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *asset, *clip, *names;
    } cases[] = {
        {"",                     ",'scale':0.5",             "scale"      },
        {"",                     ",'opacity':0",             "opacity"    },
        {"",                     ",'effect':'zoom'",         "Effects"    },
        {"",                     ",'filter':'blur'",         "Filters"    },
        {"",                     ",'position':'top'",        "position"   },
        {"",                     ",'offset':{'y':-0.2}",     "offset"     },
        {"",                     ",'transition':{'in':'x'}", "Transitions"},
        {"",                     ",'fit':'cover'",           "\"cover\""  },
        {"",                     ",'fit':'None'",            "\"None\""   },
        {"",                     ",'fit':null",              "\"None\""   },
        {",'volume':0",          "",                         "volume"     },
        {",'crop':{'left':0.1}", "",                         "crop"       },
        {",'type':'caption'",    "",                         "captions"   },
    };
    reading *r = timelines_read_editor;
    stage.shapes = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "{'tracks':[{'clips':[{'start':0,'clip':{'asset':{'id':'FILM'"
                 "%s},'duration':2%s}}]}]}",
                 cases[i].asset, cases[i].clip);
        refuses(r, text, ERR_UNSUPPORTED, cases[i].names);
    }
    refuses(r, EDIT("", CLIP("0", "0", "2", "") "," CLIP("1", "0", "2", "")),
            ERR_UNSUPPORTED, "over each other");
    assert_int_equal(stage.shapes, 0); // refused before anything is made
    refuses(r, EDIT(",'background':'#ff0000'", CLIP("1", "0", "2", "")),
            ERR_UNSUPPORTED, "Backgrounds");
}

static void defaults_are_accepted_when_they_are_said(void **state)
{
    (void)state;
    plays(timelines_read_editor,
          EDIT(",'background':'#000000','anything':{}",
               CLIP("0", "0,'volume':1.0,'crop':{'top':0,'left':0.0}", "2",
                    ",'effect':null,'scale':1,'opacity':1.0,'filter':null,"
                    "'position':'center','offset':{'x':0,'y':0},'z_index':4,"
                    "'fit':'contain','transition':{'in':null,'duration':1}")),
          CLIPS(0, 2000));
}

static void bad_editor_timelines_are_told_so(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "[]",
        "{}",
        "{'tracks':7}",
        "{'tracks':[{'clips':[{'start':0}]}]}",
        EDIT("", CLIP("-1", "0", "2", "")),
        EDIT("", CLIP("0", "0", "0", "")),
        EDIT("", CLIP("0", "25", "null", "")),
        EDIT("", CLIP("0", "0", "2", ",'fit':'stretch'")),
        EDIT(",'resolution':'large'", CLIP("0", "0", "2", "")),
        EDIT(",'resolution':'0x100'", CLIP("0", "0", "2", "")),
        EDIT(",'resolution':'16385x100'", CLIP("0", "0", "2", "")),
        EDIT(",'resolution':'100x10000'", CLIP("0", "0", "2", ",'fit':'crop'")),
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        timeline_free(read_as(timelines_read_editor, cases[i], ERR_BAD_INPUT));
    scoped(timeline) struct timeline *t = timeline_new();
    assert_int_equal(timelines_read_editor(&materials, NULL, t), ERR_BAD_INPUT);
}

static const struct rendition *best(void)
{
    for (uint32_t i = 0; i < stage.film->renditions; i++)
        if (stage.film->rendition[i].audio < 0)
            return &stage.film->rendition[i];
    return NULL;
}

static void a_clip_is_cropped_to_another_shape_alone(void **state)
{
    (void)state;
    const struct {
        int width, height;
        const char *fit;
        int32_t shape_width, shape_height; // 0: it plays as it is
    } cases[] = {
        {best()->width,     best()->height,     "'crop'",    0,    0   },
        {best()->width,     best()->height,     "'cover'",   0,    0   },
        {best()->width,     best()->height,     "null",      0,    0   },
        {best()->width * 2, best()->height * 2, "'crop'",    0,    0   },
        {1280,              720,                "'crop'",    16,   9   },
        {1920,              1080,               "'crop'",    16,   9   },
        {64,                64,                 "'crop'",    1,    1   },
        {1000,              1001,               "'crop'",    1000, 1001},
        {608,               1081,               "'contain'", 0,    0   },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 "{'resolution':'%dx%d','tracks':[{'clips':[{'start':0,'clip':"
                 "{'asset':{'id':'FILM'},'duration':2,'fit':%s}}]}]}",
                 cases[i].width, cases[i].height, cases[i].fit);
        stage.shapes = 0;
        plays(timelines_read_editor, text, CLIPS(0, 2000));
        bool is_cropped = cases[i].shape_width > 0;
        assert_int_equal(stage.shapes, is_cropped);
        if (!is_cropped)
            continue;
        assert_int_equal(stage.shape_width, cases[i].shape_width);
        assert_int_equal(stage.shape_height, cases[i].shape_height);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(shots_play_in_order_and_empty_ones_are_left_out),
        TEST(inline_videos_play_and_overlays_are_named),
        TEST(clips_lie_by_time_with_gaps_between),
        TEST(what_would_not_show_is_refused_by_name),
        TEST(defaults_are_accepted_when_they_are_said),
        TEST(bad_editor_timelines_are_told_so),
        TEST(a_clip_is_cropped_to_another_shape_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
