// SPDX-License-Identifier: MIT
// manifest_answer.c - manifests: written once a generation of facts, kept
// finished, plain and gzipped.
#include "play_answer.h"

#include <inttypes.h>
#include <stdio.h>

#include "reeld/base/math.h"

enum {
    MANIFEST_BYTES_MAX = 64 << 20,
    MANIFEST_AGE_S = 60, // HTTP-07: short, and asked again by ETag
};

static const char *const manifest_headers[] = {PLAY_HEADERS, "Vary",
                                               "Accept-Encoding", NULL};

// HTTP-06, HTTP-08: the two forms have ETags of their own.
static struct http_answer *new_answer(struct str type, struct buf *text,
                                      bool is_gzip)
{
    struct str view = buf_view(text);
    struct digest digest = hash_of(view.ptr, view.len);
    char hex[HASH_HEX_BYTES], etag[48], cache[48], content_type[64];
    digest_hex(&digest, hex);
    snprintf(etag, sizeof(etag), "\"%.32s%s\"", hex, is_gzip ? "-gz" : "");
    snprintf(cache, sizeof(cache), "public, max-age=%d", MANIFEST_AGE_S);
    str_copy(content_type, sizeof(content_type), type);
    scoped(blob) struct blob *body =
        is_gzip ? http_gzip(view) : blob_from_buf(text);
    struct http_answer_options o = {
        .status = 200,
        .type = content_type,
        .etag = etag,
        .cache_control = cache,
        .encoding = is_gzip ? "gzip" : NULL,
        // A range of a gzipped text is nothing that anybody can use (HTTP-05).
        .has_range = !is_gzip,
        .headers = manifest_headers,
    };
    return http_answer_new(&o, body);
}

static enum err make(struct api *a, const struct play_show *show,
                     const struct play_path *path, bool is_gzip,
                     struct http_answer **ret)
{
    scoped(buf) struct buf text;
    buf_init(&text, MANIFEST_BYTES_MAX);
    TRY(play_write_manifest(a->catalog, show, path, "", &text));
    TRY(buf_end(&text));
    *ret = new_answer(str_of(play_content_type(show, path)), &text, is_gzip);
    return OK;
}

// What a kept manifest is found by. Plain bytes: a name made with printf would
// cost more than the look-up.
struct manifest_key {
    struct id id;
    uint64_t generation;
    int32_t manifest, rendition;
    int64_t is_gzip; // wide, so that no byte of the struct is padding
};
_Static_assert(sizeof(struct manifest_key) == sizeof(struct id) +
                                                  2 * sizeof(int64_t) +
                                                  2 * sizeof(int32_t),
               "bytes that nobody sets would tell equal keys apart");

// The generation is read before the facts: a text that is older than its
// number would stay, one that is newer is only made again.
static enum err find(struct api *a, const struct asset *asset,
                     const struct play_show *show, const struct play_path *path,
                     bool is_gzip, struct http_answer **ret)
{
    if (play_show_timeline(show)) // clips: not kept
        return make(a, show, path, is_gzip, ret);
    struct manifest_key key = {
        .id = asset->id,
        .generation = catalog_generation(a->catalog, &asset->id),
        .manifest = (int32_t)path->manifest,
        .rendition = path->rung,
        .is_gzip = is_gzip,
    };
    struct str name = {(const char *)&key, sizeof(key)};
    *ret = http_cache_get(a->cache, name);
    if (*ret)
        return OK;
    TRY(make(a, show, path, is_gzip, ret));
    http_cache_put(a->cache, name, *ret);
    return OK;
}

// HTTP-13: not kept beyond the end of the grant, nor shared where a key in the
// header is the right.
static void limit_age(struct http_request *r, const struct play_right *right)
{
    if (right->left_s >= MANIFEST_AGE_S && !right->is_private)
        return;
    char text[64];
    snprintf(text, sizeof(text), "%s, max-age=%" PRId64,
             right->is_private ? "private" : "public",
             min_i64(right->left_s, MANIFEST_AGE_S));
    http_header(r, "Cache-Control", text);
}

void manifest_answer(struct http_request *r, const struct asset *asset,
                     const struct play_show *show, const struct play_path *path,
                     const struct play_right *right)
{
    scoped(http_answer) struct http_answer *answer = NULL;
    bool is_gzip = http_request_accepts_gzip(r);
    enum err e = find(api_of(r), asset, show, path, is_gzip, &answer);
    if (e == ERR_NOT_FOUND) {
        refuse(r, "not_found", "The asset has nothing of that name.");
        return;
    }
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    limit_age(r, right);
    play_reply(r, answer);
}
