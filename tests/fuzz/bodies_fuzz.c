// SPDX-License-Identifier: MIT
// bodies_fuzz.c - what may be said to /v1: the first byte says which.
//
//   0  a method, a blank and a target: which route takes it
//   1  the JSON of a stream: what it makes of clips of assets that are absent
//   2  the text of a stream's clips, as the catalog keeps it
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/api/stream_lay.h"
#include "../../src/http/router.h"
#include "reeld/api/routes.h"
#include "reeld/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct api api;
static char folder[] = "/tmp/reeld-fuzz-XXXXXX";
static char file[64];

static void clean_up(void)
{
    static const char *const endings[] = {"", ".ballast", ".lock"};
    catalog_close(api.catalog);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s%s", file, endings[i]);
        unlink(path);
    }
    rmdir(folder);
}

static struct api *empty(void)
{
    if (api.catalog)
        return &api;
    if (!mkdtemp(folder))
        abort();
    snprintf(file, sizeof file, "%s/catalog.db", folder);
    const struct catalog_options o = {.path = file, .asset_cache = 16};
    if (catalog_open(&o, &api.catalog) != OK)
        abort();
    atexit(clean_up);
    return &api;
}

// One route at most; its parameters are parts of the path.
static void find_route(struct str text)
{
    static struct router *router;
    if (!router)
        router = router_new(api_routes, api_route_count);
    struct str target = text, method = str_cut(&target, ' ');
    struct uri u;
    if (!target.ptr || uri_split(target, &u) != OK)
        return;
    scoped(mem) char *to = mem_new(u.path.len + 1, 1);
    struct uri_path path;
    if (uri_decode_path(u.path, to, &path) != OK)
        return;
    static struct route_match m;
    router_match(router, method, &path, &m);
    assert(m.params <= ROUTE_PARAMS_MAX);
    for (size_t i = 0; m.route && i < m.params; i++)
        assert(str_is_printable(m.param[i].value));
}

static void read_stream(struct str body)
{
    scoped(fields) struct fields f = {0};
    scoped(timeline) struct timeline *t = timeline_new();
    if (fields_parse(body, &f) != OK)
        return;
    // Gaps alone are no stream, and assets are not there.
    if (stream_read_clips(empty(), &f, t) == OK)
        assert(f.faults.count > 0);
}

static void read_kept(struct str text)
{
    scoped(mem) char *clips = str_dup(text);
    struct stream s = {.clips = clips, .clip_count = 3};
    scoped(timeline) struct timeline *t = NULL;
    if (stream_timeline(empty()->catalog, &s, "build", &t) == OK)
        assert(t->clips > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    switch (data[0] % 3) {
    case 0:
        find_route(text);
        break;
    case 1:
        read_stream(text);
        break;
    default:
        read_kept(text);
        break;
    }
    return 0;
}
