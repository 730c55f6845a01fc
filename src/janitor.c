// SPDX-License-Identifier: MIT
// janitor.c - removes temp files of nobody, blobs that no fact names, and
// resumable uploads that nobody goes on with.
#include "janitor.h"

#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/catalog/pulls.h"
#include "reeld/catalog/upkeep.h"
#include "reeld/catalog/uploads.h"

static const int64_t ROUND_US = INT64_C(3600) * 1000000;

static bool is_wanted(void *context, const struct digest *key)
{
    struct catalog *c = context;
    bool is_named = true;
    // When in doubt it stays: the next round asks again.
    return catalog_is_named(c, key, &is_named) != OK || is_named;
}

// Asked with nobody writing it. What is over or past its time goes, its row
// with it; what has no row is of a crash.
static bool is_draft_wanted(void *context, const struct id *name)
{
    struct catalog *c = context;
    if (!id_has_prefix(name, "u")) {
        bool is_due = true; // of a pull, named like its asset
        return catalog_pull_is_due(c, name, &is_due) != OK || is_due;
    }
    scoped(catalog_upload) struct catalog_upload upload = {0};
    enum err e = catalog_upload(c, name, &upload);
    if (e != OK)
        return e != ERR_NOT_FOUND;
    if (upload.state >= UPLOAD_FINISHED)
        return false;
    return upload.expires_us > catalog_uploads_now_us(c) ||
           catalog_remove_upload(c, name) != OK;
}

enum err janitor_round(struct store *s, struct catalog *c, int64_t young_us,
                       int64_t *ret_removed)
{
    int64_t drafts = 0, rows = 0;
    TRY(catalog_expire(c));
    TRY(store_sweep_drafts(s, is_draft_wanted, c, &drafts));
    TRY(catalog_forget_uploads(c, catalog_uploads_now_us(c), &rows));
    TRY(store_sweep(s, young_us, is_wanted, c, ret_removed));
    *ret_removed += drafts;
    return OK;
}

// A check that could not be made is made again with the next round.
static bool check_catalog(struct janitor *j)
{
    enum err e = catalog_check(j->catalog);
    j->has_checked = e == OK;
    if (e == OK)
        return true;
    log_error("catalog.check code=%s why=\"%s\"", err_name(e), fail_text());
    if (e == ERR_BAD_INPUT) {
        str_copy(j->damage, sizeof(j->damage), str_of(fail_text()));
        kill(getpid(), SIGTERM);
    }
    return false;
}

static void sweep(void *context)
{
    struct janitor *j = context;
    if (!j->has_checked && !check_catalog(j))
        return; // what facts say of blobs may be wrong
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
