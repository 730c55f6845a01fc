// SPDX-License-Identifier: MIT
// image_answer.c - assets that are images: their files, what is below /p/.
#include "image_answer.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/fd.h"

#include "asset_view.h"
#include "image_wish.h"

static const struct kind {
    const char *decoder; // as struct track names it
    const char *name;
    const char *type; // NULL: not every browser shows it
} kinds[] = {
    {"mjpeg", "jpeg", "image/jpeg"},
    {"png",   "png",  "image/png" },
    {"webp",  "webp", "image/webp"},
    {"gif",   "gif",  "image/gif" },
    {"bmp",   "bmp",  "image/bmp" },
    {"tiff",  "tiff", NULL        },
};

static const char *decoder_of(const struct asset *asset)
{
    return asset->track[asset->plan->video_track].codec;
}

static const struct kind *kind_of(const struct asset *asset)
{
    if (asset->kind != ASSET_IMAGE || asset->state != ASSET_READY)
        return NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].decoder, decoder_of(asset)) == 0)
            return &kinds[i];
    return NULL;
}

const char *image_codec(const struct asset *asset)
{
    const struct kind *kind = kind_of(asset);
    return kind ? kind->name : decoder_of(asset);
}

const char *image_type(const struct asset *asset)
{
    const struct kind *kind = kind_of(asset);
    return kind ? kind->type : NULL;
}

// Its decoder has read it as what the type says; whatever else the bytes may
// be, no browser is to take them for it.
static void answer_file(struct http_request *r, const struct play_wanted *w,
                        const char *type)
{
    scoped(fd) int fd = -1;
    int64_t size_bytes = 0;
    if (!source_open(r, w->asset, &fd, &size_bytes))
        return;
    char hex[HASH_HEX_BYTES], etag[HASH_HEX_BYTES + 2];
    digest_hex(&w->asset->source, hex);
    snprintf(etag, sizeof(etag), "\"%s\"", hex);
    http_header(r, "Cache-Control",
                w->right.is_private ? PIECE_CACHED_PRIVATE : PIECE_CACHED);
    http_header(r, "Content-Security-Policy", "default-src 'none'; sandbox");
    http_reply_file(r, take_fd(&fd), size_bytes, type, etag);
}

static void answer_thumbnail(struct http_request *r,
                             const struct play_wanted *w, struct str name)
{
    static const char *const known[] = {"width", "CMCD", NULL};
    scoped(play_show) const struct play_show *show = NULL;
    struct play_path path;
    if (!parameters_are_known(r, known))
        return;
    enum err e = play_show_of_asset(w->asset, &show);
    if (e == OK)
        e = play_parse(show, name, false, &path);
    if (e != OK)
        refuse_error(r, e);
    else if (image_read_wish(r, show, &path.image))
        piece_answer(r, show, &path, &w->right);
}

void image_answer(struct http_request *r, const struct play_wanted *w,
                  struct str rest)
{
    const char *type = image_type(w->asset);
    if (str_eq(rest, STR("image")) && type)
        answer_file(r, w, type);
    else if (str_eq(rest, STR("thumbnail.jpg")) ||
             str_eq(rest, STR("thumbnail.webp")))
        answer_thumbnail(r, w, rest);
    else
        refuse(r, "not_found",
               "The asset is an image: it has %sthumbnail.jpg and "
               "thumbnail.webp.",
               type ? "image, " : "");
}
