// SPDX-License-Identifier: MIT
// editor.c - POST /editor: tracks of clips, as one row of clips and gaps.
//
//   track 0   |--a--|            |--c--|
//   track 1              |--b--|
//   plays     |--a--|gap |--b--|-|--c--|
//
// What lies over something else, or changes pictures or sound, is refused by
// name: none of it would show.
#include <stdlib.h>
#include <string.h>

#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/model/gap.h"
#include "reeld/model/reframe.h"
#include "reeld/videodb/read.h"

#include "timelines.h"

enum {
    CANVAS_SIDE_MOST = 16384,
    LOOSE_US = 1000, // times of clips that follow each other may differ by it
};

// ---- what is asked of a clip -----------------------------------------------

// What would change pictures or sound, and at which value it would not.
static const struct {
    const char *member;
    int64_t idle;
    const char *says;
} numbers[] = {
    {"scale",   1, "Scaled clips (scale)"       },
    {"opacity", 1, "Transparent clips (opacity)"},
};

static const struct {
    const char *member, *idle, *says;
} words[] = {
    {"effect",   "",       "Effects"                        },
    {"filter",   "",       "Filters"                        },
    {"position", "center", "Clips off the centre (position)"},
};

static enum err not_built(const char *what)
{
    return fail(ERR_UNSUPPORTED, "%s are not in this server.", what);
}

static enum err check_look(const json_t *clip)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (!is_number(clip, numbers[i].member, numbers[i].idle))
            return not_built(numbers[i].says);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        struct str said = STR("");
        TRY(read_text(clip, words[i].member, TEXT_LINE, 200, &said));
        if (said.len > 0 && !str_eq(said, str_of(words[i].idle)))
            return not_built(words[i].says);
    }
    const json_t *offset = member(clip, "offset");
    if (!is_number(offset, "x", 0) || !is_number(offset, "y", 0))
        return not_built("Clips off the centre (offset)");
    const json_t *transition = member(clip, "transition");
    if (member(transition, "in") || member(transition, "out"))
        return not_built("Transitions");
    return OK;
}

static enum err check_asset(const json_t *asset)
{
    static const char *const sides[] = {"top", "right", "bottom", "left"};
    if (!is_number(asset, "volume", 1))
        return not_built("Clips of another volume");
    const json_t *crop = member(asset, "crop");
    for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++)
        if (!is_number(crop, sides[i], 0))
            return not_built("Cropped clips (crop)");
    return OK;
}

// ---- the canvas ------------------------------------------------------------

struct canvas {
    int64_t width, height; // pixels
    bool is_black;         // its background
    bool shows;            // ... somewhere
};

static enum err read_canvas(const json_t *timeline, struct canvas *c)
{
    struct str size = STR("1280x720"), colour = STR("#000000");
    TRY(read_text(timeline, "resolution", TEXT_LINE, 32, &size));
    TRY(read_text(timeline, "background", TEXT_LINE, 64, &colour));
    struct str rest = size, width = str_cut(&rest, 'x');
    if (str_to_int(width, 1, CANVAS_SIDE_MOST, &c->width) != OK ||
        str_to_int(rest, 1, CANVAS_SIDE_MOST, &c->height) != OK)
        return fail(ERR_BAD_INPUT, "resolution is WIDTHxHEIGHT, such as "
                                   "1280x720");
    c->is_black = str_eq(colour, STR("#000000")) ||
                  str_eq(colour, STR("#000")) ||
                  str_eq_nocase(colour, STR("black"));
    return OK;
}

// How the asset looks: its best rendition has square pixels, the right way up.
static const struct rendition *best_picture(const struct asset *asset)
{
    for (uint32_t i = 0; i < asset->renditions; i++)
        if (asset->rendition[i].audio < 0)
            return &asset->rendition[i];
    return NULL;
}

// Within two in a hundred, as sizes are rounded.
static bool has_shape(const struct rendition *r, const struct canvas *c)
{
    int64_t a = (int64_t)r->width * c->height, b = r->height * c->width;
    return llabs(a - b) * 50 <= (a > b ? a : b);
}

