// SPDX-License-Identifier: MIT
// play_path_fuzz.c - paths of any bytes below a small asset.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Two pictures' rungs, one of them copied, and sound; three segments.
static struct asset film(struct plan *plan)
{
    static int64_t gop_border[] = {0, 25600, 51200, 76800, 102400};
    static uint32_t segment_gop[] = {0, 1, 3, 4};
    *plan = (struct plan){.timescale = 12800,
                          .gops = 4,
                          .gop_border = gop_border,
                          .segments = 3,
                          .segment_gop = segment_gop,
                          .audios = 1,
                          .audio = {{.rate = 48000, .packets = 375}}};
    struct rendition source = {
        .name = "source", .audio = -1, .recipe = {.mode = RECIPE_COPY}};
    struct rendition rung = {
        .name = "720p", .audio = -1, .recipe = {.mode = RECIPE_ENCODE}};
    struct rendition sound = {.name = "audio-128k",
                              .recipe = {.kind = TRACK_AUDIO}};
    return (struct asset){
        .state = ASSET_READY,
        .plan = plan,
        .renditions = 3,
        .rendition = {source, rung, sound}
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan plan;
    struct asset a = film(&plan);
    struct play_path p;
    struct str path = {(const char *)data, size};
    if (play_parse(&a, path, size % 2 == 0, &p) != OK)
        return 0;
    assert(p.rendition >= -1 && p.rendition < 3);
    assert(play_content_type(&a, &p));
    if (p.is_manifest)
        return 0;
    struct digest key;
    assert(asset_piece_key(&a, (uint32_t)p.rendition, p.piece, p.number,
                           &key) == OK);
    return 0;
}
