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

static enum err make(struct api *a, const struct play_wanted *w,
                     const struct play_path *path, bool is_gzip,
                     struct http_answer **ret)
{
    scoped(buf) struct buf base, text;
    buf_init(&base, CLIP_BASE_BYTES);
    buf_init(&text, MANIFEST_BYTES_MAX);
    if (w->is_below)
        play_write_base(w->show, &base);
    TRY(buf_end(&base));
    TRY(play_write_manifest(a->catalog, w->show, path,
                            base.len > 0 ? (const char *)base.bytes : "",
                            &text));
    TRY(buf_end(&text));
    *ret = new_answer(str_of(play_content_type(w->show, path)), &text, is_gzip);
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
static enum err find(struct api *a, const struct play_wanted *w,
                     const struct play_path *path, bool is_gzip,
                     struct http_answer **ret)
{
    struct manifest_key key = {
        .id = w->asset->id,
        .generation = catalog_generation(a->catalog, &w->asset->id),
        .manifest = (int32_t)path->manifest,
        .rendition = path->rung,
        .is_gzip = is_gzip,
    };
    struct str name = {(const char *)&key, sizeof(key)};
    *ret = http_cache_get(a->cache, name);
    if (*ret)
        return OK;
    TRY(make(a, w, path, is_gzip, ret));
    http_cache_put(a->cache, name, *ret);
    return OK;
}

// ---- clips -----------------------------------------------------------------

enum { CLIP_KEY_BYTES = 32 << 10 };

// A text that is asked for in other words is only made and kept twice.
// One of before the source was dropped names what can be had no more.
static struct str clip_key(struct http_request *r, const struct play_wanted *w,
                           struct buf *text)
{
    buf_init(text, CLIP_KEY_BYTES);
    bool is_dropped = w->asset && w->asset->source_dropped_us > 0;
    buf_printf(text, "t/%d%d/%.*s/%.*s?", http_request_accepts_gzip(r),
               is_dropped, STR_ARG(http_request_part(r, "id")),
               STR_ARG(http_request_part(r, "rest")));
    buf_str(text, http_request_query_text(r));
    return buf_end(text) == OK ? buf_view(text) : STR("");
}

// The player's first requests find what they ask for made, or nearly so.
static void make_first(struct api *a, const struct play_show *show,
                       bool wants_ts)
{
    struct piece first[2];
    uint32_t count = play_first_pieces(show, wants_ts, first);
    for (uint32_t i = 0; i < count; i++) {
        jobs_prefetch(a->jobs, &first[i]);
        piece_done(&first[i]);
    }
}

static enum err find_clip(struct http_request *r, const struct play_wanted *w,
                          const struct play_path *path, bool is_gzip,
                          struct http_answer **ret)
{
    struct api *a = api_of(r);
    scoped(buf) struct buf text;
    struct str key = clip_key(r, w, &text);
    *ret = key.len > 0 ? http_cache_get(a->cache, key) : NULL;
    if (*ret)
        return OK;
    TRY(make(a, w, path, is_gzip, ret));
    if (key.len > 0)
        http_cache_put(a->cache, key, *ret);
    if (path->rung < 0 && path->manifest != PLAY_STORYBOARD)
        make_first(a, w->show, path->manifest == PLAY_HLS_MULTIVARIANT_TS);
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

bool manifest_answer_kept(struct http_request *r, const struct play_wanted *w)
{
    struct str rest = http_request_part(r, "rest"), value;
    if (!str_ends(rest, STR(".m3u8")) && !str_ends(rest, STR(".mpd")) &&
        !str_ends(rest, STR(".vtt")))
        return false;
    if (!str_starts(rest, STR("t/")) && !http_request_query(r, "t", &value))
        return false;
    scoped(buf) struct buf text;
    struct str key = clip_key(r, w, &text);
    scoped(http_answer) struct http_answer *answer =
        key.len > 0 ? http_cache_get(api_of(r)->cache, key) : NULL;
    if (!answer)
        return false;
    limit_age(r, &w->right);
    play_reply(r, answer);
    return true;
}

void manifest_answer(struct http_request *r, const struct play_wanted *w,
                     const struct play_path *path)
{
    scoped(http_answer) struct http_answer *answer = NULL;
    bool is_gzip = http_request_accepts_gzip(r);
    enum err e = play_show_timeline(w->show)
                     ? find_clip(r, w, path, is_gzip, &answer)
                     : find(api_of(r), w, path, is_gzip, &answer);
    if (e == ERR_NOT_FOUND) {
        refuse(r, "not_found", "The asset has nothing of that name.");
        return;
    }
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    limit_age(r, &w->right);
    play_reply(r, answer);
}

void manifest_reply(struct http_request *r, const struct play_show *show,
                    const struct play_path *path, const char *base)
{
    struct api *a = api_of(r);
    scoped(buf) struct buf text;
    buf_init(&text, MANIFEST_BYTES_MAX);
    enum err e = play_write_manifest(a->catalog, show, path, base, &text);
    if (e == OK)
        e = buf_end(&text);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    make_first(a, show, path->manifest == PLAY_HLS_MULTIVARIANT_TS);
    http_header(r, "Cache-Control", "private, no-store");
    http_reply(r, 200, play_content_type(show, path), buf_view(&text));
}
