// SPDX-License-Identifier: MIT
// fs_pins.c - keys of blobs whose facts may still be on their way.
//
// Kept by the clock that nobody can set, in order of age: the hash table lists
// its items in the order in which they were added.
#include "reeld/base/clock.h"
#include "reeld/base/mem.h"
#include "reeld/base/table.h"
#include "store_fs.h"

struct pin {
    struct digest key;
    int64_t since_us;
    UT_hash_handle hh;
};

struct fs_pins {
    struct pin *table;
};

struct fs_pins *fs_pins_new(void)
{
    return NEW(struct fs_pins);
}

static void drop(struct fs_pins *p, struct pin *pin)
{
    HASH_DEL(p->table, pin);
    free(pin);
}

void fs_pins_free(struct fs_pins *p)
{
    if (!p)
        return;
    while (p->table)
        drop(p, p->table);
    free(p);
}

static struct pin *find(struct fs_pins *p, const struct digest *key)
{
    int64_t oldest_us = clock_now_us() - FS_FACT_DELAY_US;
    while (p->table && p->table->since_us < oldest_us)
        drop(p, p->table);
    struct pin *found;
    HASH_FIND(hh, p->table, key, sizeof(*key), found);
    return found;
}

void fs_pin(struct fs_pins *p, const struct digest *key)
{
    struct pin *pin = find(p, key);
    if (pin)
        drop(p, pin);
    pin = NEW(struct pin);
    *pin = (struct pin){.key = *key, .since_us = clock_now_us()};
    HASH_ADD(hh, p->table, key, sizeof(pin->key), pin);
}

bool fs_is_pinned(struct fs_pins *p, const struct digest *key)
{
    return find(p, key) != NULL;
}
