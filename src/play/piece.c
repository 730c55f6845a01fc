// SPDX-License-Identifier: MIT
// piece.c - pieces of shows: which they are, and their bytes where they are
// made already.
#include "image.h"
#include "play_show.h"

#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/thread.h"

enum { PIECE_BYTES_MAX = 1 << 30 };

static enum err timeline_piece(const struct play_show *s,
                               const struct play_path *p, struct piece *ret)
{
    const struct timeline *t = s->timeline;
    uint32_t segment = 0, clip = p->number;
    if (p->piece != PIECE_INIT) {
        const struct clip *found;
        TRY(timeline_find(t, p->number, &found, &segment));
        clip = (uint32_t)(found - t->clip);
    }
    return show_piece(s->show, t, clip, (uint32_t)p->rung, p->piece, segment,
                      ret);
}

enum err play_piece_of(const struct play_show *s, const struct play_path *p,
                       struct piece *ret)
{
    if (!p->is_manifest && p->piece == PIECE_IMAGE)
        return play_image_piece(s, p, ret);
    if (p->is_manifest || p->rung < 0)
        return fail(ERR_NOT_FOUND, "that is no piece");
    if (s->timeline)
        return timeline_piece(s, p, ret);
    // Its own numbers; no timeline has to be laid for them.
    int32_t own = show_server(s->show, 0, (uint32_t)p->rung)->own;
    return piece_of_asset(s->asset, (uint32_t)own, p->piece, p->number, ret);
}

enum err play_piece_behind_join(const struct play_show *s,
                                const struct play_path *p, struct piece *ret)
{
    const struct clip *c;
    uint32_t segment;
    if (!s->timeline || p->is_manifest ||
        (p->piece != PIECE_SEGMENT && p->piece != PIECE_TS))
        return fail(ERR_NOT_FOUND, "nothing is joined there");
    TRY(timeline_find(s->timeline, p->number, &c, &segment));
    if (segment + 1 < c->segments)
        return fail(ERR_NOT_FOUND, "the clip goes on");
    struct play_path next = *p;
    next.number++;
    return play_piece_of(s, &next, ret);
}

uint32_t play_first_pieces(const struct play_show *s, bool wants_ts,
                           struct piece ret[static 2])
{
    const struct show *show = s->show;
    uint32_t count = 0;
    struct play_path p = {.piece = wants_ts ? PIECE_TS : PIECE_SEGMENT,
                          .rung = (int)show_first_video(show)};
    if (show->videos > 0 && play_piece_of(s, &p, &ret[count]) == OK)
        count++;
    bool is_muxed = wants_ts && show->videos > 0;
    p.rung = (int)show->videos;
    if (show->rungs > show->videos && !is_muxed &&
        play_piece_of(s, &p, &ret[count]) == OK)
        count++;
    return count;
}

// The store lost what the catalog promises. Served again as soon as it has been
// made again; the fact and the remains go where changing facts is allowed.
static enum err lost(struct catalog *c, struct store *s,
                     const struct digest *key)
{
    char text[HASH_HEX_BYTES];
    digest_hex(key, text);
    log_warn("piece.lost key=%s", text);
    if (thread_has_role(ROLE_POOL)) {
        TRY(catalog_forget_piece(c, key));
        enum err result = store_remove(s, key);
        if (result != OK && result != ERR_NOT_FOUND)
            return result;
    }
    return fail(ERR_NOT_FOUND, "piece %s is lost", text);
}

static enum err open_made(struct catalog *c, struct store *s,
                          const struct digest *key, int *ret_fd,
                          int64_t *ret_bytes)
{
    struct piece_fact fact;
    TRY(catalog_piece(c, key, &fact));
    scoped(fd) int fd = -1;
    enum err result = store_open(s, key, &fd);
    if (result == ERR_NOT_FOUND)
        return lost(c, s, key);
    TRY(result);
    TRY(fd_size(fd, ret_bytes));
    if (*ret_bytes != fact.size_bytes)
        return lost(c, s, key);
    *ret_fd = take_fd(&fd);
    return OK;
}

enum err play_piece(struct catalog *c, struct store *s, const struct piece *p,
                    struct blob **ret)
{
    scoped(fd) int fd = -1;
    int64_t size_bytes;
    TRY(open_made(c, s, &p->key, &fd, &size_bytes));
    return blob_from_fd(fd, PIECE_BYTES_MAX, ret);
}

enum err play_open_download(struct catalog *c, struct store *s,
                            const struct download *d, int *ret_fd,
                            int64_t *ret_bytes)
{
    return open_made(c, s, &d->key, ret_fd, ret_bytes);
}