static bool has_size(const struct rendition *r, const struct canvas *c)
{
    return r->width == c->width && r->height == c->height;
}

static enum err refuse_fit(struct str fit, const struct rendition *r,
                           const struct canvas *c)
{
    return fail(ERR_UNSUPPORTED,
                "Fit \"%.*s\" of a picture of %dx%d on a canvas of "
                "%lldx%lld is not in this server: use \"crop\" or "
                "\"contain\".",
                STR_ARG(fit), r->width, r->height, (long long)c->width,
                (long long)c->height);
}

// A picture of the canvas's shape fills it however it is fitted. Of any other
// one "crop" plays its shape; "contain" plays it as it is, which shows all of
// it, as a player puts black beside it. Python says null for its own size.
static enum err check_fit(const json_t *clip, const struct asset *asset,
                          struct canvas *c, bool *ret_is_cropped)
{
    struct str fit = json_object_get(clip, "fit") ? STR("None") : STR("crop");
    TRY(read_text(clip, "fit", TEXT_LINE, 32, &fit));
    const struct rendition *r = best_picture(asset);
    bool is_crop = str_eq(fit, STR("crop"));
    bool is_contain = str_eq(fit, STR("contain"));
    bool is_none = str_eq(fit, STR("None"));
    if (!is_crop && !is_contain && !is_none && !str_eq(fit, STR("cover")))
        return fail(ERR_BAD_INPUT, "fit is crop, cover, contain or null");
    if (!r || (is_none ? has_size(r, c) : has_shape(r, c)))
        return OK;
    if (!is_crop && !is_contain)
        return refuse_fit(fit, r, c);
    c->shows = c->shows || is_contain;
    *ret_is_cropped = is_crop;
    return OK;
}

// ---- clips -----------------------------------------------------------------

struct shown {
    int64_t at_us, end_us; // on the timeline
    int64_t start_us;      // of the source
    const struct asset *asset;
    bool is_cropped; // to the canvas's shape
};

struct row {
    const struct materials *materials;
    struct canvas canvas;
    size_t count, capacity;
    struct shown *shown; // heap
};

static void row_done(struct row *r)
{
    for (size_t i = 0; i < r->count; i++)
        asset_unref(r->shown[i].asset);
    free(r->shown);
}

// An old asset in a clip has no type, and its id under another name.
static enum err find_asset(const struct materials *m, const json_t *asset,
                           const struct asset **ret)
{
    struct str type = STR("video"), id = STR("");
    TRY(read_text(asset, "type", TEXT_LINE, 32, &type));
    if (!str_eq(type, STR("video")))
        return not_built(
            "Pictures, sounds, texts and captions on the editor's timeline");
    TRY(read_text(asset, "asset_id", TEXT_LINE, 200, &id));
    TRY(read_text(asset, "id", TEXT_LINE, 200, &id));
    if (id.len == 0)
        return fail(ERR_BAD_INPUT, "the asset of a clip has no id");
    return m->find(m->self, id, ret);
}

static enum err add_clip(struct row *row, const json_t *item)
{
    const json_t *clip = member(item, "clip");
    const json_t *said = member(clip, "asset");
    struct shown s = {0};
    int64_t duration_us = -1;
    if (!said)
        return fail(ERR_BAD_INPUT, "a clip has no asset");
    scoped(asset) const struct asset *asset = NULL;
    TRY(read_seconds(item, "start", &s.at_us));
    TRY(read_seconds(clip, "duration", &duration_us));
    TRY(read_seconds(said, "start", &s.start_us));
    TRY(check_look(clip));
    TRY(check_asset(said));
    TRY(find_asset(row->materials, said, &asset));
    TRY(check_fit(clip, asset, &row->canvas, &s.is_cropped));
    if (duration_us < 0)
        duration_us = plan_duration_us(asset->plan) - s.start_us;
    if (duration_us <= 0)
        return fail(ERR_BAD_INPUT, "a clip has no duration");
    if (row->count == TIMELINE_CLIPS_MAX)
        return fail(ERR_TOO_LARGE, "more than %d clips", TIMELINE_CLIPS_MAX);
    s.end_us = s.at_us + duration_us;
    s.asset = take(asset);
    PUSH(row->shown, row->count, row->capacity, s);
    return OK;
}

