// SPDX-License-Identifier: MIT
// parse.c - what a path below /p/{grant}/{id}/ names.
#include "reeld/play.h"

#include <string.h>

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

static enum err parse_of_asset(struct str path, bool wants_ts,
                               struct play_path *ret)
{
    struct play_path found = {.is_manifest = true, .rendition = -1};
    if (str_eq(path, STR("index.m3u8")))
        found.manifest =
            wants_ts ? PLAY_HLS_MULTIVARIANT_TS : PLAY_HLS_MULTIVARIANT;
    else if (str_eq(path, STR("manifest.mpd")))
        found.manifest = PLAY_DASH;
    else
        return not_found(path);
    *ret = found;
    return OK;
}

// In an asset with pictures MPEG-TS is theirs, with sound muxed in.
static bool has_ts(const struct asset *a, const struct rendition *r)
{
    return r->audio < 0 || a->plan->video_track < 0;
}

static bool parse_playlist(const struct asset *a, const struct rendition *r,
                           struct str name, enum play_manifest *ret)
{
    if (str_eq(name, STR("index.m3u8"))) {
        *ret = PLAY_HLS_MEDIA;
        return true;
    }
    if (str_eq(name, STR("ts.m3u8"))) {
        *ret = PLAY_HLS_MEDIA_TS;
        return has_ts(a, r);
    }
    *ret = PLAY_HLS_IFRAMES;
    return str_eq(name, STR("iframes.m3u8")) && r->audio < 0;
}

static bool parse_piece(const struct asset *a, const struct rendition *r,
                        struct str name, struct play_path *p)
{
    if (str_eq(name, STR("init.mp4"))) {
        p->piece = PIECE_INIT;
        return true;
    }
    struct str rest = name;
    struct str stem = str_cut(&rest, '.');
    bool is_ts = str_eq(rest, STR("ts"));
    if (!is_ts && !str_eq(rest, STR("m4s")))
        return false;
    p->piece = is_ts ? PIECE_TS : PIECE_SEGMENT;
    if (!is_ts && str_starts(stem, STR("i"))) {
        p->piece = PIECE_IFRAME;
        stem = str_skip(stem, 1);
    }
    if (!to_number(stem, &p->number) || (is_ts && !has_ts(a, r)))
        return false;
    int64_t border[ASSET_BORDERS_MAX];
    uint32_t count;
    return asset_piece_borders(a, (uint32_t)p->rendition, p->piece, p->number,
                               border, &count) == OK;
}

enum err play_parse(const struct asset *a, struct str path, bool wants_ts,
                    struct play_path *ret)
{
    if (a->state != ASSET_READY)
        return not_found(path);
    struct str name = path;
    struct str first = str_cut(&name, '/');
    if (!name.ptr)
        return parse_of_asset(path, wants_ts, ret);

    struct play_path found = {.rendition = asset_rendition(a, first)};
    if (found.rendition < 0)
        return not_found(path);
    const struct rendition *r = &a->rendition[found.rendition];
    if (r->is_standby)
        return not_found(path);
    found.is_manifest = parse_playlist(a, r, name, &found.manifest);
    if (!found.is_manifest && !parse_piece(a, r, name, &found))
        return not_found(path);
    *ret = found;
    return OK;
}

const char *play_content_type(const struct asset *a, const struct play_path *p)
{
    if (p->is_manifest)
        return p->manifest == PLAY_DASH ? "application/dash+xml"
                                        : "application/vnd.apple.mpegurl";
    if (p->piece == PIECE_TS)
        return "video/mp2t"; // sound alone too (HTTP-02)
    bool is_audio = a->rendition[p->rendition].audio >= 0;
    return is_audio ? "audio/mp4" : "video/mp4";
}
