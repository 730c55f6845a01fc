// SPDX-License-Identifier: MIT
// videodb_fuzz.c - what VideoDB's clients send: timelines of all three kinds,
// and single members. The catalog is empty: what names a video ends there.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/videodb/editor.h"
#include "../../src/videodb/read.h"
#include "../../src/videodb/streams.h"
#include "reeld/api/reframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct videodb videodb;
static char folder[] = "/tmp/reeld-fuzz-XXXXXX";
static char file[64];

static void clean_up(void)
{
    static const char *const endings[] = {"", ".ballast", ".lock"};
    catalog_close(videodb.catalog);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s%s", file, endings[i]);
        unlink(path);
    }
    rmdir(folder);
}

static struct videodb *empty(void)
{
    if (videodb.catalog)
        return &videodb;
    if (!mkdtemp(folder))
        abort();
    snprintf(file, sizeof file, "%s/catalog.db", folder);
    const struct catalog_options o = {.path = file, .asset_cache = 16};
    if (catalog_open(&o, &videodb.catalog) != OK)
        abort();
    atexit(clean_up);
    return &videodb;
}

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
    struct videodb *v = empty();
    json_t *body = NULL;
    if (json_value_parse((struct str){(const char *)data, size}, &body) != OK)
        return 0;
    read_members(body);
    scoped(timeline) struct timeline *t = timeline_new();
    check(editor_read(v, member(body, "timeline"), t), t);
    check(streams_read_shots(v, body, t), t);
    check(streams_read_inline(v, body, t), t);
    json_decref(body);
    return 0;
}
