// SPDX-License-Identifier: MIT
// cache.c - snapshots of assets in memory, the least recently used ones leave.
#include "cache.h"

#include <pthread.h>
#include <string.h>

#include "reeld/base/mem.h"
#include "reeld/base/table.h"
#include "reeld/base/thread.h"

// Assets share slots by hash: a change of one may make manifests of another
// look stale, never the other way round.
enum { SLOTS = 4096 };

struct entry {
    const struct asset *asset;
    UT_hash_handle hh; // by asset->id.text; listed from cold to hot
};

struct cache {
    size_t most;

    pthread_mutex_t lock;
    uint64_t clock;
    uint64_t asset_slot[SLOTS], source_slot[SLOTS]; // clock at the last change
    struct entry *table;
};

struct cache *cache_new(int64_t most_assets)
{
    struct cache *k = NEW(struct cache);
    k->most = most_assets > 0 ? (size_t)most_assets : 0;
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

// The caller releases the asset when it no longer holds the lock.
static const struct asset *remove_entry(struct cache *k, struct entry *e)
{
    const struct asset *a = e->asset;
    HASH_DEL(k->table, e);
    free(e);
    return a;
}

void cache_free(struct cache *k)
{
    if (!k)
        return;
    while (k->table)
        asset_unref(remove_entry(k, k->table));
    pthread_mutex_destroy(&k->lock);
    free(k);
}

static struct entry *find(struct cache *k, const struct id *id)
{
    struct entry *e;
    HASH_FIND(hh, k->table, id->text, strlen(id->text), e);
    return e;
}

static void add_entry(struct cache *k, struct entry *e)
{
    HASH_ADD_KEYPTR(hh, k->table, e->asset->id.text, strlen(e->asset->id.text),
                    e);
}

// FNV-1a, 32 bit: short and even enough for slots.
static size_t slot_of(const struct id *id)
{
    uint32_t hash = 2166136261U;
    for (const char *c = id->text; *c; c++)
        hash = (uint32_t)((hash ^ (unsigned char)*c) * UINT64_C(16777619));
    return hash % SLOTS;
}

// The row of gaps is negative.
static uint64_t *source_slot(struct cache *k, int64_t row)
{
    return &k->source_slot[(uint64_t)row % SLOTS];
}

const struct asset *cache_get(struct cache *k, const struct id *id,
                              uint64_t *ret_mark)
{
    HOLD(&k->lock);
    *ret_mark = k->clock;
    struct entry *e = find(k, id);
    if (!e)
        return NULL;
    HASH_DEL(k->table, e); // and to the hot end again
    add_entry(k, e);
    return asset_ref(e->asset);
}

void cache_put(struct cache *k, const struct asset *a, uint64_t mark)
{
    scoped(asset) const struct asset *cold = NULL;
    HOLD(&k->lock);
    if (k->most == 0 || k->asset_slot[slot_of(&a->id)] > mark ||
        *source_slot(k, a->source_row) > mark || find(k, &a->id))
        return;
    if (HASH_COUNT(k->table) >= k->most)
        cold = remove_entry(k, k->table);
    struct entry *e = NEW(struct entry);
    e->asset = asset_ref(a);
    add_entry(k, e);
}

void cache_asset_changed(struct cache *k, const struct id *id)
{
    scoped(asset) const struct asset *old = NULL;
    HOLD(&k->lock);
    k->asset_slot[slot_of(id)] = ++k->clock;
    struct entry *e = find(k, id);
    if (e)
        old = remove_entry(k, e);
}

void cache_pieces_changed(struct cache *k, int64_t source_row)
{
    HOLD(&k->lock);
    *source_slot(k, source_row) = ++k->clock;
}

// NULL: none of that source is left.
static const struct asset *remove_one_of(struct cache *k, int64_t source_row)
{
    HOLD(&k->lock);
    *source_slot(k, source_row) = ++k->clock;
    struct entry *e, *next;
    HASH_ITER (hh, k->table, e, next)
        if (e->asset->source_row == source_row)
            return remove_entry(k, e);
    return NULL;
}

void cache_source_changed(struct cache *k, int64_t source_row)
{
    const struct asset *old;
    while ((old = remove_one_of(k, source_row)))
        asset_unref(old);
}

uint64_t cache_generation(struct cache *k, const struct id *id)
{
    HOLD(&k->lock);
    struct entry *e = find(k, id);
    // Without its source at hand nothing can be said but "now".
    if (!e)
        return ++k->clock;
    uint64_t own = k->asset_slot[slot_of(id)];
    uint64_t pieces = *source_slot(k, e->asset->source_row);
    return own > pieces ? own : pieces;
}
