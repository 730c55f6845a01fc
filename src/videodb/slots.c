// SPDX-License-Identifier: MIT
// slots.c - one-time upload addresses.
#include "slots.h"

#include <assert.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/hash.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum slot_state { SLOT_FREE, SLOT_OUT, SLOT_RECEIVING, SLOT_HELD };

struct slot {
    enum slot_state state;
    char token[SLOT_TOKEN_BYTES];
    struct id key;
    int64_t until_us;
    struct parcel *parcel; // HELD
};

struct slots {
    int most;
    int64_t life_us;
    pthread_mutex_t lock;
    // Guarded by lock:
    struct slot *slot;
};

struct slots *slots_new(int most, int64_t life_us)
{
    assert(most > 0 && life_us > 0);
    struct slots *s = NEW(struct slots);
    s->most = most;
    s->life_us = life_us;
    s->slot = NEW_ARRAY((size_t)most, struct slot);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void slots_free(struct slots *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->most; i++)
        parcel_free(s->slot[i].parcel);
    pthread_mutex_destroy(&s->lock);
    free(s->slot);
    free(s);
}

static const char below[] = "/videodb/upload/";

bool slots_token(struct str url, const char *origin, struct str *ret)
{
    struct str rest = url;
    if (!str_starts(rest, str_of(origin)))
        return false;
    rest = str_skip(rest, strlen(origin));
    if (!str_starts(rest, str_of(below)))
        return false;
    *ret = str_skip(rest, sizeof(below) - 1);
    return true;
}

void slots_write_url(const char *token, const char *origin, struct buf *to)
{
    buf_printf(to, "%s%s%s", origin, below, token);
}

// What nobody asks for any more makes room. One that receives has its own end.
static struct parcel *expire(struct slot *slot, int64_t now_us)
{
    bool may_go = slot->state == SLOT_OUT || slot->state == SLOT_HELD;
    if (!may_go || slot->until_us > now_us)
        return NULL;
    struct parcel *parcel = slot->parcel;
    *slot = (struct slot){0};
    return parcel;
}

static struct slot *find_room(struct slots *s)
{
    for (int i = 0; i < s->most; i++)
        if (s->slot[i].state == SLOT_FREE)
            return &s->slot[i];
    return NULL;
}

// Temporary files are removed behind the lock.
static void expire_all(struct slots *s)
{
    scoped(mem) struct parcel **old =
        NEW_ARRAY((size_t)s->most, struct parcel *);
    int64_t now_us = clock_now_us();
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->most; i++)
        old[i] = expire(&s->slot[i], now_us);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->most; i++)
        parcel_free(old[i]);
}

enum err slots_open(struct slots *s, const struct id *key,
                    char token[static SLOT_TOKEN_BYTES])
{
    expire_all(s);
    uint8_t secret[16];
    random_bytes(secret, sizeof(secret));
    HOLD(&s->lock);
    struct slot *slot = find_room(s);
    if (!slot)
        return fail(ERR_BUSY, "%d uploads wait to be claimed", s->most);
    *slot = (struct slot){
        .state = SLOT_OUT,
        .key = *key,
        .until_us = clock_now_us() + s->life_us,
    };
    base64url(secret, sizeof(secret), slot->token);
    memcpy(token, slot->token, SLOT_TOKEN_BYTES);
    return OK;
}

static struct slot *find(struct slots *s, struct str token)
{
    if (token.len != SLOT_TOKEN_BYTES - 1)
        return NULL;
    for (int i = 0; i < s->most; i++)
        if (s->slot[i].state != SLOT_FREE &&
            secret_eq(s->slot[i].token, token.ptr, token.len))
            return &s->slot[i];
    return NULL;
}

static enum err no_such(void)
{
    return fail(ERR_NOT_FOUND,
                "This upload address is not known, or not any more: ask for "
                "another one.");
}

enum err slots_begin(struct slots *s, struct str token, struct id *ret_key)
{
    expire_all(s);
    HOLD(&s->lock);
    struct slot *slot = find(s, token);
    if (!slot)
        return no_such();
    if (slot->state != SLOT_OUT)
        return fail(ERR_CONFLICT, "An upload address is good for one upload.");
    slot->state = SLOT_RECEIVING;
    *ret_key = slot->key;
    return OK;
}

void slots_abort(struct slots *s, struct str token)
{
    HOLD(&s->lock);
    struct slot *slot = find(s, token);
    assert(slot && slot->state == SLOT_RECEIVING);
    slot->state = SLOT_OUT;
}

void slots_hold(struct slots *s, struct str token, struct parcel *taken)
{
    HOLD(&s->lock);
    struct slot *slot = find(s, token);
    assert(slot && slot->state == SLOT_RECEIVING);
    slot->state = SLOT_HELD;
    slot->parcel = taken;
    slot->until_us = clock_now_us() + s->life_us;
}

enum err slots_take(struct slots *s, struct str token, struct parcel **ret)
{
    HOLD(&s->lock);
    struct slot *slot = find(s, token);
    if (!slot)
        return no_such();
    if (slot->state != SLOT_HELD)
        return fail(ERR_CONFLICT, "Nothing has been uploaded to this address.");
    *ret = slot->parcel;
    *slot = (struct slot){0};
    return OK;
}
