// SPDX-License-Identifier: MIT
// asset_view.c - an asset as JSON, its ETag, its playback URLs.
#include "asset_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/pulls.h"
#include "reeld/model/image.h"

#include "image_answer.h"

enum { PLAYBACK_URL_BYTES = 512, PLAYER_URL_BYTES = 1600 };

// Bytes of what is on its way, not pieces.
static enum err pull_progress(struct api *a, const struct asset *asset,
                              struct asset_progress *ret)
{
    enum err e =
        catalog_pull_progress(a->catalog, &asset->id, &ret->made, &ret->total);
    return e == ERR_NOT_FOUND ? OK : e; // it is going just now
}

enum err asset_progress(struct api *a, const struct asset *asset,
                        struct asset_progress *ret)
{
    *ret = (struct asset_progress){0};
    if (asset->state == ASSET_UPLOADING)
        return pull_progress(a, asset, ret);
    if (asset->state != ASSET_READY)
        return OK;
    if (asset->kind == ASSET_IMAGE) { // nothing of it is made ahead
        ret->made = ret->total = 1;
        return OK;
    }
    uint32_t segments = asset->plan->segments;
    scoped(mem) uint8_t *made = NEW_ARRAY(segments, uint8_t);
    for (uint32_t i = 0; i < asset->renditions; i++) {
        const struct rendition *r = &asset->rendition[i];
        if (r->is_standby)
            continue;
        // What is copied costs nothing on demand and is not made ahead.
        ret->ready[i] = segments;
        if (r->recipe.mode == RECIPE_ENCODE)
            TRY(catalog_made_segments(a->catalog, asset->source_row,
                                      asset->recipe_row[i], made, segments,
                                      &ret->ready[i]));
        ret->made += ret->ready[i];
        ret->total += segments;
    }
    return OK;
}

static void write_rational(struct json_out *j, const char *name,
                           struct rational r)
{
    char text[48];
    snprintf(text, sizeof(text), "%" PRId64 "/%" PRId64, r.num, r.den);
    json_text(j, name, text);
}

static void write_track(struct json_out *j, const struct track *t, uint32_t i)
{
    json_open(j, NULL, '{');
    json_int(j, "index", i);
    json_text(j, "kind", track_kind_name(t->kind));
    json_text(j, "codec", t->codec);
    if (t->codecs[0])
        json_text(j, "codecs", t->codecs);
    if (t->kind == TRACK_VIDEO) {
        json_int(j, "width", t->coded_width);
        json_int(j, "height", t->coded_height);
        write_rational(j, "frame_rate", t->frame_rate);
        json_int(j, "rotation", t->rotation);
        json_int(j, "bit_depth", t->bit_depth);
    }
    if (t->kind == TRACK_AUDIO) {
        json_int(j, "channels", t->channels);
        json_int(j, "sample_rate", t->sample_rate);
    }
    if (t->language[0])
        json_text(j, "language", t->language);
    if (t->title[0])
        json_text(j, "title", t->title);
    json_close(j, '}');
}

static void write_rendition(struct json_out *j, const struct rendition *r,
                            uint32_t segments, uint32_t ready)
{
    json_open(j, NULL, '{');
    json_text(j, "name", r->name);
    json_text(j, "mode", r->recipe.mode == RECIPE_COPY ? "copy" : "encode");
    if (r->audio < 0) {
        json_int(j, "width", r->width);
        json_int(j, "height", r->height);
        write_rational(j, "frame_rate", r->frame_rate);
    }
    json_int(j, "bandwidth", r->declared_bps);
    json_text(j, "codecs", r->codecs);
    json_int(j, "segments", segments);
    json_int(j, "segments_ready", ready);
    json_close(j, '}');
}

// Ends of life fall on whole steps of a 24th of it, so that a page asked for
// again has the same URLs and its player finds its cache.
static int64_t usual_exp_s(const struct api *a)
{
    int64_t life_s = max_i64(a->o.grant_life_us / 1000000, 1);
    int64_t step_s = max_i64(life_s / 24, 1);
    int64_t end_s = clock_wall_us() / 1000000 + life_s;
    return end_s - end_s % step_s;
}

void api_write_grant(struct api *a, const struct id *id, int64_t epoch,
                     char text[static GRANT_TEXT_BYTES])
{
    if (a->o.is_playback_open)
        str_copy(text, GRANT_TEXT_BYTES, STR("open"));
    else
        grants_write(a->grants, id, epoch, usual_exp_s(a), text);
}

