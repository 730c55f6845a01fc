// SPDX-License-Identifier: MIT
// room.h - what the files of this room share: the face, its requests, its
// handlers.
//
// State of a request (http_request_state()): a struct visit, set by admit.
#pragma once

#include "reeld/api/face.h"
#include "reeld/videodb.h"

struct callbacks;
struct outcomes;

struct videodb {
    struct videodb_options o;
    struct api *api;
    struct store *store;
    struct catalog *catalog;
    struct jobs *jobs;
    struct pool *pool;
    struct outcomes *outcomes; // of work
    struct fetcher *fetcher;
    struct callbacks *callbacks;
};

static inline struct videodb *videodb_of(const struct http_request *r)
{
    return http_request_context(r);
}
static inline struct str origin_of(const struct http_request *r)
{
    return api_url_base(videodb_of(r)->api, r);
}

// One request. What a handler sets up lives in `work` until it is over.
struct visit {
    struct api_key key; // all zero on routes without one
    void *work;
    void (*free_work)(void *work);
};
static inline struct visit *visit_of(const struct http_request *r)
{
    return http_request_state(r);
}
void visit_keep(struct http_request *r, void *work,
                void (*free_work)(void *work));

// What a route is about, where several share a handler, and what it needs.
enum visit_flag {
    VISIT_SCOPES = SCOPE_READ | SCOPE_INGEST | SCOPE_ADMIN,
    VISIT_UPLOAD = 8, // the address is the right
    VISIT_KIND_SHIFT = 4,
    VISIT_ABSENT_SHIFT = 8, // enum absent: why not
};
static inline enum asset_kind kind_of(const struct http_request *r)
{
    unsigned flags = http_request_flags(r);
    return (enum asset_kind)((flags >> VISIT_KIND_SHIFT) & 3);
}

// ---- hooks.c ---------------------------------------------------------------

bool vdb_admit(struct http_request *r);
void vdb_finish(struct http_request *r, int status);
void vdb_refuse(struct http_request *r, int status, const char *code,
                const char *detail);

// ---- routes.c --------------------------------------------------------------

extern const struct http_route videodb_routes[];
extern const size_t videodb_route_count;

// ---- handlers, one file each -----------------------------------------------

void vdb_collection_list(struct http_request *r);
void vdb_collection_get(struct http_request *r);
void vdb_collection_create(struct http_request *r);
void vdb_collection_change(struct http_request *r);
void vdb_collection_delete(struct http_request *r);

void vdb_upload_address(struct http_request *r);
void vdb_upload_receive(struct http_request *r);
extern const struct http_upload vdb_upload_calls;
bool vdb_upload_admit(struct http_request *r);
void vdb_upload_register(struct http_request *r);
void vdb_work_poll(struct http_request *r);

void vdb_media_list(struct http_request *r);
void vdb_media_get(struct http_request *r);
void vdb_media_rename(struct http_request *r);
void vdb_media_delete(struct http_request *r);
void vdb_media_drop_source(struct http_request *r);

void vdb_stream_of_video(struct http_request *r);
void vdb_stream_compile(struct http_request *r);
void vdb_stream_timeline(struct http_request *r);
void vdb_stream_editor(struct http_request *r);

void vdb_download(struct http_request *r);
void vdb_download_poll(struct http_request *r);
void vdb_audio_url(struct http_request *r);

void vdb_reframe(struct http_request *r);
void vdb_thumbnail(struct http_request *r);
void vdb_thumbnail_take(struct http_request *r);
void vdb_thumbnail_list(struct http_request *r);
void vdb_image_url(struct http_request *r);

void vdb_transcode(struct http_request *r);
void vdb_transcode_look(struct http_request *r);

void vdb_absent(struct http_request *r);
