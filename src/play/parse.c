// SPDX-License-Identifier: MIT
// parse.c - what a path below an asset, its clips or a stream names.
#include "image.h"
#include "play_show.h"

static enum err not_found(struct str path)
{
    return fail(ERR_NOT_FOUND, "nothing is called %.*s", STR_ARG(path));
}

// One spelling a number, or caches would keep pieces twice.
static bool to_number(struct str text, uint32_t *ret)
{
    int64_t value;
    if (text.len == 0 || (text.ptr[0] == '0' && text.len > 1))
        return false;
    if (str_to_int(text, 0, UINT32_MAX, &value) != OK)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static bool parse_image(const struct play_show *s, struct str path,
                        struct play_path *p)
{
    static const struct {
        const char *name;
        enum image_form form;
        enum image_format format;
        int32_t width;
    } names[] = {
        {"thumbnail.jpg",  IMAGE_STILL,  IMAGE_JPEG, IMAGE_STILL_WIDTH },
        {"thumbnail.webp", IMAGE_STILL,  IMAGE_WEBP, IMAGE_STILL_WIDTH },
        {"preview.webp",   IMAGE_MOVING, IMAGE_WEBP, PLAY_PREVIEW_WIDTH},
    };
    p->is_manifest = false;
    p->piece = PIECE_IMAGE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!str_eq(path, str_of(names[i].name)))
            continue;
        int64_t us = play_show_duration_us(s);
        p->image = (struct play_image){names[i].form, names[i].format,
                                       scale_floor(us, IMAGE_PERCENT, 100),
                                       PLAY_PREVIEW_US, names[i].width};
        return true;
    }
    if (!str_starts(path, STR("storyboard-")) || !str_ends(path, STR(".jpg")) ||
        path.len < 15)
        return false;
    struct str number = str_skip(path, 11);
    number.len -= 4;
    p->image = (struct play_image){.form = IMAGE_SHEET, .format = IMAGE_JPEG};
    return to_number(number, &p->number);
}

static enum err parse_of_whole(const struct play_show *s, struct str path,
                               bool wants_ts, struct play_path *ret)
{
    struct play_path found = {.rung = -1};
    if (parse_image(s, path, &found)) {
        TRY(play_image_check(s, &found));
        *ret = found;
        return OK;
    }
    found = (struct play_path){.is_manifest = true, .rung = -1};
    if (str_eq(path, STR("index.m3u8")))
        found.manifest =
            wants_ts ? PLAY_HLS_MULTIVARIANT_TS : PLAY_HLS_MULTIVARIANT;
    else if (str_eq(path, STR("ts.m3u8")))
        found.manifest = PLAY_HLS_MULTIVARIANT_TS;
    else if (str_eq(path, STR("manifest.mpd")))
        found.manifest = PLAY_DASH;
    else if (str_eq(path, STR("storyboard.vtt")) && s->show->videos > 0)
        found.manifest = PLAY_STORYBOARD;
    else
        return not_found(path);
    *ret = found;
    return OK;
}

static bool parse_playlist(const struct show *s, uint32_t rung, struct str name,
                           enum play_manifest *ret)
{
    if (str_eq(name, STR("index.m3u8"))) {
        *ret = PLAY_HLS_MEDIA;
        return true;
    }
    if (str_eq(name, STR("ts.m3u8"))) {
        *ret = PLAY_HLS_MEDIA_TS;
        return show_has_ts(s, rung);
    }
    *ret = PLAY_HLS_IFRAMES;
    return str_eq(name, STR("iframes.m3u8")) && !s->rung[rung].is_audio;
}

// "init.mp4", of a show of several assets "init-{clip}.mp4".
static bool parse_init(const struct show *s, struct str name,
                       struct play_path *p)
{
    p->piece = PIECE_INIT;
    if (s->assets == 1)
        return str_eq(name, STR("init.mp4"));
    if (!str_starts(name, STR("init-")) || !str_ends(name, STR(".mp4")))
        return false;
    name = str_skip(name, 5);
    name.len = name.len > 4 ? name.len - 4 : 0;
    if (!to_number(name, &p->number))
        return false;
    for (uint32_t i = 0; i < s->assets; i++)
        if (s->first_clip[i] == p->number)
            return true;
    return false;
}

// Pieces of a clip are counted over the timeline, those of an asset as it has
// them.
static bool has_number(const struct play_show *s, const struct play_path *p)
{
    if (s->timeline)
        return p->number < s->timeline->segments;
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    int32_t own = show_server(s->show, 0, (uint32_t)p->rung)->own;
    return asset_piece_borders(s->asset, (uint32_t)own, p->piece, p->number,
                               border, &count) == OK;
}

static bool parse_piece(const struct play_show *s, struct str name,
                        struct play_path *p)
{
    if (parse_init(s->show, name, p))
        return true;
    struct str rest = name;
    struct str stem = str_cut(&rest, '.');
    bool is_ts = str_eq(rest, STR("ts"));
    if (!is_ts && !str_eq(rest, STR("m4s")))
        return false;
    uint32_t rung = (uint32_t)p->rung;
    p->piece = is_ts ? PIECE_TS : PIECE_SEGMENT;
    if (!is_ts && str_starts(stem, STR("i"))) {
        p->piece = PIECE_IFRAME;
        stem = str_skip(stem, 1);
        if (s->show->rung[rung].is_audio)
            return false;
    }
    if (!to_number(stem, &p->number) || (is_ts && !show_has_ts(s->show, rung)))
        return false;
    return has_number(s, p);
}

enum err play_parse(const struct play_show *s, struct str rest, bool wants_ts,
                    struct play_path *ret)
{
    struct str name = rest;
    struct str first = str_cut(&name, '/');
    if (!name.ptr)
        return parse_of_whole(s, rest, wants_ts, ret);

    struct play_path found = {.rung = show_find(s->show, first)};
    if (found.rung < 0)
        return not_found(rest);
    found.is_manifest =
        parse_playlist(s->show, (uint32_t)found.rung, name, &found.manifest);
    if (!found.is_manifest && !parse_piece(s, name, &found))
        return not_found(rest);
    *ret = found;
    return OK;
}

const char *play_content_type(const struct play_show *s,
                              const struct play_path *p)
{
    if (p->is_manifest && p->manifest == PLAY_STORYBOARD)
        return "text/vtt";
    if (p->is_manifest)
        return p->manifest == PLAY_DASH ? "application/dash+xml"
                                        : "application/vnd.apple.mpegurl";
    if (p->piece == PIECE_IMAGE)
        return p->image.format == IMAGE_JPEG ? "image/jpeg" : "image/webp";
    if (p->piece == PIECE_TS)
        return "video/mp2t"; // sound alone too (HTTP-02)
    return s->show->rung[p->rung].is_audio ? "audio/mp4" : "video/mp4";
}