void playback_base(struct api *a, const struct asset *asset, struct str origin,
                   struct buf *to)
{
    char grant[GRANT_TEXT_BYTES];
    api_write_grant(a, &asset->id, asset->epoch, grant);
    buf_printf(to, "%.*s/p/%s/%s/", STR_ARG(origin), grant, asset->id.text);
}

// Each of them behind `base`, where it has what the URL is of.
static void write_urls(struct json_out *j, const char *base, unsigned has)
{
    static const struct {
        const char *name, *file;
        unsigned of;
    } urls[] = {
        {"hls",        "index.m3u8",     PLAYABLE_MEDIA                    },
        {"dash",       "manifest.mpd",   PLAYABLE_MEDIA                    },
        {"image",      "image",          PLAYABLE_FILE                     },
        {"thumbnail",  "thumbnail.jpg",  PLAYABLE_PICTURES                 },
        {"storyboard", "storyboard.vtt", PLAYABLE_MEDIA | PLAYABLE_PICTURES},
        {"preview",    "preview.webp",   PLAYABLE_MEDIA | PLAYABLE_PICTURES},
    };
    char url[PLAYBACK_URL_BYTES];
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        snprintf(url, sizeof(url), "%s%s", base, urls[i].file);
        if ((has & urls[i].of) == urls[i].of)
            json_text(j, urls[i].name, url);
        else
            json_none(j, urls[i].name);
    }
}

static void write_player(struct json_out *j, struct str origin,
                         const char *base)
{
    scoped(buf) struct buf player;
    buf_init(&player, PLAYER_URL_BYTES);
    buf_str(&player, origin);
    buf_text(&player, "/player?url=");
    url_encode(&player, str_of(base));
    buf_text(&player, "index.m3u8");
    json_str(j, "player", buf_view(&player));
}

void playback_write_of(struct api *a, const struct playable *what,
                       int64_t exp_s, struct str origin, struct json_out *j,
                       const char *name)
{
    char grant[GRANT_TEXT_BYTES] = "open";
    if (exp_s == 0 && !a->o.is_playback_open)
        exp_s = usual_exp_s(a);
    if (exp_s != 0)
        grants_write(a->grants, what->id, what->epoch, exp_s, grant);
    char base[PLAYBACK_URL_BYTES - 32];
    snprintf(base, sizeof(base), "%.*s/p/%s/%s/", STR_ARG(origin), grant,
             what->id->text);
    json_open(j, name, '{');
    write_urls(j, base, what->has);
    if (what->has & PLAYABLE_MEDIA)
        write_player(j, origin, base);
    else
        json_none(j, "player");
    if (exp_s != 0)
        json_time(j, "expires_at", exp_s * 1000000);
    else
        json_none(j, "expires_at");
    json_close(j, '}');
}

struct playable playable_asset(const struct asset *asset)
{
    bool is_image = asset->kind == ASSET_IMAGE;
    unsigned has = is_image ? 0 : PLAYABLE_MEDIA;
    if (image_has_pictures(asset))
        has |= PLAYABLE_PICTURES;
    if (is_image && image_type(asset))
        has |= PLAYABLE_FILE;
    return (struct playable){&asset->id, asset->epoch, has};
}

struct playable playable_stream(const struct stream *s)
{
    unsigned pictures = s->has_pictures ? PLAYABLE_PICTURES : 0;
    return (struct playable){&s->id, s->created_us, PLAYABLE_MEDIA | pictures};
}

void playback_write(struct api *a, const struct asset *asset, int64_t exp_s,
                    struct str origin, struct json_out *j, const char *name)
{
    struct playable what = playable_asset(asset);
    playback_write_of(a, &what, exp_s, origin, j, name);
}

static void write_reframe(const struct asset *asset, struct json_out *j)
{
    const struct asset_reframe *f = &asset->reframe;
    if (f->asset.text[0] == '\0') {
        json_none(j, "reframe");
        return;
    }
    json_open(j, "reframe", '{');
    json_text(j, "asset", f->asset.text);
    json_decimal(j, "start", f->start_us, 6);
    json_decimal(j, "end", f->end_us, 6);
    json_int(j, "width", f->width);
    json_int(j, "height", f->height);
    json_close(j, '}');
}

