// SPDX-License-Identifier: MIT
// stream_text.c - timelines as the text that a stream keeps, and back.
#include "reeld/catalog/streams.h"

#include <inttypes.h>

#include "reeld/base/buf.h"
#include "reeld/base/math.h"
#include "reeld/model/gap.h"

enum { CLIPS_BYTES_MAX = 128 << 10 };

static const char gap_word[] = "gap"; // in the place of an asset's id

enum err stream_of_timeline(const struct timeline *t, struct stream *ret)
{
    scoped(buf) struct buf text;
    buf_init(&text, CLIPS_BYTES_MAX);
    bool has_pictures = false;
    for (uint32_t i = 0; i < t->clips; i++) {
        const struct clip *c = &t->clip[i];
        has_pictures |= c->asset->kind == ASSET_VIDEO;
        buf_printf(&text, "%s %" PRId64 " %" PRId64 "\n",
                   asset_is_gap(c->asset) ? gap_word : c->asset->id.text,
                   c->from, c->to);
    }
    TRY(buf_end(&text));
    struct digest digest = hash_of(text.bytes, text.len);
    ret->id = id_from_hash("s", digest.bytes);
    ret->duration_us = t->duration_us;
    ret->clip_count = t->clips;
    ret->has_pictures = has_pictures;
    size_t len;
    ret->clips = (char *)buf_take(&text, &len);
    return OK;
}

static enum err add_line(struct catalog *c, struct str line, uint32_t number,
                         const char *build, struct timeline *t)
{
    struct str rest = line, text = str_cut(&rest, ' ');
    struct str from_text = str_cut(&rest, ' ');
    int64_t from, to;
    struct id id;
    bool is_gap = str_eq(text, str_of(gap_word));
    if ((!is_gap && id_parse(text, &id) != OK) ||
        str_to_int(from_text, 0, INT64_MAX, &from) != OK ||
        str_to_int(rest, 0, INT64_MAX, &to) != OK)
        return fail(ERR_IO, "a stream in the catalog is damaged");
    if (is_gap &&
        timeline_add_gap(t, scale_round(to, 1000000, GAP_TIMESCALE), build))
        return fail(ERR_IO, "a gap of a stream is damaged");
    if (is_gap)
        return OK;
    scoped(asset) const struct asset *asset = NULL;
    enum err e = catalog_asset(c, &id, &asset);
    if (e == ERR_NOT_FOUND || (e == OK && asset->state != ASSET_READY))
        return fail(ERR_NOT_FOUND, "/clips/%" PRIu32 "/asset: %s is gone",
                    number, id.text);
    TRY(e);
    if (timeline_add_ticks(t, asset, from, to) != OK)
        return fail(ERR_IO, "a stream's clip of %s is damaged", id.text);
    return OK;
}

enum err stream_timeline(struct catalog *c, const struct stream *s,
                         const char *build, struct timeline **ret)
{
    scoped(timeline) struct timeline *t = timeline_new();
    struct str rest = str_of(s->clips);
    for (uint32_t i = 0; i < s->clip_count; i++)
        TRY(add_line(c, str_cut(&rest, '\n'), i, build, t));
    *ret = take(t);
    return OK;
}
