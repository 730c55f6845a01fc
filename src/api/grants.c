// SPDX-License-Identifier: MIT
// grants.c - the grant keys of this server, and which grants were good before.
//
// A player sends the same grant with each of its requests; an HMAC is a fifth
// of what a warm answer costs. So grants that passed are remembered, in a table
// of fixed size with one place for each hash.
#include "reeld/api/grant.h"

#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum { GRANTS_SEEN = 2048 };
#define GRANT_KEY_AGE_S INT64_C(2592000) // 30 days, then a new one signs
static const char meta_name[] = "grant-keys";

struct seen {
    size_t len; // of text; 0: empty
    char text[GRANT_TEXT_BYTES];
    struct id id;
    int64_t epoch, exp_s;
};

struct grants {
    struct catalog *catalog;
    int64_t life_max_s;
    pthread_mutex_t lock;
    // Guarded by lock:
    struct grant_keys keys;
    struct seen seen[GRANTS_SEEN];
};

static int64_t now_s(void)
{
    return clock_wall_us() / 1000000;
}

// Kept as the plain values: one build on one machine, and size is checked.
static enum err keep(struct grants *g, const struct grant_keys *keys)
{
    return catalog_set_meta(g->catalog, meta_name, keys, sizeof(*keys));
}

static bool has_live_before(const struct grant_keys *keys, int64_t now)
{
    return keys->count == GRANT_KEYS_MAX && keys->key[1].until_s > now;
}

static struct grant_keys copy_keys(struct grants *g)
{
    HOLD(&g->lock);
    return g->keys;
}

// A key that still has links out is not pushed out by two rotations in a row.
enum err grants_rotate(struct grants *g)
{
    struct grant_keys keys = copy_keys(g);
    int64_t now = now_s();
    if (has_live_before(&keys, now))
        return fail(ERR_CONFLICT, "links of the key before are still live");
    grant_keys_rotate(&keys, now, g->life_max_s);
    TRY(keep(g, &keys));
    log_info("grants.rotated kid=%u", keys.key[0].kid);
    HOLD(&g->lock);
    g->keys = keys;
    memset(g->seen, 0, sizeof(g->seen));
    return OK;
}

static enum err load(struct grants *g)
{
    struct grant_keys keys = {0};
    size_t len = 0;
    enum err e = catalog_meta(g->catalog, meta_name, (uint8_t *)&keys,
                              sizeof(keys), &len);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    if (e == OK &&
        (len != sizeof(keys) || keys.count < 1 || keys.count > GRANT_KEYS_MAX))
        return fail(ERR_IO, "the grant keys in the catalog are damaged");
    g->keys = keys;
    int64_t now = now_s();
    bool is_young = now - keys.key[0].born_s < GRANT_KEY_AGE_S;
    if (e == OK && (is_young || has_live_before(&keys, now)))
        return OK;
    return grants_rotate(g);
}

enum err grants_open(struct catalog *c, int64_t life_max_s, struct grants **ret)
{
    scoped(grants) struct grants *g = NEW(struct grants);
    pthread_mutex_init(&g->lock, NULL);
    g->catalog = c;
    g->life_max_s = life_max_s;
    TRY(load(g));
    *ret = take(g);
    return OK;
}

void grants_free(struct grants *g)
{
    if (!g)
        return;
    pthread_mutex_destroy(&g->lock);
    explicit_bzero(&g->keys, sizeof(g->keys));
    free(g);
}

void grants_write(struct grants *g, const struct id *id, int64_t epoch,
                  int64_t exp_s, char text[static GRANT_TEXT_BYTES])
{
    struct grant_keys keys = copy_keys(g);
    grant_write(&keys, id, epoch, exp_s, text);
    explicit_bzero(&keys, sizeof(keys));
}

// The last characters of a mac are as good as random. A stranger may choose
// them, and then pushes out one remembered grant: that costs an HMAC.
static struct seen *place(struct grants *g, struct str text)
{
    uint32_t hash = 0;
    for (size_t i = text.len > 8 ? text.len - 8 : 0; i < text.len; i++)
        hash = hash * 31 + (uint8_t)text.ptr[i];
    return &g->seen[hash % GRANTS_SEEN];
}

static bool is_same(const struct seen *s, struct str text, const struct id *id,
                    int64_t epoch)
{
    return s->len == text.len && secret_eq(s->text, text.ptr, text.len) &&
           s->epoch == epoch && id_eq(&s->id, id);
}

enum err grants_check(struct grants *g, struct str text, const struct id *id,
                      int64_t epoch, int64_t now, int64_t *ret_exp_s)
{
    if (text.len == 0 || text.len >= GRANT_TEXT_BYTES)
        return fail(ERR_BAD_INPUT, "a grant is not that long");
    HOLD(&g->lock);
    struct seen *seen = place(g, text);
    if (is_same(seen, text, id, epoch) && now < seen->exp_s) {
        *ret_exp_s = seen->exp_s;
        return OK;
    }
    int64_t exp_s = 0;
    TRY(grant_check(&g->keys, text, id, epoch, now, &exp_s));
    *seen = (struct seen){
        .len = text.len,
        .id = *id,
        .epoch = epoch,
        .exp_s = exp_s,
    };
    memcpy(seen->text, text.ptr, text.len);
    *ret_exp_s = exp_s;
    return OK;
}
