// SPDX-License-Identifier: MIT
// drop_scan.c - what is still missing before a source may be dropped, and then
// its end.
//
// A piece is there when its fact is and the store has as many bytes: from the
// moment the job was owed neither goes any more (reeld/catalog/kept.h).
#include "drop.h"

#include <stdlib.h>

#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/jobs.h"
#include "reeld/catalog/kept.h"
#include "reeld/store/claims.h"

enum { LOOKS_MAX = 4096 }; // of one scan: the pool is others' as well

static bool is_there(const struct drop_scan *s, const struct piece *p)
{
    struct piece_fact fact;
    scoped(fd) int fd = -1;
    int64_t size_bytes;
    return catalog_piece(s->catalog, &p->key, &fact) == OK &&
           store_open(s->store, &p->key, &fd) == OK &&
           fd_size(fd, &size_bytes) == OK && size_bytes == fact.size_bytes;
}

static void look_at(struct drop_scan *s, struct piece *p)
{
    if (!is_there(s, p))
        s->piece[s->missing++] = *p;
    else
        piece_done(p);
}

static enum err scan_own(struct drop_scan *s, uint32_t *looks)
{
    uint32_t count = kept_pieces(s->asset);
    while (s->walk.number < count && s->missing < DROP_BATCH &&
           ++*looks < LOOKS_MAX) {
        struct piece p;
        TRY(kept_piece(s->asset, s->walk.number++, &p));
        look_at(s, &p);
    }
    return OK;
}

// False: the batch is full, or enough was looked at.
static enum err scan_show(struct drop_scan *s, const struct show *show,
                          const struct timeline *t, uint32_t *looks,
                          bool *ret_is_through)
{
    *ret_is_through = false;
    for (; s->walk.asset < show->assets;
         s->walk.asset++, s->walk.in = (struct kept_walk){0}) {
        if (!id_eq(&show->asset[s->walk.asset]->id, &s->asset->id))
            continue;
        for (;;) {
            if (s->missing == DROP_BATCH || ++*looks >= LOOKS_MAX)
                return OK;
            struct piece p;
            enum err e = kept_next(show, t, s->walk.asset, &s->walk.in, &p);
            if (e == ERR_NOT_FOUND)
                break;
            TRY(e);
            look_at(s, &p);
        }
    }
    *ret_is_through = true;
    return OK;
}

// One that cannot be played now (another asset of it is gone) keeps nothing.
static enum err scan_stream(struct drop_scan *s, const struct stream *stream,
                            uint32_t *looks, bool *ret_is_through)
{
    scoped(timeline) struct timeline *t = NULL;
    scoped(show) struct show *show = NULL;
    if (stream_timeline(s->catalog, stream, s->build, &t) == OK &&
        show_of_timeline(t, &show) == OK)
        return scan_show(s, show, t, looks, ret_is_through);
    *ret_is_through = true;
    return OK;
}

static enum err scan_streams(struct drop_scan *s, uint32_t *looks)
{
    while (s->missing < DROP_BATCH && ++*looks < LOOKS_MAX) {
        scoped(stream) struct stream stream = {0};
        enum err e = catalog_stream_with(s->catalog, &s->asset->id,
                                         &s->walk.stream, &stream);
        s->is_through = e == ERR_NOT_FOUND;
        if (s->is_through)
            return OK;
        TRY(e);
        bool is_through;
        TRY(scan_stream(s, &stream, looks, &is_through));
        if (!is_through)
            return OK;
        s->walk.stream = stream.id;
        s->walk.asset = 0;
        s->walk.in = (struct kept_walk){0};
    }
    return OK;
}

static enum err scan(struct drop_scan *s)
{
    uint32_t looks = 0;
    TRY(catalog_job_progress(s->catalog, &s->job.id, s->done,
                             kept_pieces(s->asset)));
    if (s->walk.number == 0)
        TRY(catalog_last_stream(s->catalog, &s->walk.seen));
    TRY(scan_own(s, &looks));
    if (s->walk.number < kept_pieces(s->asset))
        return OK;
    return scan_streams(s, &looks);
}

void drop_scan_on_pool(struct errand *errand)
{
    struct drop_scan *s = (struct drop_scan *)errand;
    s->result = scan(s);
    if (s->result != OK)
        str_copy(s->why, sizeof s->why, str_of(fail_text()));
}

void drop_scan_free(struct drop_scan *s)
{
    for (uint32_t i = 0; i < s->missing; i++)
        piece_done(&s->piece[i]);
    asset_unref(s->asset);
    free(s);
}

// ---- hashes ----------------------------------------------------------------

// One that is not there was not looked for either: no more than the cut of a
// clip, which plays no more.
static enum err hash_piece(const struct drop_hash *h, struct blob_fact *piece)
{
    scoped(fd) int fd = -1;
    enum err e = store_open(h->store, &piece->key, &fd);
    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(hash_fd(fd, &piece->hash));
    piece->has_hash = true;
    return OK;
}

static enum err hash_some(struct drop_hash *h)
{
    struct blob_fact piece[DROP_BATCH];
    uint32_t count;
    TRY(catalog_kept_unhashed(h->catalog, h->source_row, h->row, DROP_BATCH,
                              piece, &count));
    h->is_through = count == 0;
    if (h->is_through)
        return OK;
    for (uint32_t i = 0; i < count; i++)
        TRY(hash_piece(h, &piece[i]));
    h->row = piece[count - 1].row;
    return catalog_set_hashes(h->catalog, piece, count);
}

void drop_hash_on_pool(struct errand *errand)
{
    struct drop_hash *h = (struct drop_hash *)errand;
    h->result = hash_some(h);
    if (h->result != OK)
        str_copy(h->why, sizeof h->why, str_of(fail_text()));
}

// ---- the end ---------------------------------------------------------------

// The fact first: a crash leaves a blob that no fact names, which is swept. One
// that a backup may name stays until then.
static enum err end_source(struct drop_end *e)
{
    TRY(catalog_finish_drop(e->catalog, &e->job, e->source_row, e->seen));
    bool is_named = true;
    enum err removed = catalog_is_named(e->catalog, &e->source, &is_named);
    if (removed == OK && !is_named)
        removed = store_remove(e->store, &e->source);
    if (removed != OK && removed != ERR_NOT_FOUND)
        log_warn("drop.blob_stays error=%s", err_name(removed));
    return OK;
}

void drop_end_on_pool(struct errand *errand)
{
    struct drop_end *e = (struct drop_end *)errand;
    struct claims *claims = store_claims(e->store);
    claims_own(claims, &e->source);
    e->result = end_source(e);
    if (e->result != OK)
        str_copy(e->why, sizeof e->why, str_of(fail_text()));
    claims_release(claims, &e->source);
}
