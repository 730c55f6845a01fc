// SPDX-License-Identifier: MIT
// stream_lay.c - from JSON to a timeline.
#include "stream_lay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/api/face.h"
#include "reeld/base/mem.h"
#include "reeld/model/gap.h"

struct reader {
    struct fields *fields;
    struct api *api;
    struct timeline *timeline;
    enum timeline_snap snap;
    bool has_asset; // not all of it are gaps
};

// `member` NULL: the clip as a whole.
static void blame(struct reader *r, size_t clip, const char *member,
                  const char *text)
{
    struct faults *f = &r->fields->faults;
    uint32_t before = f->count;
    faults_add(f, STR("clips"), "%s", text);
    if (f->count == before)
        return;
    char *pointer = f->fault[before].pointer;
    if (member)
        snprintf(pointer, FAULT_POINTER_BYTES, "/clips/%zu/%s", clip, member);
    else
        snprintf(pointer, FAULT_POINTER_BYTES, "/clips/%zu", clip);
}

// False after a fault.
static bool read_time(struct reader *r, size_t clip, const json_t *one,
                      const char *member, int64_t *ret_us)
{
    const json_t *value = json_object_get(one, member);
    if (!value || json_is_null(value))
        return true;
    if (json_seconds(value, ret_us))
        return true;
    blame(r, clip, member, "must be a number of seconds, from 0 on");
    return false;
}

static bool has_strangers(struct reader *r, size_t clip, const json_t *one)
{
    bool has_some = false;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)one, name, value)
    {
        if (strcmp(name, "asset") == 0 || strcmp(name, "start") == 0 ||
            strcmp(name, "end") == 0)
            continue;
        blame(r, clip, NULL,
              "a clip has asset, start and end, or it is a gap, and no more");
        has_some = true;
    }
    return has_some;
}

// NULL after a fault, or when the catalog failed.
static enum err find_asset(struct reader *r, size_t clip, const json_t *one,
                           const struct asset **ret)
{
    const json_t *value = json_object_get(one, "asset");
    struct id id;
    struct str text = {json_string_value(value), json_string_length(value)};
    if (!text.ptr || id_parse(text, &id) != OK) {
        blame(r, clip, "asset", "must be the id of an asset");
        return OK;
    }
    scoped(asset) const struct asset *found = NULL;
    enum err e = catalog_asset(r->api->catalog, &id, &found);
    if (e == ERR_NOT_FOUND) {
        blame(r, clip, "asset", "there is no such asset");
        return OK;
    }
    if (e != OK)
        return e;
    if (found->state == ASSET_READY && found->kind == ASSET_IMAGE) {
        blame(r, clip, "asset", "an image cannot be played");
        return OK;
    }
    if (found->state == ASSET_READY) {
        *ret = take(found);
        return OK;
    }
    char why[FAULT_DETAIL_BYTES];
    snprintf(why, sizeof(why), "the asset is %s",
             asset_state_name(found->state));
    blame(r, clip, "asset", why);
    return OK;
}

enum err api_add_gap(struct api *a, struct timeline *t, int64_t duration_us)
{
    return timeline_add_gap(t, duration_us, a->maker.build);
}

static void read_gap(struct reader *r, size_t clip, const json_t *one)
{
    int64_t duration_us;
    if (json_object_size(one) != 1)
        blame(r, clip, NULL, "a gap is a gap alone");
    else if (!json_seconds(json_object_get(one, "gap"), &duration_us))
        blame(r, clip, "gap", "must be a number of seconds");
    else if (api_add_gap(r->api, r->timeline, duration_us) != OK)
        blame(r, clip, "gap", fail_text());
}

static enum err read_clip(struct reader *r, size_t clip, const json_t *one)
{
    if (!json_is_object(one)) {
        blame(r, clip, NULL, "must be an object");
        return OK;
    }
    if (json_object_get(one, "gap")) {
        read_gap(r, clip, one);
        return OK;
    }
    scoped(asset) const struct asset *asset = NULL;
    int64_t start_us = 0, end_us = INT64_MAX;
    r->has_asset = true;
    TRY(find_asset(r, clip, one, &asset));
    bool is_good = !has_strangers(r, clip, one) && asset != NULL;
    is_good = read_time(r, clip, one, "start", &start_us) && is_good;
    is_good = read_time(r, clip, one, "end", &end_us) && is_good;
    if (is_good &&
        timeline_add(r->timeline, asset, start_us, end_us, r->snap) != OK) {
        bool is_end = end_us <= start_us;
        blame(r, clip, is_end ? "end" : "start", fail_text());
    }
    return OK;
}

enum err stream_read_clips(struct api *a, struct fields *f, struct timeline *to)
{
    struct reader r = {.fields = f, .api = a, .timeline = to};
    struct str snap;
    if (fields_text(f, "snap", TEXT_LINE, 16, &snap)) {
        r.snap = str_eq(snap, STR("keyframe")) ? SNAP_KEYFRAME : SNAP_FRAME;
        if (r.snap == SNAP_FRAME && !str_eq(snap, STR("frame")))
            faults_add(&f->faults, STR("snap"), "is frame or keyframe");
    }
    const json_t *list = NULL;
    if (!fields_list(f, "clips", TIMELINE_CLIPS_MAX, &list))
        return OK;
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(read_clip(&r, i, json_array_get(list, i)));
    if (!r.has_asset && f->faults.count == 0)
        faults_add(&f->faults, STR("clips"), "there is nothing but gaps");
    return OK;
}