static enum err add_track(struct row *row, const json_t *track)
{
    const json_t *clips = NULL;
    TRY(read_list(track, "clips", TIMELINE_CLIPS_MAX, &clips));
    for (size_t i = 0; i < json_array_size(clips); i++)
        TRY(add_clip(row, json_array_get(clips, i)));
    return OK;
}

static int by_time(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

// ---- laid ------------------------------------------------------------------

static enum err check_order(const struct row *row)
{
    int64_t end_us = 0;
    for (size_t i = 0; i < row->count; i++) {
        if (row->shown[i].at_us < end_us - LOOSE_US)
            return not_built("Clips that lie over each other");
        end_us = row->shown[i].end_us;
    }
    return OK;
}

// A ratio where it is a plain one, so that canvases of other sizes have the
// same shape of an asset; else a size.
static enum err crop_to(const struct materials *m, const struct canvas *c,
                        const struct asset **asset)
{
    const struct rational size = {c->width, c->height};
    struct rational shape = rational_reduce(size);
    if (max_i64(shape.num, shape.den) > REFRAME_RATIO_MAX)
        shape = size;
    TRY(reframe_check_shape(shape.num, shape.den));
    scoped(asset) const struct asset *whole = take(*asset);
    return m->shape(m->self, whole, (int32_t)shape.num, (int32_t)shape.den,
                    asset);
}

// As long ones as there are, one behind the other.
static enum err add_gap(struct row *row, struct timeline *t, int64_t gap_us)
{
    row->canvas.shows = true;
    for (int64_t left_us = gap_us; left_us >= GAP_US_LEAST;) {
        int64_t part_us = min_i64(left_us, GAP_US_MOST);
        TRY(row->materials->add_gap(row->materials->self, t, part_us));
        left_us -= part_us;
    }
    return OK;
}

// Clips last a whole number of pictures; gaps make up for the difference, so
// that it does not add up.
static enum err lay(struct row *row, struct timeline *t)
{
    for (size_t i = 0; i < row->count; i++) {
        struct shown *s = &row->shown[i];
        if (s->is_cropped)
            TRY(crop_to(row->materials, &row->canvas, &s->asset));
        int64_t gap_us = s->at_us - t->duration_us;
        if (gap_us >= GAP_US_LEAST)
            TRY(add_gap(row, t, gap_us));
        TRY(timelines_add(t, s->asset, s->start_us,
                          s->start_us + s->end_us - s->at_us));
    }
    if (row->canvas.shows && !row->canvas.is_black)
        return not_built("Backgrounds other than black");
    return OK;
}

static enum err read_rows(struct row *row, const json_t *timeline)
{
    const json_t *tracks = NULL;
    if (!json_is_object(timeline))
        return fail(ERR_BAD_INPUT, "timeline is missing");
    TRY(read_canvas(timeline, &row->canvas));
    TRY(read_list(timeline, "tracks", TIMELINE_CLIPS_MAX, &tracks));
    for (size_t i = 0; i < json_array_size(tracks); i++)
        TRY(add_track(row, json_array_get(tracks, i)));
    if (row->count == 0)
        return fail(ERR_BAD_INPUT, "the timeline has no clips");
    qsort(row->shown, row->count, sizeof(*row->shown), by_time);
    return check_order(row);
}

enum err timelines_read_editor(const struct materials *m,
                               const json_t *timeline, struct timeline *t)
{
    struct row row = {.materials = m};
    enum err e = read_rows(&row, timeline);
    if (e == OK)
        e = lay(&row, t);
    row_done(&row);
    return e;
}
