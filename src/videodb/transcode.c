// SPDX-License-Identifier: MIT
// transcode.c - transcode jobs: a URL in, a file out.
//
// The source is fetched and becomes a video; its ladder has what was asked for,
// and the file of that rung is put together when it is downloaded. A job is
// known by its asset and, behind a dash, the height that is wanted.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"

#include "errand.h"
#include "reeld/videodb/read.h"
#include "view.h"

enum { SOURCE_URL_BYTES = 2048, HEIGHT_MOST = 16384, QUALITY = 23 };

// ---- asked for -------------------------------------------------------------

static enum err not_built(const char *what)
{
    return fail(ERR_UNSUPPORTED, "%s is not in this server.", what);
}

// Node says some names in another way.
static const json_t *either(const json_t *object, const char *name,
                            const char *camel)
{
    const json_t *value = member(object, name);
    return value ? value : member(object, camel);
}

static enum err read_height(const json_t *video, int64_t *ret)
{
    const json_t *said = member(video, "resolution");
    if (!said)
        return OK;
    *ret = json_integer_value(said);
    if (!json_is_integer(said) || *ret < 1 || *ret > HEIGHT_MOST)
        return fail(ERR_BAD_INPUT, "resolution is a height in pixels");
    return OK;
}

static enum err check_config(const json_t *body, int64_t *ret_height)
{
    const json_t *video = either(body, "video_config", "videoConfig");
    const json_t *audio = either(body, "audio_config", "audioConfig");
    struct str mode = STR("economy");
    bool is_mute = false;
    TRY(read_text(body, "mode", TEXT_LINE, 32, &mode));
    if (!str_eq(mode, STR("economy")) && !str_eq(mode, STR("lightning")))
        return fail(ERR_BAD_INPUT, "mode is economy or lightning");
    TRY(read_height(video, ret_height));
    TRY(read_bool(audio, "mute", &is_mute));
    if (is_mute)
        return not_built("Muting (audio_config.mute)");
    if (!is_number(video, "quality", QUALITY))
        return not_built("A quality other than 23");
    if (member(video, "framerate"))
        return not_built("Another framerate");
    if (either(video, "aspect_ratio", "aspectRatio"))
        return not_built("Another aspect_ratio: reframe the video");
    return OK;
}

static enum err start(struct errand *e)
{
    struct str source = STR(""), callback = STR("");
    int64_t height = 0;
    TRY(read_text(e->body, "source", TEXT_LINE, SOURCE_URL_BYTES, &source));
    TRY(errand_callback(e, &callback));
    if (source.len == 0)
        return fail(ERR_BAD_INPUT, "source is missing");
    TRY(check_config(e->body, &height));
    struct id asset, job;
    struct api_pull pull = {.url = source.ptr};
    TRY(api_start_pull(e->v->api, &pull, &asset, &job));
    if (callback.len > 0)
        TRY(errand_call_back(e, &asset, callback));
    char text[ID_TEXT_BYTES + 24];
    snprintf(text, sizeof(text), "%s-%" PRId64, asset.text, height);
    json_text(answer_data(&e->answer, '{'), "job_id", text);
    return OK;
}

static void transcode(struct errand *e)
{
    enum err result = start(e);
    if (result == ERR_UNSUPPORTED)
        answer_problem(&e->answer, "not_implemented", "%s", fail_text());
    else if (result != OK)
        answer_error(&e->answer, result);
}

void vdb_transcode(struct http_request *r)
{
    errand_start(r, transcode);
}

// ---- looked at -------------------------------------------------------------

struct wanted {
    struct id asset;
    int64_t height; // 0: the best there is
};

static enum err read_wanted(struct str text, struct wanted *ret)
{
    struct str id = text;
    while (id.len > 0 && id.ptr[id.len - 1] != '-')
        id.len--;
    struct str height = str_skip(text, id.len);
    id.len -= id.len > 0;
    if (id_parse(id, &ret->asset) == OK &&
        str_to_int(height, 0, HEIGHT_MOST, &ret->height) == OK)
        return OK;
    return fail(ERR_NOT_FOUND, "transcode job %.*s does not exist",
                STR_ARG(text));
}

// Heights are of the pictures as they stand, whatever their side.
static const struct rendition *find_rung(const struct asset *asset,
                                         int64_t height)
{
    for (uint32_t i = 0; i < asset->renditions; i++) {
        const struct rendition *rung = &asset->rendition[i];
        if (rung->audio < 0 && (height == 0 || rung->height == height))
            return rung;
    }
    return NULL;
}

static void write_done(struct videodb *v, const struct asset *asset,
                       const struct rendition *rung, const char *origin,
                       struct json_out *j)
{
    char grant[GRANT_TEXT_BYTES], url[VIEW_URL_BYTES];
    api_write_grant(v->api, &asset->id, asset->epoch, grant);
    snprintf(url, sizeof(url), "%s/p/%s/%s/download.mp4?rendition=%s", origin,
             grant, asset->id.text, rung->name);
    json_text(j, "status", "done");
    json_text(j, "download_url", url);
    json_open(j, "video", '{');
    view_write(v, asset, origin, j);
    json_close(j, '}');
}

static void write_failed(struct json_out *j, const char *why)
{
    json_text(j, "status", "failed");
    json_text(j, "message", why);
}

static void write_job(struct videodb *v, const struct asset *asset,
                      int64_t height, const char *origin, struct json_out *j)
{
    const struct rendition *rung = NULL;
    if (asset->state == ASSET_REJECTED) {
        write_failed(j, asset->error_detail);
        return;
    }
    if (asset->state != ASSET_READY) {
        json_text(j, "status", "processing");
        return;
    }
    if (asset->kind == ASSET_VIDEO)
        rung = find_rung(asset, height);
    if (rung)
        write_done(v, asset, rung, origin, j);
    else
        write_failed(j, asset->kind == ASSET_VIDEO
                            ? "The video has no rendition of that height."
                            : "The source is no video.");
}

void vdb_transcode_look(struct http_request *r)
{
    struct videodb *v = videodb_of(r);
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    struct wanted wanted;
    scoped(asset) const struct asset *asset = NULL;
    struct str text = http_request_part(r, "id");
    enum err e = read_wanted(text, &wanted);
    if (e == OK)
        e = catalog_asset(v->catalog, &wanted.asset, &asset);
    if (e == OK) {
        struct json_out *j = answer_data(&a, '{');
        json_str(j, "job_id", text);
        write_job(v, asset, wanted.height, a.origin, j);
    } else {
        answer_error(&a, e);
    }
    answer_send(r, &a);
}
