// SPDX-License-Identifier: MIT
// parcel.c - bytes of uploads before they are assets.
#include "reeld/videodb/parcel.h"

#include <string.h>

#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/store/claims.h"

static enum err too_large(int64_t limit_bytes)
{
    return fail(ERR_TOO_LARGE, "an upload may have %lld bytes at most",
                (long long)limit_bytes);
}

enum err parcel_new(struct store *s, int64_t announced_bytes,
                    int64_t limit_bytes, struct parcel **ret)
{
    if (announced_bytes > limit_bytes)
        return too_large(limit_bytes);
    scoped(parcel) struct parcel *p = NEW(struct parcel);
    p->limit_bytes = limit_bytes;
    p->hash = hash_new();
    TRY(store_begin(s, announced_bytes, &p->writer));
    *ret = take(p);
    return OK;
}

void parcel_free(struct parcel *p)
{
    if (!p)
        return;
    store_abandon(p->writer);
    hash_free(p->hash);
    free(p);
}

void parcel_set_filename(struct parcel *p, struct str filename)
{
    struct str last = filename;
    for (size_t i = 0; i < filename.len; i++)
        if (filename.ptr[i] == '/' || filename.ptr[i] == '\\')
            last = str_skip(filename, i + 1);
    str_copy(p->filename, sizeof(p->filename),
             str_is_printable(last) ? last : STR(""));
}

enum err parcel_add(struct parcel *p, const void *bytes, size_t len)
{
    if ((int64_t)len > p->limit_bytes - p->size_bytes)
        return too_large(p->limit_bytes);
    TRY(fd_write_all(store_writer_fd(p->writer), bytes, len));
    hash_add(p->hash, bytes, len);
    if (p->size_bytes < PARCEL_FIRST_BYTES)
        memcpy(
            p->first + p->size_bytes, bytes,
            (size_t)min_i64((int64_t)len, PARCEL_FIRST_BYTES - p->size_bytes));
    p->size_bytes += (int64_t)len;
    store_writer_push(p->writer, p->size_bytes);
    return OK;
}

void parcel_end(struct parcel *p)
{
    p->source = hash_end(p->hash);
}

enum err parcel_hold(struct parcel *p, struct store *s, struct catalog *c,
                     const struct digest *slot, const struct id *key,
                     int64_t expires_us)
{
    struct parcel_fact held = {
        .key = *key,
        .expires_us = expires_us,
        .source = p->source,
        .size_bytes = p->size_bytes,
        .kind = parcel_kind(p),
    };
    str_copy(held.filename, sizeof(held.filename), str_of(p->filename));
    struct claims *claims = store_claims(s);
    claims_share(claims, &p->source);
    enum err e = store_commit(take(p->writer), &p->source);
    if (e == OK)
        e = catalog_hold_parcel(c, slot, &held);
    claims_release(claims, &p->source);
    return e;
}

enum err parcel_text(struct store *s, const struct parcel_fact *p,
                     size_t most_bytes, char **ret_text)
{
    if (p->size_bytes > (int64_t)most_bytes)
        return fail(ERR_TOO_LARGE, "a timeline of more than %zu bytes",
                    most_bytes);
    size_t len = (size_t)p->size_bytes;
    scoped(fd) int fd = -1;
    TRY(store_open(s, &p->source, &fd));
    scoped(mem) char *text = mem_new(len + 1, 1);
    TRY(fd_pread_all(fd, text, len, 0));
    *ret_text = take(text);
    return OK;
}

// ---- what it looks like ----------------------------------------------------

// Both texts stand there: one at the beginning, one at `at`.
static const struct look {
    const char *begins;
    size_t at;
    const char *says;
    enum asset_kind kind;
} looks[] = {
    {"ID3",               0, "",        ASSET_AUDIO}, // MP3
    {"fLaC",              0, "",        ASSET_AUDIO},
    {"RIFF",              8, "WAVE",    ASSET_AUDIO},
    {"FORM",              8, "AIF",     ASSET_AUDIO},
    {"",                  4, "ftypM4A", ASSET_AUDIO},
    {"\x89PNG\r\n\x1a\n", 0, "",        ASSET_IMAGE},
    {"\xff\xd8\xff",      0, "",        ASSET_IMAGE}, // JPEG
    {"GIF8",              0, "",        ASSET_IMAGE},
    {"RIFF",              8, "WEBP",    ASSET_IMAGE},
};

static bool has_at(const struct parcel *p, size_t at, const char *text)
{
    return memcmp(p->first + at, text, strlen(text)) == 0;
}

// MPEG audio and AAC in ADTS begin with eleven bits that are set.
static bool is_sync(const struct parcel *p)
{
    return p->first[0] == 0xff && (p->first[1] & 0xe0) == 0xe0;
}

enum asset_kind parcel_kind(const struct parcel *p)
{
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
        if (has_at(p, 0, looks[i].begins) &&
            has_at(p, looks[i].at, looks[i].says))
            return looks[i].kind;
    return is_sync(p) ? ASSET_AUDIO : ASSET_VIDEO;
}
