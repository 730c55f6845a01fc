// SPDX-License-Identifier: MIT
// play_path_fuzz.c - paths of any bytes below a small asset and its clips.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/mem.h"
#include "reeld/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCALE = 12800, STEP = 512, FRAMES = 200 }; // 8 s at 25 fps

static struct plan *new_plan(void)
{
    static const struct plan_wish wish = {
        .segment_us = 2000000, .segment_max_us = 6000000, .gop_us = 1000000};
    struct plan_frame frame[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        frame[i] = (struct plan_frame){.ticks = (int64_t)i * STEP,
                                       .is_shown = true,
                                       .is_entry = i % 25 == 0,
                                       .is_idr = i % 25 == 0};
    struct plan *p = NEW(struct plan);
    p->timescale = SCALE;
    p->source_timebase = (struct rational){1, SCALE};
    p->audios = 1;
    p->audio[0] = (struct plan_audio){.rate = 48000, .packets = 375};
    enum err result =
        plan_lay_video(p, &wish, frame, FRAMES, (int64_t)FRAMES * STEP, true);
    assert(result == OK);
    return p;
}

// Two rungs of pictures, one of them copied, and sound.
static struct asset *new_film(void)
{
    struct asset *a = asset_new();
    a->state = ASSET_READY;
    a->plan = new_plan();
    a->renditions = 3;
    a->rendition[0] = (struct rendition){.name = "source",
                                         .audio = -1,
                                         .width = 640,
                                         .height = 360,
                                         .recipe = {.mode = RECIPE_COPY}};
    a->rendition[1] = (struct rendition){
        .name = "720p", .audio = -1, .recipe = {.mode = RECIPE_ENCODE}};
    a->rendition[2] = (struct rendition){
        .name = "audio-128k",
        .recipe = {.kind = TRACK_AUDIO, .mode = RECIPE_ENCODE}
    };
    return a;
}

// There is one spelling of a path below t/: that which manifests have.
static void check_base(const struct play_show *show, struct str path,
                       struct str rest)
{
    scoped(buf) struct buf base;
    buf_init(&base, 1 << 16);
    play_write_base(show, &base);
    assert(base.len == (size_t)(rest.ptr - path.ptr));
    struct str front = {path.ptr, base.len};
    assert(str_eq(front, buf_view(&base)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(asset) const struct asset *a = new_film();
    scoped(play_show) const struct play_show *show = NULL;
    struct str path = {(const char *)data, size}, rest;
    struct play_path p;
    if (play_open(a, path, &show, &rest) != OK)
        return 0;
    if (rest.ptr)
        check_base(show, path, rest);
    if (play_parse(show, rest, size % 2 == 0, &p) != OK)
        return 0;
    assert(p.rung >= -1 && p.rung < (int)play_show_offer(show)->rungs);
    assert(play_content_type(show, &p));
    if (p.is_manifest)
        return 0;
    scoped(piece) struct piece piece = {0};
    enum err result = play_piece_of(show, &p, &piece);
    assert(result == OK);
    return 0;
}
