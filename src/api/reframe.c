// SPDX-License-Identifier: MIT
// reframe.c - POST .../reframe: a new asset out of a part of another one.
#include <string.h>

#include "reeld/api/face.h"
#include "reeld/api/reframe.h"
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"

#include "asset_view.h"
#include "task.h"

enum { TARGET_BYTES_MAX = 32 };

struct wish {
    struct asset_reframe reframe;
    struct str name; // empty: the parent's
};

static const struct {
    const char *name;
    int32_t width, height;
} targets[] = {
    {"vertical",  9,  16},
    {"square",    1,  1 },
    {"landscape", 16, 9 },
};

static const char target_words[] =
    "is vertical, square, landscape, or {\"width\":W,\"height\":H}: a ratio up "
    "to 64, a size above";

static bool find_target(const json_t *value, struct asset_reframe *to)
{
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < sizeof(targets) / sizeof(*targets); i++)
        if (strcmp(name, targets[i].name) == 0) {
            to->width = targets[i].width;
            to->height = targets[i].height;
            return true;
        }
    return false;
}

static const char *read_shape(const json_t *value, struct asset_reframe *to)
{
    const json_t *width = json_object_get(value, "width");
    const json_t *height = json_object_get(value, "height");
    if (json_object_size(value) != 2 || !json_is_integer(width) ||
        !json_is_integer(height))
        return target_words;
    if (reframe_check_shape(json_integer_value(width),
                            json_integer_value(height)) != OK)
        return fail_text();
    to->width = (int32_t)json_integer_value(width);
    to->height = (int32_t)json_integer_value(height);
    return NULL;
}

const char *reframe_read_target(const json_t *value, struct asset_reframe *to)
{
    if (json_is_object(value))
        return read_shape(value, to);
    return find_target(value, to) ? NULL : target_words;
}

static void read_target(struct fields *f, struct asset_reframe *to)
{
    const char *fault = reframe_read_target(fields_any(f, "target"), to);
    if (fault)
        faults_add(&f->faults, STR("target"), "%s", fault);
}

// The one mode there is may be named.
static void read_mode(struct fields *f)
{
    struct str mode;
    if (!fields_text(f, "mode", TEXT_LINE, TARGET_BYTES_MAX, &mode) ||
        str_eq(mode, STR("simple")))
        return;
    bool is_smart = str_eq(mode, STR("smart"));
    faults_add(&f->faults, STR("mode"),
               is_smart ? "smart is not there: simple crops about the centre"
                        : "is simple");
}

static enum err read_wish(struct task *t, struct fields *f, struct wish *w)
{
    TRY(fields_parse(task_body(t), f));
    w->reframe.end_us = INT64_MAX;
    read_target(f, &w->reframe);
    read_mode(f);
    fields_seconds(f, "start", &w->reframe.start_us);
    fields_seconds(f, "end", &w->reframe.end_us);
    fields_text(f, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, &w->name);
    return fields_end(f);
}

enum err api_reframe(struct api *a, const struct asset *parent,
                     const struct asset_reframe *wish, struct asset *child)
{
    child->id = id_new(asset_kind_prefix(ASSET_VIDEO));
    child->created_us = clock_wall_us();
    TRY(jobs_reframe(&a->maker, a->catalog, parent, wish, child));
    api_look(a);
    return OK;
}

enum err api_shape(struct api *a, const struct asset *parent, int32_t width,
                   int32_t height, const struct asset **ret)
{
    struct id id;
    enum err e = catalog_shape(a->catalog, &parent->id, width, height, &id);
    if (e == ERR_NOT_FOUND) {
        struct asset_reframe wish = {.end_us = INT64_MAX,
                                     .width = width,
                                     .height = height,
                                     .is_shape = true};
        struct asset *child = asset_namesake(parent);
        scoped(asset) const struct asset *held = child;
        e = api_reframe(a, parent, &wish, child);
        id = child->id;
        if (e == ERR_CONFLICT) // another one came first
            e = catalog_shape(a->catalog, &parent->id, width, height, &id);
    }
    return e == OK ? catalog_asset(a->catalog, &id, ret) : e;
}

static struct asset *describe(const struct asset *parent, const struct wish *w)
{
    struct asset *child = asset_namesake(parent);
    if (w->name.len == 0)
        return child;
    free(child->name);
    child->name = str_dup(w->name);
    return child;
}

static void reply_failure(struct task *t, const struct wish *w, enum err e)
{
    struct faults faults = {0};
    if (e != ERR_BAD_INPUT) {
        reply_not_made(&t->reply, e);
        return;
    }
    bool is_end = w->reframe.end_us <= w->reframe.start_us;
    faults_add(&faults, is_end ? STR("end") : STR("start"), "%s", fail_text());
    reply_faults(&t->reply, &faults);
}

static void make(struct task *t, const struct asset *parent,
                 const struct wish *w)
{
    struct api *a = t->api;
    struct asset *child = describe(parent, w);
    scoped(asset) const struct asset *held = child;
    scoped(asset) const struct asset *added = NULL;
    enum err e = api_reframe(a, parent, &w->reframe, child);
    if (e == OK)
        e = catalog_asset(a->catalog, &child->id, &added);
    if (e != OK) {
        reply_failure(t, w, e);
        return;
    }
    asset_reply(a, added, 201, &t->reply);
}

static void reframe(struct task *t)
{
    scoped(asset) const struct asset *parent = NULL;
    if (!asset_find(t->api, str_of(t->id), &t->reply, &parent))
        return;
    struct wish w = {0};
    scoped(fields) struct fields f = {0};
    enum err e = read_wish(t, &f, &w);
    if (e == OK)
        make(t, parent, &w);
    else
        reply_fields_error(&t->reply, &f, e);
}

void asset_reframe(struct http_request *r)
{
    task_start(r, reframe);
}
