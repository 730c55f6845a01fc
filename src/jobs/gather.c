// SPDX-License-Identifier: MIT
// gather.c - the parts of a download: wanted, made, put behind one another.
//
//   walk --> slot slot slot slot          window: wanted at once
//             |    |
//             errand: those at the front that are made, into the temp file
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "crew.h"
#include "making.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"

enum {
    BATCH_MAX = 64,
    // Past it no further part is wanted: what is made stays in memory until it
    // is in the file.
    HELD_BYTES_MAX = 64 << 20,
    COPY_BYTES = 1 << 20,
};

// ---- wanting ---------------------------------------------------------------

static void slot_done(void *context, enum err result, const char *detail,
                      struct blob *blob)
{
    struct slot *s = context;
    struct making *m = s->making;
    s->waiter = NULL;
    s->blob = blob;
    if (result != OK)
        making_note(m, result, detail);
}

static void want_slot(struct jobs *j, struct slot *s)
{
    struct jobs_waiter *w = waiter_new(j, slot_done, s);
    w->is_inner = true;
    w->urgency = URGENCY_DOWNLOAD;
    piece_copy(&s->part.piece, &w->piece);
    s->waiter = w;
    flight_join(j, w);
}

static void free_slot(struct making *m, struct slot *s)
{
    DL_DELETE(m->slots, s);
    m->slot_count--;
    blob_unref(s->blob);
    piece_done(&s->part.piece);
    free(s);
}

void gather_let_go(struct jobs *j, struct making *m)
{
    while (m->slots) {
        struct slot *s = m->slots;
        struct jobs_waiter *w = s->waiter;
        s->waiter = NULL;
        if (w) {
            flight_leave(j, w);
            waiter_release(w);
        }
        free_slot(m, s);
    }
}

static int64_t held_bytes(const struct making *m)
{
    int64_t bytes = 0;
    const struct slot *s;
    DL_FOREACH (m->slots, s)
        bytes += s->blob ? (int64_t)s->blob->len : 0;
    return bytes;
}

// Walks on by one part. False: there is none, or trouble was noted.
static bool add_slot(struct jobs *j, struct making *m)
{
    struct download_part part;
    enum err e = download_next(m->download, &m->walk, &part);
    if (e == ERR_NOT_FOUND && m->walk.clip == m->download->timeline->clips) {
        m->is_walked = true;
        return false;
    }
    if (e != OK) {
        making_note(m, e, fail_text());
        return false;
    }
    struct slot *s = NEW(struct slot);
    s->making = m;
    s->part = part;
    DL_APPEND(m->slots, s);
    m->slot_count++;
    if (!flight_is_made(j, &part.piece.key))
        want_slot(j, s);
    return m->trouble == OK;
}

static void fill_window(struct jobs *j, struct making *m)
{
    while (!m->is_walked && m->trouble == OK &&
           m->slot_count < (uint32_t)j->options.download_window &&
           held_bytes(m) < HELD_BYTES_MAX)
        if (!add_slot(j, m))
            return;
}

// ---- putting into the file, on the pool ------------------------------------

struct append_item {
    struct digest key;
    struct blob *blob; // a reference; NULL: from the store
    int64_t bytes;     // that were put
};

struct append_errand {
    struct errand errand;
    struct making *making; // not touched on the pool
    struct store *store;
    struct catalog *catalog;
    int64_t keep_free_bytes, budget_bytes;
    struct store_writer *parts; // the making's, or begun here
    int64_t at, head_bytes;
    size_t count, done;
    struct append_item item[BATCH_MAX];
    bool is_lost; // item[done] is not in the store any more
    enum err result;
    char why[256];
};

