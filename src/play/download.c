// SPDX-License-Identifier: MIT
// download.c - what a show plays, as one file.
#include "play_show.h"

bool play_parse_download(struct str rest, enum download_container *ret)
{
    if (!str_starts(rest, STR("download.")))
        return false;
    struct str ending = str_skip(rest, STR("download.").len);
    for (enum download_container c = 0; c < DOWNLOAD_CONTAINERS; c++)
        if (str_eq(ending, str_of(download_container_name(c)))) {
            *ret = c;
            return true;
        }
    return false;
}

const char *play_download_type(const struct download *d)
{
    if (d->container == DOWNLOAD_MP3)
        return "audio/mpeg";
    return d->video >= 0 ? "video/mp4" : "audio/mp4";
}

// A download outlives the show, so it lays the same clips for itself.
static enum err copy_clips(const struct timeline *t, struct timeline *to)
{
    for (uint32_t i = 0; i < t->clips; i++)
        TRY(timeline_add_ticks(to, t->clip[i].asset, t->clip[i].from,
                               t->clip[i].to));
    return OK;
}

enum err play_download(const struct play_show *s,
                       const struct download_wish *wish,
                       const struct download **ret)
{
    if (s->asset)
        return download_new(timeline_of_asset(s->asset), wish, ret);
    scoped(timeline) struct timeline *t = timeline_new();
    TRY(copy_clips(s->timeline, t));
    return download_new(take(t), wish, ret);
}
