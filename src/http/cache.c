// SPDX-License-Identifier: MIT
// cache.c - least recently used answers under a byte budget.
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/hash.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/http.h"

enum { FIRST_BUCKETS = 256 }; // always a power of two

struct entry {
    struct entry *chain;         // of its bucket
    struct entry *newer, *older; // by last use
    struct http_answer *answer;
    size_t bytes;
    uint64_t hash;
    size_t key_len;
    char key[];
};

struct http_cache {
    size_t budget_bytes;
    uint64_t seed; // keys may hold client text: nobody can aim at one bucket
    pthread_mutex_t lock;
    // Guarded by `lock`:
    struct entry **buckets;
    size_t bucket_count;
    struct entry *newest, *oldest;
    struct http_cache_counts counts;
};

struct http_cache *http_cache_new(size_t budget_bytes)
{
    struct http_cache *c = NEW(struct http_cache);
    c->budget_bytes = budget_bytes;
    random_bytes(&c->seed, sizeof c->seed);
    pthread_mutex_init(&c->lock, NULL);
    c->bucket_count = FIRST_BUCKETS;
    c->buckets = NEW_ARRAY(FIRST_BUCKETS, struct entry *);
    return c;
}

static uint64_t hash_key(const struct http_cache *c, struct str key)
{
    uint64_t h = c->seed ^ key.len;
    for (size_t i = 0; i < key.len; i++) {
        h = (h ^ (unsigned char)key.ptr[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

static struct entry **find(struct http_cache *c, uint64_t hash, struct str key)
{
    struct entry **at = &c->buckets[hash & (c->bucket_count - 1)];
    while (*at && ((*at)->hash != hash ||
                   !str_eq((struct str){(*at)->key, (*at)->key_len}, key)))
        at = &(*at)->chain;
    return at;
}

// ---- the list by last use --------------------------------------------------

static void link_newest(struct http_cache *c, struct entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    if (e->older)
        e->older->newer = e;
    else
        c->oldest = e;
    c->newest = e;
}

static void unlink_entry(struct http_cache *c, struct entry *e)
{
    if (e->newer)
        e->newer->older = e->older;
    else
        c->newest = e->older;
    if (e->older)
        e->older->newer = e->newer;
    else
        c->oldest = e->newer;
}

// Takes an entry out; it is freed by free_entries() once the lock is free:
// a large body goes back to the kernel, which takes its time.
static void remove_at(struct http_cache *c, struct entry **at,
                      struct entry **removed)
{
    struct entry *e = *at;
    assert(e); // whoever is in the list is in its bucket
    *at = e->chain;
    unlink_entry(c, e);
    c->counts.bytes -= (int64_t)e->bytes;
    c->counts.answers--;
    e->chain = *removed;
    *removed = e;
}

static void remove_oldest(struct http_cache *c, struct entry **removed)
{
    struct entry *e = c->oldest;
    struct str key = {e->key, e->key_len};
    remove_at(c, find(c, e->hash, key), removed);
}

static void free_entries(struct entry *e)
{
    while (e) {
        struct entry *next = e->chain;
        http_answer_unref(e->answer);
        free(e);
        e = next;
    }
}

static void grow(struct http_cache *c)
{
    size_t count = c->bucket_count * 2;
    struct entry **buckets = NEW_ARRAY(count, struct entry *);
    for (struct entry *e = c->oldest; e; e = e->newer) {
        struct entry **at = &buckets[e->hash & (count - 1)];
        e->chain = *at;
        *at = e;
    }
    free(c->buckets);
    c->buckets = buckets;
    c->bucket_count = count;
}

// ---- the door --------------------------------------------------------------

struct http_answer *http_cache_get(struct http_cache *c, struct str key)
{
    uint64_t hash = hash_key(c, key);
    HOLD(&c->lock);
    struct entry *e = *find(c, hash, key);
    if (!e) {
        c->counts.misses++;
        return NULL;
    }
    c->counts.hits++;
    if (e != c->newest) {
        unlink_entry(c, e);
        link_newest(c, e);
    }
    return http_answer_ref(e->answer);
}

static struct entry *new_entry(struct str key, uint64_t hash,
                               struct http_answer *a)
{
    struct entry *e = mem_new(1, sizeof *e + key.len);
    e->answer = http_answer_ref(a);
    e->bytes = http_answer_bytes(a) + sizeof *e + key.len;
    e->hash = hash;
    e->key_len = key.len;
    if (key.len > 0)
        memcpy(e->key, key.ptr, key.len);
    return e;
}

static void insert(struct http_cache *c, struct entry *e,
                   struct entry **removed)
{
    HOLD(&c->lock);
    struct entry **at = find(c, e->hash, (struct str){e->key, e->key_len});
    if (*at)
        remove_at(c, at, removed);
    if (e->bytes > c->budget_bytes) {
        e->chain = *removed;
        *removed = e;
        return;
    }
    while ((size_t)c->counts.bytes > c->budget_bytes - e->bytes)
        remove_oldest(c, removed);
    if ((size_t)c->counts.answers >= c->bucket_count)
        grow(c);
    at = &c->buckets[e->hash & (c->bucket_count - 1)];
    e->chain = *at;
    *at = e;
    link_newest(c, e);
    c->counts.bytes += (int64_t)e->bytes;
    c->counts.answers++;
}

void http_cache_put(struct http_cache *c, struct str key, struct http_answer *a)
{
    struct entry *removed = NULL;
    insert(c, new_entry(key, hash_key(c, key), a), &removed);
    free_entries(removed);
}

static void remove_all(struct http_cache *c, struct entry **removed)
{
    HOLD(&c->lock);
    while (c->oldest)
        remove_oldest(c, removed);
}

void http_cache_clear(struct http_cache *c)
{
    struct entry *removed = NULL;
    remove_all(c, &removed);
    free_entries(removed);
}

void http_cache_free(struct http_cache *c)
{
    if (!c)
        return;
    http_cache_clear(c);
    pthread_mutex_destroy(&c->lock);
    free(c->buckets);
    free(c);
}

struct http_cache_counts http_cache_counts(const struct http_cache *c)
{
    // The lock is no part of what a caller sees as the cache's value.
    struct http_cache *own = (struct http_cache *)(uintptr_t)c;
    HOLD(&own->lock);
    return c->counts;
}
