// SPDX-License-Identifier: MIT
// timelines.c - ranges of a video, shots of many, the old timeline.
#include "timelines.h"

#include "reeld/videodb/read.h"

enum err timelines_add(struct timeline *t, const struct asset *asset,
                       int64_t start_us, int64_t end_us)
{
    enum err e = timeline_add(t, asset, start_us, end_us, SNAP_FRAME);
    if (e != ERR_BAD_INPUT)
        return e;
    char why[200];
    str_copy(why, sizeof(why), str_of(fail_text()));
    return fail(e, "clip %u, of %s: %s", t->clips, asset->id.text, why);
}

// ---- one video -------------------------------------------------------------

enum err timelines_read_ranges(const json_t *ranges, const struct asset *asset,
                               struct timeline *t)
{
    for (size_t i = 0; i < json_array_size(ranges); i++) {
        int64_t start_us, end_us;
        TRY(read_range(json_array_get(ranges, i), &start_us, &end_us));
        TRY(timelines_add(t, asset, start_us, end_us));
    }
    return OK;
}

// ---- shots of many videos --------------------------------------------------

static enum err find_video(const struct materials *m, const json_t *object,
                           const char *name, const struct asset **ret)
{
    struct str id = STR("");
    TRY(read_text(object, name, TEXT_LINE, 200, &id));
    if (id.len == 0)
        return fail(ERR_BAD_INPUT, "%s is missing", name);
    return m->find(m->self, id, ret);
}

// collection_id may be wrong, as clients say one for all: it is not looked at.
// Of insert_video() at an end one shot is empty: it is left out.
static enum err add_shots(const struct materials *m, struct timeline *t,
                          const json_t *one)
{
    scoped(asset) const struct asset *asset = NULL;
    const json_t *shots = NULL;
    TRY(find_video(m, one, "video_id", &asset));
    TRY(read_list(one, "shots", TIMELINE_CLIPS_MAX, &shots));
    for (size_t i = 0; i < json_array_size(shots); i++) {
        int64_t start_us, end_us;
        TRY(read_range(json_array_get(shots, i), &start_us, &end_us));
        if (start_us != end_us)
            TRY(timelines_add(t, asset, start_us, end_us));
    }
    return OK;
}

enum err timelines_read_shots(const struct materials *m, const json_t *body,
                              struct timeline *t)
{
    if (!json_is_array(body))
        return fail(ERR_BAD_INPUT, "a list of shots is wanted");
    for (size_t i = 0; i < json_array_size(body); i++)
        TRY(add_shots(m, t, json_array_get(body, i)));
    if (t->clips == 0)
        return fail(ERR_BAD_INPUT, "there is nothing to play in these shots");
    return OK;
}

// ---- the old timeline ------------------------------------------------------

static enum err add_inline(const struct materials *m, struct timeline *t,
                           const json_t *one)
{
    if (member(one, "overlay_start"))
        return fail(ERR_UNSUPPORTED,
                    "Overlays (sound, pictures or text laid over a timeline) "
                    "are not in this server; inline videos are.");
    scoped(asset) const struct asset *asset = NULL;
    int64_t start_us = 0, end_us = INT64_MAX;
    TRY(find_video(m, one, "asset_id", &asset));
    TRY(read_seconds(one, "start", &start_us));
    TRY(read_seconds(one, "end", &end_us));
    return timelines_add(t, asset, start_us, end_us);
}

enum err timelines_read_inline(const struct materials *m, const json_t *body,
                               struct timeline *t)
{
    const json_t *list = NULL;
    TRY(read_list(body, "timeline", TIMELINE_CLIPS_MAX, &list));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(add_inline(m, t, json_array_get(list, i)));
    if (t->clips == 0)
        return fail(ERR_BAD_INPUT, "the timeline has no videos");
    return OK;
}
