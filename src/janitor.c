// SPDX-License-Identifier: MIT
// janitor.c - removes temp files of nobody, and blobs that no fact names.
#include "janitor.h"

#include <inttypes.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/catalog/upkeep.h"

static const int64_t ROUND_US = INT64_C(3600) * 1000000;

static bool is_wanted(void *context, const struct digest *key)
{
    struct catalog *c = context;
    bool is_named = true;
    // When in doubt it stays: the next round asks again.
    return catalog_is_named(c, key, &is_named) != OK || is_named;
}

enum err janitor_round(struct store *s, struct catalog *c, int64_t young_us,
                       int64_t *ret_removed)
{
    TRY(catalog_expire(c));
    return store_sweep(s, young_us, is_wanted, c, ret_removed);
}

static void sweep(void *context)
{
    struct janitor *j = context;
    int64_t removed = 0;
    if (janitor_round(j->store, j->catalog, JANITOR_YOUNG_US, &removed) != OK)
        log_warn("janitor.failed why=\"%s\"", fail_text());
    else
        log_info("janitor.swept files=%" PRId64, removed);
}

void janitor_look(struct janitor *j)
{
    int64_t now_us = clock_now_us();
    if (now_us < j->next_us)
        return;
    j->next_us = now_us + ROUND_US;
    if (pool_run(j->pool, sweep, j) != OK)
        log_warn("janitor.postponed why=\"%s\"", fail_text());
}
