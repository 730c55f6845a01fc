// SPDX-License-Identifier: MIT
// limit.c - rates by name (GCRA) and counts of what is under way.
#include "reeld/api/limit.h"

#include <assert.h>
#include <string.h>

#include "reeld/base/hash.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum {
    LIMIT_SETS = 1024,
    LIMIT_WAYS = 4,
    LIMIT_NAME_BYTES = 16,
    GATE_NAME_BYTES = 48,
};

// The time at which a name will owe nothing any more is all there is to keep.
struct debt {
    uint8_t name[LIMIT_NAME_BYTES]; // beginning of the name's SHA-256
    int64_t until_us;
};

struct limit {
    int64_t interval_us;
    int64_t most_owed_us;
    pthread_mutex_t lock;
    // Guarded by lock:
    struct debt debt[LIMIT_SETS][LIMIT_WAYS];
};

struct limit *limit_new(int64_t interval_us, int64_t burst)
{
    assert(interval_us > 0 && burst > 0);
    struct limit *l = NEW(struct limit);
    l->interval_us = interval_us;
    l->most_owed_us = interval_us * (burst - 1);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void limit_free(struct limit *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

// The entry of this name, or the one in its set that owes least, made its own.
static struct debt *find(struct limit *l, const struct digest *name)
{
    uint16_t at = 0;
    memcpy(&at, name->bytes + LIMIT_NAME_BYTES, sizeof(at));
    struct debt *set = l->debt[at % LIMIT_SETS];
    struct debt *least = &set[0];
    for (int i = 0; i < LIMIT_WAYS; i++) {
        if (memcmp(set[i].name, name->bytes, LIMIT_NAME_BYTES) == 0)
            return &set[i];
        if (set[i].until_us < least->until_us)
            least = &set[i];
    }
    memcpy(least->name, name->bytes, LIMIT_NAME_BYTES);
    least->until_us = 0;
    return least;
}

bool limit_take(struct limit *l, struct str name, int64_t now_us,
                int64_t *ret_wait_us)
{
    struct digest hashed = hash_of(name.ptr, name.len);
    HOLD(&l->lock);
    struct debt *debt = find(l, &hashed);
    if (debt->until_us < now_us)
        debt->until_us = now_us;
    int64_t owed_us = debt->until_us - now_us;
    if (owed_us > l->most_owed_us) {
        *ret_wait_us = owed_us - l->most_owed_us;
        return false;
    }
    debt->until_us += l->interval_us;
    *ret_wait_us = 0;
    return true;
}

struct gate {
    int most, most_per_name;
    pthread_mutex_t lock;
    // Guarded by lock:
    int count;
    char (*inside)[GATE_NAME_BYTES];
};

struct gate *gate_new(int most, int most_per_name)
{
    assert(most > 0 && most_per_name > 0);
    struct gate *g = NEW(struct gate);
    g->most = most;
    g->most_per_name = most_per_name;
    g->inside = mem_new((size_t)most, sizeof(*g->inside));
    pthread_mutex_init(&g->lock, NULL);
    return g;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    pthread_mutex_destroy(&g->lock);
    free(g->inside);
    free(g);
}

static bool is_name(const char *inside, struct str name)
{
    return str_eq(str_of(inside), name);
}

bool gate_enter(struct gate *g, struct str name)
{
    assert(name.len < GATE_NAME_BYTES);
    HOLD(&g->lock);
    if (g->count == g->most)
        return false;
    int same = 0;
    for (int i = 0; i < g->count; i++)
        same += is_name(g->inside[i], name);
    if (same >= g->most_per_name)
        return false;
    str_copy(g->inside[g->count++], GATE_NAME_BYTES, name);
    return true;
}

void gate_leave(struct gate *g, struct str name)
{
    HOLD(&g->lock);
    int i = 0;
    while (i < g->count && !is_name(g->inside[i], name))
        i++;
    assert(i < g->count); // who leaves has entered
    g->count--;
    if (i != g->count)
        memcpy(g->inside[i], g->inside[g->count], GATE_NAME_BYTES);
}
