// SPDX-License-Identifier: MIT
// writers.c - who writes which resumable upload, and its running hash.
#include "writers.h"

#include "reeld/base/mem.h"
#include "reeld/base/table.h"
#include "reeld/base/thread.h"

enum { KEPT_MAX = 1024 };

struct entry {
    struct writing writing; // first: what is handed out
    struct id upload;
    void *owner; // NULL: kept for the next one
    bool (*interrupt)(void *owner);
    UT_hash_handle hh;
};

struct writers {
    pthread_mutex_t lock;
    // Guarded by lock; in the order in which they came:
    struct entry *table;
};

struct writers *writers_new(void)
{
    struct writers *w = NEW(struct writers);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

static void drop(struct writers *w, struct entry *e)
{
    HASH_DEL(w->table, e);
    hash_free(e->writing.hash);
    free(e);
}

void writers_free(struct writers *w)
{
    if (!w)
        return;
    while (w->table)
        drop(w, w->table);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static struct entry *find(struct writers *w, const struct id *upload)
{
    struct entry *found;
    HASH_FIND(hh, w->table, upload, sizeof(*upload), found);
    return found;
}

// Makes room: of those that nobody owns the oldest goes.
static void drop_oldest(struct writers *w)
{
    if (HASH_COUNT(w->table) < KEPT_MAX)
        return;
    struct entry *e = w->table;
    while (e && e->owner)
        e = e->hh.next;
    if (e)
        drop(w, e);
}

static void begin_hash(struct writing *of)
{
    hash_free(of->hash);
    *of = (struct writing){.hash = hash_new()};
}

struct writing *writers_enter(struct writers *w, const struct id *upload,
                              bool is_new, void *owner,
                              bool (*interrupt)(void *owner))
{
    HOLD(&w->lock);
    struct entry *e = find(w, upload);
    if (!e) {
        drop_oldest(w);
        e = NEW(struct entry);
        e->upload = *upload;
        HASH_ADD(hh, w->table, upload, sizeof(e->upload), e);
    }
    e->owner = owner;
    e->interrupt = interrupt;
    if (is_new || !e->writing.hash)
        begin_hash(&e->writing);
    return &e->writing;
}

void writers_leave(struct writers *w, const struct id *upload,
                   const void *owner)
{
    HOLD(&w->lock);
    struct entry *e = find(w, upload);
    if (e && e->owner == owner)
        e->owner = NULL;
}

bool writers_has(struct writers *w, const struct id *upload)
{
    HOLD(&w->lock);
    struct entry *e = find(w, upload);
    return e && e->owner;
}

void writers_interrupt(struct writers *w, const struct id *upload)
{
    HOLD(&w->lock);
    struct entry *e = find(w, upload);
    if (e && e->owner && e->interrupt(e->owner))
        e->owner = NULL;
}

void writers_forget(struct writers *w, const struct id *upload)
{
    HOLD(&w->lock);
    struct entry *e = find(w, upload);
    if (e && !e->owner)
        drop(w, e);
}