static void write_error(const struct asset *asset, struct json_out *j)
{
    if (!asset->error_code) {
        json_none(j, "error");
        return;
    }
    json_open(j, "error", '{');
    json_text(j, "code", asset->error_code);
    json_text(j, "detail", asset->error_detail);
    json_close(j, '}');
}

// An image as it is shown, which has one track.
static void write_picture(const struct asset *asset, struct json_out *j)
{
    const struct track *t = &asset->track[asset->plan->video_track];
    bool is_sideways = t->rotation % 180 != 0;
    json_int(j, "width", is_sideways ? t->coded_height : t->coded_width);
    json_int(j, "height", is_sideways ? t->coded_width : t->coded_height);
    json_text(j, "codec", image_codec(asset));
}

// What only a probed asset has.
static void write_media(const struct asset *asset,
                        const struct asset_progress *progress,
                        struct json_out *j)
{
    bool is_image = asset->kind == ASSET_IMAGE;
    bool is_ready = asset->state == ASSET_READY;
    if (is_ready && is_image)
        write_picture(asset, j);
    if (is_ready && !is_image)
        json_decimal(j, "duration", plan_duration_us(asset->plan), 6);
    else
        json_none(j, "duration");
    json_open(j, "tracks", '[');
    for (uint32_t i = 0; i < asset->tracks && !is_image; i++)
        write_track(j, &asset->track[i], i);
    json_close(j, ']');
    json_open(j, "renditions", '[');
    for (uint32_t i = 0; i < asset->renditions && !is_image; i++)
        if (!asset->rendition[i].is_standby)
            write_rendition(j, &asset->rendition[i], asset->plan->segments,
                            progress->ready[i]);
    json_close(j, ']');
    int64_t total = max_i64(progress->total, 1);
    json_decimal(j, "progress", scale_floor(progress->made, 1000, total), 3);
}

static void write_source(const struct asset *asset, struct json_out *j)
{
    if (asset->source_row == 0) {
        json_none(j, "size_bytes");
        json_none(j, "sha256");
        json_none(j, "source_dropped_at");
        return;
    }
    char sha256[HASH_HEX_BYTES];
    digest_hex(&asset->source, sha256);
    json_int(j, "size_bytes", asset->size_bytes);
    json_text(j, "sha256", sha256);
    if (asset->source_dropped_us > 0)
        json_time(j, "source_dropped_at", asset->source_dropped_us);
    else
        json_none(j, "source_dropped_at");
}

enum err asset_write(struct api *a, const struct asset *asset,
                     struct str origin, struct json_out *j, const char *name)
{
    struct asset_progress progress;
    TRY(asset_progress(a, asset, &progress));
    json_open(j, name, '{');
    json_text(j, "id", asset->id.text);
    json_text(j, "kind", asset_kind_name(asset->kind));
    json_text(j, "state", asset_state_name(asset->state));
    json_text(j, "name", asset->name);
    json_text(j, "description", asset->description);
    json_text(j, "collection", asset->collection);
    json_raw(j, "metadata", asset->metadata);
    json_text(j, "filename", asset->filename);
    json_time(j, "created_at", asset->created_us);
    write_source(asset, j);
    write_reframe(asset, j);
    write_media(asset, &progress, j);
    write_error(asset, j);
    if (asset->state == ASSET_READY)
        playback_write(a, asset, 0, origin, j, "playback");
    else
        json_none(j, "playback");
    json_close(j, '}');
    return OK;
}

static void add_text(struct hash *h, const char *text)
{
    hash_add(h, text, strlen(text) + 1);
}

void asset_etag(const struct asset *asset, struct str all,
                char to[static REPLY_ETAG_BYTES])
{
    scoped(hash) struct hash *h = hash_new();
    add_text(h, asset->name);
    add_text(h, asset->description);
    add_text(h, asset->metadata);
    add_text(h, asset->collection);
    struct digest edits = hash_end(h);
    etag_of_halves(&edits, all, to);
}

void asset_reply(struct api *a, const struct asset *asset, int status,
                 struct reply *p)
{
    struct json_out j = reply_json(p, status);
    enum err e = asset_write(a, asset, str_of(p->origin), &j, NULL);
    if (e != OK) {
        reply_error(p, e);
        return;
    }
    if (status != 200)
        snprintf(p->location, sizeof(p->location), "%.*s/v1/assets/%s", 250,
                 p->origin, asset->id.text);
    asset_etag(asset, buf_view(&p->body), p->etag);
    p->cache = "private, no-cache";
}
