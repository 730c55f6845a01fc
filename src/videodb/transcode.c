// SPDX-License-Identifier: MIT
// transcode.c - transcode jobs: a URL in, a file out.
//
// The source is fetched and becomes a video; its ladder has what was asked for,
// and the file of that rung is put together when it is downloaded. Another
// aspect ratio is a shape of that video. A job is known by its asset and what
// is wanted of it: "m-...-720", "m-...-0-9x16" (height 0: the best there is).
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/model/reframe.h"
#include "reeld/videodb/read.h"

#include "errand.h"
#include "view.h"

enum {
    SOURCE_URL_BYTES = 2048,
    HEIGHT_MOST = 16384,
    QUALITY = 23,
    JOB_TEXT_BYTES = ID_TEXT_BYTES + 32,
};

struct wanted {
    struct id asset;
    int64_t height;   // 0: the best there is
    int64_t ratio[2]; // width, height; 0: as it is
};

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

// "16:9". Cropping is the one way to it that there is.
static enum err read_ratio(const json_t *video, struct wanted *w)
{
    struct str ratio = STR(""), mode = STR("");
    const json_t *said = either(video, "aspect_ratio", "aspectRatio");
    if (!said)
        return OK;
    if (json_is_string(said))
        ratio = str_of(json_string_value(said));
    struct str height = ratio, width = str_cut(&height, ':');
    if (str_to_int(width, 1, REFRAME_RATIO_MAX, &w->ratio[0]) != OK ||
        str_to_int(height, 1, REFRAME_RATIO_MAX, &w->ratio[1]) != OK ||
        reframe_check_shape(w->ratio[0], w->ratio[1]) != OK)
        return fail(ERR_BAD_INPUT,
                    "aspect_ratio is WIDTH:HEIGHT, such as 9:16");
    TRY(read_text(video, "resizeMode", TEXT_LINE, 32, &mode));
    TRY(read_text(video, "resize_mode", TEXT_LINE, 32, &mode));
    if (mode.len > 0 && !str_eq(mode, STR("crop")))
        return not_built("A resize_mode other than crop");
    return OK;
}

static enum err check_config(const json_t *body, struct wanted *w)
{
    const json_t *video = either(body, "video_config", "videoConfig");
    const json_t *audio = either(body, "audio_config", "audioConfig");
    struct str mode = STR("economy");
    bool is_mute = false;
    TRY(read_text(body, "mode", TEXT_LINE, 32, &mode));
    if (!str_eq(mode, STR("economy")) && !str_eq(mode, STR("lightning")))
        return fail(ERR_BAD_INPUT, "mode is economy or lightning");
    TRY(read_height(video, &w->height));
    TRY(read_ratio(video, w));
    TRY(read_bool(audio, "mute", &is_mute));
    if (is_mute)
        return not_built("Muting (audio_config.mute)");
    if (!is_number(video, "quality", QUALITY))
        return not_built("A quality other than 23");
    if (member(video, "framerate"))
        return not_built("Another framerate");
    return OK;
}

static void write_wanted(const struct wanted *w,
                         char text[static JOB_TEXT_BYTES])
{
    int len =
        snprintf(text, JOB_TEXT_BYTES, "%s-%" PRId64, w->asset.text, w->height);
    if (w->ratio[0] > 0)
        snprintf(text + len, (size_t)(JOB_TEXT_BYTES - len),
                 "-%" PRId64 "x%" PRId64, w->ratio[0], w->ratio[1]);
}

static enum err start(struct errand *e)
{
    struct str source = STR(""), callback = STR("");
    struct wanted w = {0};
    TRY(read_text(e->body, "source", TEXT_LINE, SOURCE_URL_BYTES, &source));
    TRY(errand_callback(e, &callback));
    if (source.len == 0)
        return fail(ERR_BAD_INPUT, "source is missing");
    TRY(check_config(e->body, &w));
    struct id job;
    struct api_pull pull = {.url = source.ptr};
    TRY(api_start_pull(e->v->api, &pull, &w.asset, &job));
    if (callback.len > 0)
        TRY(errand_call_back(e, &w.asset, callback));
    char text[JOB_TEXT_BYTES];
    write_wanted(&w, text);
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

// Only what write_wanted() writes is known.
static enum err read_wanted(const char *job, struct wanted *ret)
{
    struct wanted w = {0};
    struct str rest = str_of(job);
    struct str kind = str_cut(&rest, '-'), name = str_cut(&rest, '-');
    struct str height = str_cut(&rest, '-'), width = str_cut(&rest, 'x');
    struct str id = {kind.ptr, kind.len + 1 + name.len};
    char again[JOB_TEXT_BYTES] = "";
    if (id.len <= strlen(job) && id_parse(id, &w.asset) == OK &&
        str_to_int(height, 0, HEIGHT_MOST, &w.height) == OK &&
        (width.len == 0 ||
         (str_to_int(width, 1, REFRAME_RATIO_MAX, &w.ratio[0]) == OK &&
          str_to_int(rest, 1, REFRAME_RATIO_MAX, &w.ratio[1]) == OK &&
          reframe_check_shape(w.ratio[0], w.ratio[1]) == OK)))
        write_wanted(&w, again);
    if (strcmp(job, again) != 0)
        return fail(ERR_NOT_FOUND, "transcode job %s does not exist", job);
    *ret = w;
    return OK;
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

static enum err write_ready(struct errand *e, const struct wanted *w,
                            const struct asset *asset, struct json_out *j)
{
    if (asset->kind != ASSET_VIDEO) {
        write_failed(j, "The source is no video.");
        return OK;
    }
    scoped(asset) const struct asset *shown = NULL;
    if (w->ratio[0] > 0)
        TRY(api_shape(e->v->api, asset, (int32_t)w->ratio[0],
                      (int32_t)w->ratio[1], &shown));
    else
        shown = asset_ref(asset);
    const struct rendition *rung = find_rung(shown, w->height);
    if (rung)
        write_done(e->v, shown, rung, e->answer.origin, j);
    else
        write_failed(j, "The video has no rendition of that height.");
    return OK;
}

static enum err look(struct errand *e)
{
    struct wanted w;
    scoped(asset) const struct asset *asset = NULL;
    TRY(read_wanted(e->id, &w));
    TRY(catalog_asset(e->v->catalog, &w.asset, &asset));
    struct json_out *j = answer_data(&e->answer, '{');
    json_text(j, "job_id", e->id);
    if (asset->state == ASSET_REJECTED)
        write_failed(j, asset->error_detail);
    else if (asset->state == ASSET_READY)
        TRY(write_ready(e, &w, asset, j));
    else
        json_text(j, "status", "processing");
    return OK;
}

static void tell_job(struct errand *e)
{
    enum err result = look(e);
    if (result != OK)
        answer_error(&e->answer, result);
}

// On the pool: the shape may have to be made.
void vdb_transcode_look(struct http_request *r)
{
    errand_start(r, tell_job);
}
