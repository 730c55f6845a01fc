// SPDX-License-Identifier: MIT
// videodb_fuzz.c - what VideoDB's clients send: timelines of all three kinds,
// and single members. There are no videos: what names one ends there.
#include <assert.h>
#include <string.h>

#include "reeld/api/reframe.h"
#include "reeld/videodb/read.h"
#include "reeld/videodb/timelines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err find(void *self, struct str id, const struct asset **ret)
{
    (void)self;
    (void)ret;
    return fail(ERR_NOT_FOUND, "video %.*s does not exist", STR_ARG(id));
}
static const struct materials none = {.find = find};

static void read_members(const json_t *body)
{
    struct str text = STR("");
    int64_t us = 0, end_us = 0;
    bool is_true = false;
    if (read_text(body, "name", TEXT_LINE, 20, &text) == OK)
        assert(text.len <= 20 && str_is_printable(text));
    if (read_seconds(body, "start", &us) == OK)
        assert(us >= 0 && us <= INT64_C(100000000000000));
    if (read_range(body, &us, &end_us) == OK)
        assert(us >= 0 && end_us >= 0);
    ignore(read_bool(body, "is_public", &is_true)); // any answer will do
    struct asset_reframe shape = {0};
    const json_t *target = member(body, "target");
    if (target && !reframe_read_target(target, &shape))
        assert(shape.width > 0 && shape.height > 0);
}

// Without assets nothing can come of it but a refusal with a sentence.
static void check(enum err e, const struct timeline *t)
{
    assert(e != OK && e != ERR_IO);
    assert(t->clips == 0 && strlen(fail_text()) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *body = NULL;
    if (json_value_parse((struct str){(const char *)data, size}, &body) != OK)
        return 0;
    read_members(body);
    scoped(timeline) struct timeline *t = timeline_new();
    check(timelines_read_editor(&none, member(body, "timeline"), t), t);
    check(timelines_read_shots(&none, body, t), t);
    check(timelines_read_inline(&none, body, t), t);
    json_decref(body);
    return 0;
}
