// SPDX-License-Identifier: MIT
// piece_key.c - the names of pieces: what their bytes depend on, hashed.
#include <inttypes.h>

#include "reeld/model/recipe.h"

enum { KEY_TEXT_BYTES_MAX = 8192 };

const char *piece_kind_name(enum piece_kind kind)
{
    switch (kind) {
    case PIECE_INIT:
        return "init";
    case PIECE_SEGMENT:
        return "segment";
    case PIECE_IFRAME:
        return "iframe";
    case PIECE_TS:
        return "ts";
    case PIECE_EDGE:
        return "edge";
    case PIECE_IMAGE:
        return "image";
    case PIECE_DOWNLOAD:
        return "download";
    case PIECE_KINDS:
        break;
    }
    return "unknown";
}

static void add_hex(struct buf *out, const struct digest *d)
{
    char hex[HASH_HEX_BYTES];
    digest_hex(d, hex);
    buf_printf(out, "%s\n", hex);
}

struct digest piece_key(const struct digest *source,
                        const struct digest *recipe, enum piece_kind kind,
                        const int64_t *border, uint32_t borders)
{
    scoped(buf) struct buf text;
    buf_init(&text, KEY_TEXT_BYTES_MAX);
    buf_printf(&text, "reeld-piece %s\n", piece_kind_name(kind));
    add_hex(&text, source);
    add_hex(&text, recipe);
    for (uint32_t i = 0; i < borders; i++)
        buf_printf(&text, "%" PRId64 "\n", border[i]);
    return hash_of(text.bytes, text.len);
}

struct digest piece_key_ts(const struct digest *video_key,
                           const struct digest *audio_key, uint32_t segment)
{
    scoped(buf) struct buf text;
    buf_init(&text, KEY_TEXT_BYTES_MAX);
    buf_printf(&text, "reeld-piece ts %d\n%" PRIu32 "\n", RECIPE_VERSION,
               segment);
    add_hex(&text, video_key);
    if (audio_key)
        add_hex(&text, audio_key);
    return hash_of(text.bytes, text.len);
}
