// SPDX-License-Identifier: MIT
// publish.c - made pieces go to the disk, then their facts to the catalog.
//
// One errand at a time takes all that was made meanwhile, so that many pieces
// share one commit. A piece that cannot be stored is only lost: whoever waited
// has it already, and the next who asks has it made again.
#include <stdlib.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

enum { BATCH_MAX = 64 };
static const int64_t LOOK_EVERY_US = 10 * INT64_C(1000000);

struct published {
    struct flight *flight; // not touched on the pool
    struct digest key;
    struct blob *blob;
    struct piece_fact fact;
    bool is_stored;
};

struct publish_errand {
    struct errand errand;
    struct store *store;
    struct catalog *catalog;
    size_t count;
    struct published item[BATCH_MAX];
    int64_t bytes;  // that have a fact now
    enum err worst; // what went wrong, if anything
    char why[256];
};

static void note_trouble(struct publish_errand *e, enum err result)
{
    e->worst = result;
    str_copy(e->why, sizeof e->why, str_of(fail_text()));
}

// A blob of another size under this key was damaged (same key, same bytes): it
// would stay, as a key that exists counts as stored.
static void remove_damaged(struct store *s, const struct published *p)
{
    scoped(fd) int fd = -1;
    int64_t size;
    if (store_open(s, &p->key, &fd) != OK || fd_size(fd, &size) != OK)
        return;
    if (size == (int64_t)p->blob->len)
        return;
    // If it cannot be removed, the next reader finds it damaged again.
    ignore(store_remove(s, &p->key));
}

static enum err store_piece(struct store *s, const struct published *p)
{
    remove_damaged(s, p);
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_begin(s, (int64_t)p->blob->len, &w));
    TRY(fd_write_all(store_writer_fd(w), p->blob->bytes, p->blob->len));
    return store_commit(take(w), &p->key);
}

// All facts in one commit; one by one if that fails, as a single bad one (its
// asset was deleted meanwhile) must not cost the others theirs.
static void add_facts(struct publish_errand *e, const struct piece_fact *facts,
                      size_t count)
{
    enum err result = catalog_add_pieces(e->catalog, facts, count);
    for (size_t i = 0; i < count; i++) {
        enum err own = result;
        if (result != OK && count > 1)
            own = catalog_add_pieces(e->catalog, &facts[i], 1);
        if (own == OK)
            e->bytes += facts[i].size_bytes;
        else
            note_trouble(e, own);
    }
}

static void publish(struct errand *errand)
{
    struct publish_errand *e = (struct publish_errand *)errand;
    struct piece_fact facts[BATCH_MAX];
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++) {
        enum err result = store_piece(e->store, &e->item[i]);
        if (result == OK)
            facts[count++] = e->item[i].fact;
        else
            note_trouble(e, result);
    }
    if (count > 0)
        add_facts(e, facts, count);
}

// Told once when it begins, once when it is over: a full disk fails every
// piece.
static void note_room(struct jobs *j, bool is_full, const char *why)
{
    if (is_full && !j->publishing.is_disk_full)
        log_error("publish.disk_full %s", why);
    else if (!is_full && j->publishing.is_disk_full)
        log_info("publish.disk_has_room");
    j->publishing.is_disk_full = is_full;
    j->publishing.look_at_us = clock_now_us() + LOOK_EVERY_US;
}

static void tell_of_trouble(struct jobs *j, const struct publish_errand *e)
{
    bool is_full = e->worst == ERR_NO_SPACE;
    note_room(j, is_full, e->why);
    j->publishing.full_bytes = 0;
    for (size_t i = 0; i < e->count; i++)
        j->publishing.full_bytes += (int64_t)e->item[i].blob->len;
    if (e->worst != OK && !is_full)
        log_warn("publish.failed code=%s why=\"%s\"", err_name(e->worst),
                 e->why);
}

static void published(struct jobs *j, struct errand *errand)
{
    struct publish_errand *e = (struct publish_errand *)errand;
    j->publishing.is_out = false;
    if (!errand->was_dropped) {
        tell_of_trouble(j, e);
        cache_grew(j, e->bytes);
    }
    for (size_t i = 0; i < e->count; i++) {
        blob_unref(e->item[i].blob);
        flight_published(j, e->item[i].flight);
    }
    free(e);
    publish_go_on(j);
}

static void add_item(struct publish_errand *e, struct flight *f)
{
    const struct piece *piece = &f->piece;
    const struct asset *a = piece->asset;
    f->is_being_published = true;
    e->item[e->count++] = (struct published){
        .flight = f,
        .key = piece->key,
        .blob = blob_ref(f->blob),
        .fact = {.key = piece->key,
                 .source_row = a->source_row,
                 .recipe_row = a->recipe_row[piece->rendition],
                 .kind = piece_fact_kind(piece),
                 .number = piece->number,
                 .duration_us = piece_duration_us(piece),
                 .size_bytes = (int64_t)f->blob->len},
    };
}

bool publish_is_due(const struct jobs *j, const struct asset *a)
{
    for (const struct flight *f = j->flights; f; f = f->hh.next)
        if (f->state == FLIGHT_KEPT && id_eq(&f->piece.asset->id, &a->id))
            return true;
    return false;
}

void publish_go_on(struct jobs *j)
{
    if (j->publishing.is_out || j->publishing.kept_bytes == 0)
        return;
    struct publish_errand *e = NEW(struct publish_errand);
    e->errand.work = publish;
    e->errand.done = published;
    e->store = j->store;
    e->catalog = j->catalog;
    for (struct flight *f = j->flights; f && e->count < BATCH_MAX;
         f = f->hh.next)
        if (f->state == FLIGHT_KEPT && !f->is_being_published)
            add_item(e, f);
    j->publishing.is_out = true;
    errand_add(j, LANE_BYTES, &e->errand);
}

// ---- room ------------------------------------------------------------------

struct room_errand {
    struct errand errand;
    struct store *store;
    int64_t bytes;
    enum err result;
};

static void try_room(struct errand *errand)
{
    struct room_errand *r = (struct room_errand *)errand;
    scoped(store_writer) struct store_writer *w = NULL;
    r->result = store_begin(r->store, r->bytes, &w);
}

static void room_tried(struct jobs *j, struct errand *errand)
{
    struct room_errand *r = (struct room_errand *)errand;
    j->publishing.is_out = false;
    if (!errand->was_dropped)
        note_room(j, r->result != OK, "still");
    free(r);
    publish_go_on(j);
}

// The ladder waits while the disk is full, and it may be that nobody else makes
// a piece that would show that there is room again.
void publish_look(struct jobs *j, int64_t now_us)
{
    struct publishing *p = &j->publishing;
    if (!p->is_disk_full || p->is_out || now_us < p->look_at_us)
        return;
    struct room_errand *r = NEW(struct room_errand);
    r->errand.work = try_room;
    r->errand.done = room_tried;
    r->store = j->store;
    r->bytes = p->full_bytes;
    p->is_out = true;
    errand_add(j, LANE_BYTES, &r->errand);
}