// Copying within the kernel, by reference where the file system can.
static enum err copy_range(int from, int to, int64_t bytes)
{
    loff_t at = 0;
    while (at < bytes) {
        ssize_t got =
            copy_file_range(from, &at, to, NULL, (size_t)(bytes - at), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
    }
    if (at == bytes)
        return OK;
    if (errno == ENOSPC || errno == EDQUOT)
        return fail(ERR_NO_SPACE, "no space for a download");
    // What file systems cannot do between each other is done by hand.
    scoped(mem) uint8_t *block = mem_new(COPY_BYTES, 1);
    while (at < bytes) {
        size_t len = (size_t)min_i64(COPY_BYTES, bytes - at);
        TRY(fd_pread_all(from, block, len, at));
        TRY(fd_write_all(to, block, len));
        at += (int64_t)len;
    }
    return OK;
}

static enum err append_stored(struct append_errand *e, struct append_item *i)
{
    struct piece_fact fact;
    scoped(fd) int fd = -1;
    int64_t size_bytes = 0;
    enum err result = catalog_piece(e->catalog, &i->key, &fact);
    if (result == OK)
        result = store_open(e->store, &i->key, &fd);
    if (result == OK)
        result = fd_size(fd, &size_bytes);
    e->is_lost = result == ERR_NOT_FOUND ||
                 (result == OK && size_bytes != fact.size_bytes);
    TRY(result);
    if (e->is_lost)
        return fail(ERR_NOT_FOUND, "a part is damaged");
    i->bytes = size_bytes;
    return copy_range(fd, store_writer_fd(e->parts), size_bytes);
}

static enum err append_one(struct append_errand *e, struct append_item *i)
{
    if (!i->blob)
        return append_stored(e, i);
    i->bytes = (int64_t)i->blob->len;
    return fd_write_all(store_writer_fd(e->parts), i->blob->bytes,
                        i->blob->len);
}

static enum err check_room(struct append_errand *e)
{
    int64_t free_bytes, total_bytes;
    TRY(store_space(e->store, &free_bytes, &total_bytes));
    if (free_bytes < e->keep_free_bytes)
        return fail(ERR_NO_SPACE, "the disk is too full for a download");
    // It would be evicted as soon as it is there.
    if (e->budget_bytes > 0 && e->at > e->budget_bytes)
        return fail(ERR_NO_SPACE, "the download is larger than cache_budget");
    return OK;
}

static enum err open_parts(struct append_errand *e)
{
    if (e->parts)
        return OK;
    TRY(store_begin(e->store, 0, &e->parts));
    if (lseek(store_writer_fd(e->parts), e->head_bytes, SEEK_SET) < 0)
        return fail_errno(ERR_IO, "leave room for a head");
    return OK;
}

static enum err append(struct append_errand *e)
{
    TRY(open_parts(e));
    for (; e->done < e->count; e->done++) {
        TRY(check_room(e));
        struct append_item *i = &e->item[e->done];
        TRY(append_one(e, i));
        e->at += i->bytes;
        store_writer_push(e->parts, e->at);
    }
    return OK;
}

static void append_on_pool(struct errand *errand)
{
    struct append_errand *e = (struct append_errand *)errand;
    e->result = append(e);
    if (e->result != OK)
        str_copy(e->why, sizeof e->why, str_of(fail_text()));
}

// ---- and back --------------------------------------------------------------

static void add_origin(struct making *m, const struct piece *p)
{
    struct piece_origin o = {p->asset->source_row,
                             p->asset->recipe_row[p->rendition]};
    for (size_t i = 0; i < m->origin_count; i++)
        if (m->origins[i].source_row == o.source_row &&
            m->origins[i].recipe_row == o.recipe_row)
            return;
    PUSH(m->origins, m->origin_count, m->origin_capacity, o);
}

static void list_part(struct making *m, const struct download_part *p,
                      int64_t bytes)
{
    struct wire_part row = {.offset = m->bytes,
                            .bytes = bytes,
                            .from = p->from,
                            .at = p->at,
                            .is_init = p->piece.kind == PIECE_INIT,
                            .is_sound = p->is_sound};
    PUSH(m->list, m->listed, m->list_capacity, row);
    m->bytes += bytes;
    if (row.is_init)
        add_origin(m, &p->piece);
}

static void take_appended(struct jobs *j, struct making *m,
                          const struct append_errand *e)
{
    m->parts = e->parts;
    for (size_t i = 0; i < e->done && m->slots; i++) {
        list_part(m, &m->slots->part, e->item[i].bytes);
        free_slot(m, m->slots);
    }
    // Evicted in the meantime, or the disk lost it: it is made again. Nothing
    // of it was written.
    if (e->is_lost && m->slots)
        want_slot(j, m->slots);
    else if (e->result != OK)
        making_note(m, e->result, e->why);
}

static void appended(struct jobs *j, struct errand *errand)
{
    struct append_errand *e = (struct append_errand *)errand;
    struct making *m = e->making;
    for (size_t i = 0; i < e->count; i++)
        blob_unref(e->item[i].blob);
    m->parts = e->parts;
    if (making_errand_is_back(j, m) && m->state == MAKING_GATHERING &&
        !errand->was_dropped && !j->is_stopping)
        take_appended(j, m, e);
    free(e);
}

static void send_front(struct jobs *j, struct making *m)
{
    struct append_errand *e = NEW(struct append_errand);
    const struct slot *s;
    DL_FOREACH (m->slots, s) {
        if (s->waiter || e->count == BATCH_MAX)
            break;
        e->item[e->count++] =
            (struct append_item){.key = s->part.piece.key,
                                 .blob = s->blob ? blob_ref(s->blob) : NULL};
    }
    if (e->count == 0) {
        free(e);
        return;
    }
    if (m->bytes == 0)
        m->bytes = m->download->head_bytes;
    e->errand.work = append_on_pool;
    e->errand.done = appended;
    e->making = m;
    e->store = j->store;
    e->catalog = j->catalog;
    e->keep_free_bytes = j->options.keep_free_bytes;
    e->budget_bytes = j->options.cache_budget_bytes;
    e->parts = m->parts;
    e->at = m->bytes;
    e->head_bytes = m->download->head_bytes;
    m->errands++;
    errand_add(j, LANE_FILES, &e->errand);
}

void gather_look(struct jobs *j, struct making *m)
{
    if (m->errands > 0)
        return;
    fill_window(j, m);
    if (m->trouble != OK)
        return;
    if (m->is_walked && !m->slots)
        m->state = MAKING_ENDING;
    else
        send_front(j, m);
}
