// SPDX-License-Identifier: MIT
// evict.c - keeps what was made within the cache budget.
//
// Made pieces that nobody has used for longest go first: the fact, then the
// bytes. The ladder stops short of the budget, so it never drives out what it
// has just made; what somebody asks for may drive out the ladder's.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

enum {
    USED_MAX = 4096,      // keys noted between two errands
    FULL_PERCENT = 90,    // of the budget: the ladder stops
    EVICTED_PERCENT = 80, // of the budget: eviction stops
};
static const int64_t LOOK_EVERY_US = 15 * INT64_C(1000000);

struct cache_errand {
    struct errand errand;
    struct store *store;
    struct catalog *catalog;
    int64_t budget;
    struct digest *used;
    size_t used_count;
    enum err result;
    struct jobs_trimmed trimmed;
};

void cache_used(struct jobs *j, const struct digest *key)
{
    struct cache *c = &j->cache;
    if (j->options.cache_budget_bytes > 0 && c->used_count < USED_MAX)
        PUSH(c->used, c->used_count, c->used_capacity, *key);
}

void cache_grew(struct jobs *j, int64_t bytes)
{
    j->cache.bytes += bytes;
    if (j->options.cache_budget_bytes > 0 &&
        j->cache.bytes > j->options.cache_budget_bytes)
        j->cache.look_at_us = 0;
}

bool cache_is_full(const struct jobs *j)
{
    int64_t budget = j->options.cache_budget_bytes;
    int64_t bytes = j->cache.bytes + j->publishing.kept_bytes;
    return budget > 0 &&
           (!j->cache.is_known || bytes >= budget / 100 * FULL_PERCENT);
}

// The fact first: a fact always has its blob, a blob may wait for the janitor.
static void evict_one(struct store *s, struct catalog *c,
                      const struct digest *key, struct jobs_trimmed *trimmed)
{
    int64_t bytes;
    if (catalog_evict_piece(c, key, &bytes) != OK)
        return;
    trimmed->pieces++;
    trimmed->bytes += bytes;
    // What cannot be removed now has no fact any more: the janitor's.
    ignore(store_remove(s, key));
}

enum err jobs_past_budget(struct catalog *c, int64_t budget_bytes,
                          int64_t *ret_made_bytes, int64_t *ret_past_bytes)
{
    TRY(catalog_piece_bytes(c, ret_made_bytes));
    bool is_past = budget_bytes > 0 && *ret_made_bytes > budget_bytes;
    *ret_past_bytes =
        is_past ? *ret_made_bytes - budget_bytes / 100 * EVICTED_PERCENT : 0;
    return OK;
}

enum err jobs_trim(struct store *s, struct catalog *c, int64_t budget_bytes,
                   struct jobs_trimmed *ret)
{
    struct jobs_trimmed trimmed = {0};
    int64_t past_bytes;
    TRY(jobs_past_budget(c, budget_bytes, &trimmed.made_bytes, &past_bytes));
    scoped(mem) struct digest *cold = NULL;
    size_t count = 0;
    if (past_bytes > 0)
        TRY(catalog_coldest_pieces(c, past_bytes, &cold, &count));
    for (size_t i = 0; i < count; i++)
        evict_one(s, c, &cold[i], &trimmed);
    trimmed.made_bytes -= trimmed.bytes;
    *ret = trimmed;
    return OK;
}

static enum err look(struct cache_errand *e)
{
    if (e->used_count > 0)
        TRY(catalog_touch_pieces(e->catalog, e->used, e->used_count,
                                 clock_wall_us()));
    return jobs_trim(e->store, e->catalog, e->budget, &e->trimmed);
}

static void look_on_pool(struct errand *errand)
{
    struct cache_errand *e = (struct cache_errand *)errand;
    e->result = look(e);
    if (e->result != OK)
        log_warn("cache.look code=%s why=\"%s\"", err_name(e->result),
                 fail_text());
}

static void looked(struct jobs *j, struct errand *errand)
{
    struct cache_errand *e = (struct cache_errand *)errand;
    j->cache.is_busy = false;
    if (!errand->was_dropped && e->result == OK) {
        j->cache.is_known = true;
        j->cache.bytes = e->trimmed.made_bytes;
        j->counts.evicted_pieces += e->trimmed.pieces;
        j->counts.evicted_bytes += e->trimmed.bytes;
    }
    if (e->trimmed.pieces > 0)
        log_info("cache.evicted pieces=%" PRId64 " bytes=%" PRId64,
                 e->trimmed.pieces, e->trimmed.bytes);
    free(e->used);
    free(e);
}

void cache_look(struct jobs *j, int64_t now_us)
{
    struct cache *c = &j->cache;
    if (j->options.cache_budget_bytes <= 0 || c->is_busy ||
        now_us < c->look_at_us)
        return;
    c->is_busy = true;
    c->look_at_us = now_us + LOOK_EVERY_US;
    struct cache_errand *e = NEW(struct cache_errand);
    e->errand.work = look_on_pool;
    e->errand.done = looked;
    e->store = j->store;
    e->catalog = j->catalog;
    e->budget = j->options.cache_budget_bytes;
    // In the lane of publishing: a key that is being removed must not be
    // published anew at the same time.
    e->used = take(c->used);
    e->used_count = c->used_count;
    c->used_count = c->used_capacity = 0;
    errand_add(j, LANE_BYTES, &e->errand);
}
