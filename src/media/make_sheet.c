// SPDX-License-Identifier: MIT
// make_sheet.c - sheets of tiles, each a key frame decoded by itself.
#include <libavutil/imgutils.h>
#include <string.h>

#include "chain.h"
#include "image_file.h"
#include "key_frame.h"
#include "make.h"
#include "reeld/base/mem.h"

struct sheet {
    const struct recipe *recipe;
    AVFrame *picture; // all tiles
    uint32_t tile;    // being filled
};

// The planes of the tile's place in the sheet.
static void place_of(const struct sheet *s, uint32_t tile, uint8_t *to[3])
{
    struct recipe_size size = s->recipe->size[0];
    ptrdiff_t column = tile % (uint32_t)s->recipe->image.columns;
    ptrdiff_t row = tile / (uint32_t)s->recipe->image.columns;
    ptrdiff_t x = column * size.width, y = row * size.height;
    for (int i = 0; i < 3; i++) {
        int shift = i > 0;
        to[i] = s->picture->data[i] + (y >> shift) * s->picture->linesize[i] +
                (x >> shift);
    }
}

static void copy_tile(struct sheet *s, const uint8_t *const from[3],
                      const int from_line[3])
{
    struct recipe_size size = s->recipe->size[0];
    uint8_t *to[3];
    place_of(s, s->tile, to);
    for (int i = 0; i < 3; i++)
        av_image_copy_plane(to[i], s->picture->linesize[i], from[i],
                            from_line[i], size.width >> (i > 0),
                            size.height >> (i > 0));
}

static enum err sink(void *self, size_t rung, AVFrame *picture)
{
    (void)rung;
    scoped(av_frame) AVFrame *f = picture;
    const uint8_t *const from[] = {f->data[0], f->data[1], f->data[2]};
    copy_tile(self, from, f->linesize);
    return OK;
}

// Key frames may be further apart than tiles.
static void repeat_tile(struct sheet *s)
{
    uint8_t *from[3];
    place_of(s, s->tile - 1, from);
    copy_tile(s, (const uint8_t *const *)from, s->picture->linesize);
}

static bool is_same(const struct plan_entry *a, const struct plan_entry *b)
{
    return a->dts == b->dts && a->position == b->position;
}

// A tile of which nothing can be decoded stays black.
static enum err fill(struct sheet *s, struct make *m, struct chain *chain)
{
    scoped(key_frames) struct key_frames *keys = NULL;
    TRY(key_frames_open(m->source, m->ask, s->recipe->stream, &keys));
    for (uint32_t i = 0; i + 1 < m->ask->borders; i++) {
        const struct plan_entry *entry = &m->ask->entry[i];
        s->tile = i;
        if (i > 0 && is_same(entry, entry - 1)) {
            repeat_tile(s);
            continue;
        }
        AVFrame *f = NULL;
        enum err result = key_frames_get(keys, entry, &f);
        if (result == ERR_NOT_FOUND)
            continue;
        TRY(result);
        m->frames++;
        f->pts = i;
        TRY(chain_push(chain, f));
    }
    return OK;
}

enum err make_sheet(struct make *m, uint32_t output)
{
    const struct recipe *r = &m->ask->output[output].recipe;
    struct recipe_size size = {r->size[0].width * r->image.columns,
                               r->size[0].height * r->image.rows};
    scoped(av_frame) AVFrame *picture = NULL;
    TRY(chain_black(size, &picture));
    struct sheet s = {.recipe = r, .picture = picture};
    scoped(chain) struct chain *chain =
        chain_new(&r, 1, m->ask->timescale, sink, &s);
    if (r->stream >= 0)
        TRY(fill(&s, m, chain));
    scoped(image_file) struct image_file *file = NULL;
    TRY(image_file_open(&r->image, size, m->ask->timescale, &file));
    picture->pts = 0;
    TRY(image_file_push(file, take(picture)));
    return image_file_finish(file, &m->out[output]);
}
