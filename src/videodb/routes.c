// SPDX-License-Identifier: MIT
// routes.c - every path that VideoDB's clients ask for.
#include "absent.h"
#include "room.h"

// What a caller must be allowed to, and what it is about.
enum {
    READ = SCOPE_READ,
    WRITE = SCOPE_INGEST,
    BOTH = SCOPE_READ | SCOPE_INGEST, // either will do
    BULK = VISIT_UPLOAD,
    VIDEO = ASSET_VIDEO << VISIT_KIND_SHIFT,
    AUDIO = ASSET_AUDIO << VISIT_KIND_SHIFT,
    IMAGE = ASSET_IMAGE << VISIT_KIND_SHIFT,
};
#define ROOT "/videodb"
#define DO(method, path, handle, flags)                                        \
    {                                                                          \
        method, ROOT path, handle, NULL, flags                                 \
    }
#define NO(method, path, what)                                                 \
    DO(method, path, vdb_absent, READ | ABSENT_##what << VISIT_ABSENT_SHIFT)

const struct http_route videodb_routes[] = {
    DO("GET", "/collection", vdb_collection_list, READ),
    DO("POST", "/collection", vdb_collection_create, WRITE),
    DO("GET", "/collection/{id}", vdb_collection_get, READ),
    DO("PATCH", "/collection/{id}", vdb_collection_change, WRITE),
    DO("DELETE", "/collection/{id}", vdb_collection_delete, WRITE),
    DO("GET", "/collection/{id}/upload_url", vdb_upload_address, WRITE),
    {"POST", ROOT "/upload/{token}", vdb_upload_receive, &vdb_upload_calls,
                                                                       BULK},
    DO("POST", "/collection/{id}/upload", vdb_upload_register, WRITE),
    DO("GET", "/async-response/{id}", vdb_work_poll, BOTH),
    DO("GET", "/async-response/download/{id}", vdb_download_poll, READ),
    DO("GET", "/video", vdb_media_list, READ | VIDEO),
    DO("GET", "/video/{id}", vdb_media_get, READ | VIDEO),
    DO("PATCH", "/video/{id}", vdb_media_rename, WRITE | VIDEO),
    DO("DELETE", "/video/{id}", vdb_media_delete, WRITE | VIDEO),
    DO("DELETE", "/video/{id}/storage", vdb_media_drop_source, WRITE | VIDEO),
    DO("GET", "/audio", vdb_media_list, READ | AUDIO),
    DO("GET", "/audio/{id}", vdb_media_get, READ | AUDIO),
    DO("PATCH", "/audio/{id}", vdb_media_rename, WRITE | AUDIO),
    DO("DELETE", "/audio/{id}", vdb_media_delete, WRITE | AUDIO),
    DO("POST", "/audio/{id}/generate_url", vdb_audio_url, READ),
    DO("GET", "/image", vdb_media_list, READ | IMAGE),
    DO("GET", "/image/{id}", vdb_media_get, READ | IMAGE),
    DO("PATCH", "/image/{id}", vdb_media_rename, WRITE | IMAGE),
    DO("DELETE", "/image/{id}", vdb_media_delete, WRITE | IMAGE),
    DO("POST", "/image/{id}/generate_url", vdb_image_url, READ),
    DO("POST", "/video/{id}/stream", vdb_stream_of_video, WRITE),
    DO("POST", "/compile", vdb_stream_compile, WRITE),
    DO("POST", "/timeline", vdb_stream_timeline, WRITE),
    DO("POST", "/editor", vdb_stream_editor, WRITE),
    DO("POST", "/editor/download", vdb_download, READ),
    DO("POST", "/download", vdb_download, READ),
    DO("GET", "/video/{id}/thumbnail", vdb_thumbnail, READ),
    DO("POST", "/video/{id}/thumbnail", vdb_thumbnail_take, WRITE),
    DO("GET", "/video/{id}/thumbnails", vdb_thumbnail_list, READ),
    DO("POST", "/video/{id}/reframe", vdb_reframe, WRITE),
    DO("POST", "/transcode", vdb_transcode, WRITE),
    DO("GET", "/transcode/{id}", vdb_transcode_look, BOTH),
    NO("POST", "/video/{id}/search", SEARCH),
    NO("POST", "/collection/{id}/search", SEARCH),
    NO("POST", "/collection/{id}/search/{how}", SEARCH),
    NO("GET", "/video/{id}/transcription", TRANSCRIPT),
    NO("POST", "/video/{id}/transcription", TRANSCRIPT),
    NO("GET", "/audio/{id}/transcription", TRANSCRIPT),
    NO("POST", "/audio/{id}/transcription", TRANSCRIPT),
    NO("POST", "/video/{id}/index", SPOKEN_INDEX),
    NO("GET", "/video/{id}/index", SCENES),
    NO("POST", "/video/{id}/workflow", SUBTITLES),
    NO("GET", "/video/{id}/scenes", SCENES),
    NO("POST", "/video/{id}/scenes", SCENES),
    NO("GET", "/video/{id}/scenes/{scene}", SCENES),
    NO("DELETE", "/video/{id}/scenes/{scene}", SCENES),
    NO("GET", "/video/{id}/index/scene", SCENES),
    NO("POST", "/video/{id}/index/scene", SCENES),
    NO("GET", "/video/{id}/index/scene/{i}", SCENES),
    NO("DELETE", "/video/{id}/index/scene/{i}", SCENES),
    NO("POST", "/collection/{id}/generate/{rest...}", GENERATE),
    NO("POST", "/collection/{id}/video/{video}/translate", LANGUAGE_MODEL),
    NO("POST", "/video/{id}/clip", LANGUAGE_MODEL),
    NO("POST", "/video/{id}/scene/{i}/describe", LANGUAGE_MODEL),
    NO("POST", "/video/{id}/frame/{i}/describe", LANGUAGE_MODEL),
    NO("POST", "/collection/{id}/meeting/record", MEETING),
    NO("GET", "/collection/{id}/meeting/{i}", MEETING),
    NO("GET", "/video/{id}/meeting", MEETING),
    NO("GET", "/collection/{id}/capture/{rest...}", CAPTURE),
    NO("POST", "/collection/{id}/capture/{rest...}", CAPTURE),
    NO("POST", "/capture/session/token", CAPTURE),
    NO("GET", "/collection/{id}/websocket", WEBSOCKET),
    NO("GET", "/rtstream/{rest...}", LIVE),
    NO("POST", "/rtstream/{rest...}", LIVE),
    NO("PATCH", "/rtstream/{rest...}", LIVE),
    NO("GET", "/billing/{rest...}", BILLING),
};
const size_t videodb_route_count =
    sizeof(videodb_routes) / sizeof(videodb_routes[0]);
