// SPDX-License-Identifier: MIT
// claims.c - shared and exclusive claims on digests.
#include "reeld/store/claims.h"

#include <assert.h>
#include <stddef.h>

#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum { OWNED = -1 };

struct claim {
    struct digest what;
    int holders; // how many share it, or OWNED
};

struct claims {
    pthread_mutex_t lock;
    pthread_cond_t was_released;
    // Guarded by lock. Few at a time: as many as uploads and pool threads.
    struct claim *items;
    size_t count, capacity;
};

struct claims *claims_new(void)
{
    struct claims *c = NEW(struct claims);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->was_released, NULL);
    return c;
}

void claims_free(struct claims *c)
{
    if (!c)
        return;
    assert(c->count == 0);
    pthread_cond_destroy(&c->was_released);
    pthread_mutex_destroy(&c->lock);
    free(c->items);
    free(c);
}

static struct claim *find(struct claims *c, const struct digest *what)
{
    for (size_t i = 0; i < c->count; i++)
        if (digest_eq(&c->items[i].what, what))
            return &c->items[i];
    return NULL;
}

static void add(struct claims *c, const struct digest *what, int holders)
{
    struct claim claim = {.what = *what, .holders = holders};
    PUSH(c->items, c->count, c->capacity, claim);
}

void claims_share(struct claims *c, const struct digest *what)
{
    HOLD(&c->lock);
    struct claim *claim = NULL;
    while ((claim = find(c, what)) && claim->holders == OWNED)
        pthread_cond_wait(&c->was_released, &c->lock);
    if (claim)
        claim->holders++;
    else
        add(c, what, 1);
}

void claims_own(struct claims *c, const struct digest *what)
{
    HOLD(&c->lock);
    while (find(c, what))
        pthread_cond_wait(&c->was_released, &c->lock);
    add(c, what, OWNED);
}

bool claims_try(struct claims *c, const struct digest *what)
{
    HOLD(&c->lock);
    if (find(c, what))
        return false;
    add(c, what, OWNED);
    return true;
}

void claims_release(struct claims *c, const struct digest *what)
{
    HOLD(&c->lock);
    struct claim *claim = find(c, what);
    assert(claim);
    if (claim->holders > 1) {
        claim->holders--;
        return;
    }
    *claim = c->items[--c->count];
    pthread_cond_broadcast(&c->was_released);
}
