// SPDX-License-Identifier: MIT
// touch.c - batches of pieces that were served.
#include "touch.h"

#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

// Digests are spread evenly, so a piece has one place in the table; one that
// finds it taken is told with a later batch.
enum { TOUCH_PLACES = 512, TOUCH_BATCH = 256 };
#define TOUCH_EVERY_US INT64_C(30000000)

struct touches {
    struct catalog *catalog;
    struct pool *pool;
    pthread_mutex_t lock;
    // Guarded by lock:
    int64_t since_us; // of the batch
    size_t count;
    bool is_taken[TOUCH_PLACES];
    struct digest keys[TOUCH_PLACES];
};

struct touches *touches_new(struct catalog *c, struct pool *p)
{
    struct touches *t = NEW(struct touches);
    t->catalog = c;
    t->pool = p;
    t->since_us = clock_now_us();
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void touches_free(struct touches *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

struct batch {
    struct catalog *catalog;
    size_t count;
    struct digest keys[TOUCH_PLACES];
};

static void write_batch(void *held)
{
    scoped(mem) struct batch *b = held;
    enum err e =
        catalog_touch_pieces(b->catalog, b->keys, b->count, clock_wall_us());
    // The order of eviction is a little off, no more.
    if (e != OK)
        log_debug("touch.not_written error=%s", err_name(e));
}

// Lock held.
static struct batch *take_batch(struct touches *t, int64_t now_us)
{
    struct batch *b = NEW(struct batch);
    b->catalog = t->catalog;
    for (size_t i = 0; i < TOUCH_PLACES; i++)
        if (t->is_taken[i])
            b->keys[b->count++] = t->keys[i];
    memset(t->is_taken, 0, sizeof(t->is_taken));
    t->count = 0;
    t->since_us = now_us;
    return b;
}

static struct batch *add(struct touches *t, const struct digest *key,
                         int64_t now_us)
{
    uint16_t place = 0;
    memcpy(&place, key->bytes, sizeof(place));
    place %= TOUCH_PLACES;
    HOLD(&t->lock);
    if (!t->is_taken[place]) {
        t->is_taken[place] = true;
        t->keys[place] = *key;
        t->count++;
    }
    bool is_due =
        t->count >= TOUCH_BATCH || now_us - t->since_us > TOUCH_EVERY_US;
    return is_due ? take_batch(t, now_us) : NULL;
}

void touches_add(struct touches *t, const struct digest *key)
{
    struct batch *b = add(t, key, clock_now_us());
    if (b && pool_run(t->pool, write_batch, b) != OK)
        free(b);
}
