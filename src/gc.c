// SPDX-License-Identifier: MIT
// gc.c - `reeld gc`: what nobody needs goes now.
//
// Where a daemon serves it does the removing, asked by a signal: there is one
// writer. Where none does, its lock is taken and nobody can be publishing, so
// that age does not protect what no fact names.
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "janitor.h"
#include "lock.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/catalog/upkeep.h"
#include "reeld/jobs.h"
#include "reeld/store.h"
#include "tools.h"

struct garbage {
    struct catalog *catalog;
    int64_t old_us; // wall clock: blobs written since are not looked at
    int64_t orphans, orphan_bytes, young, temps, temp_bytes;
};

static enum err count_found(void *context, const struct store_found *found)
{
    struct garbage *g = context;
    bool is_named = true;
    if (found->what == STORE_TEMP) {
        g->temps++;
        g->temp_bytes += found->size_bytes;
    }
    if (found->what != STORE_BLOB)
        return OK;
    TRY(catalog_is_named(g->catalog, &found->key, &is_named));
    if (!is_named && found->changed_us > g->old_us) {
        g->young++;
    } else if (!is_named) {
        g->orphans++;
        g->orphan_bytes += found->size_bytes;
    }
    return OK;
}

static enum err foresee(const struct settings *s, struct catalog *c)
{
    scoped(store) struct store *store = NULL;
    const struct store_options o = {.directory = s->data_dir,
                                    .is_as_found = true};
    TRY(store_open_fs(&o, &store));
    struct garbage g = {.catalog = c,
                        .old_us = clock_wall_us() - JANITOR_YOUNG_US};
    TRY(store_walk(store, count_found, &g));
    int64_t expired, made_bytes, past_bytes;
    TRY(catalog_count_expired(c, &expired));
    TRY(jobs_past_budget(c, s->cache_budget_bytes, &made_bytes, &past_bytes));
    printf("blobs without a fact: %" PRId64 " of %" PRId64
           " bytes, and %" PRId64 " of the last hour\n"
           "being written or left behind: %" PRId64 " of %" PRId64 " bytes\n"
           "facts whose time is over: %" PRId64 "\n"
           "made media past the budget: %" PRId64 " of %" PRId64 " bytes\n",
           g.orphans, g.orphan_bytes, g.young, g.temps, g.temp_bytes, expired,
           past_bytes, made_bytes);
    return OK;
}

static enum err dry_run(const struct settings *s)
{
    char path[PATH_MAX];
    const struct catalog_options o = tool_catalog(s, path);
    scoped(catalog) struct catalog *c = NULL;
    TRY(catalog_open_reading(&o, &c));
    return foresee(s, c);
}

static enum err ask_daemon(const struct settings *s)
{
    pid_t pid;
    TRY(lock_holder(s->data_dir, &pid));
    if (kill(pid, SIGUSR1) < 0)
        return fail_errno(ERR_IO, "ask process %d, which serves %s", (int)pid,
                          s->data_dir);
    printf("reeld serves %s (process %d) and was asked to; its log says "
           "janitor.swept\n",
           s->data_dir, (int)pid);
    return OK;
}

static enum err clean(const struct settings *s)
{
    char path[PATH_MAX];
    const struct catalog_options co = tool_catalog(s, path);
    const struct store_options so = {.directory = s->data_dir};
    scoped(catalog) struct catalog *c = NULL;
    scoped(store) struct store *store = NULL;
    int64_t removed;
    struct jobs_trimmed trimmed;
    TRY(catalog_open(&co, &c));
    TRY(store_open_fs(&so, &store));
    TRY(jobs_trim(store, c, s->cache_budget_bytes, &trimmed));
    TRY(janitor_round(store, c, 0, &removed));
    printf("removed: %" PRId64 " files that nobody needs, %" PRId64
           " pieces of %" PRId64 " bytes past the budget\n",
           removed, trimmed.pieces, trimmed.bytes);
    return OK;
}

static enum err clean_or_ask(const struct settings *s)
{
    // Asked itself, it is at it already.
    signal(SIGUSR1, SIG_IGN);
    // Taking the lock would make the directory.
    scoped(catalog) struct catalog *there = NULL;
    char path[PATH_MAX];
    const struct catalog_options o = tool_catalog(s, path);
    enum err e = catalog_open_reading(&o, &there);
    if (e != OK && e != ERR_CONFLICT)
        return e;
    scoped(fd) int lock_fd = -1;
    e = lock_directory(s->data_dir, &lock_fd);
    return e == ERR_CONFLICT ? ask_daemon(s) : e == OK ? clean(s) : e;
}

enum tool_exit tool_gc(const struct settings *s, bool is_dry)
{
    enum err e = is_dry ? dry_run(s) : clean_or_ask(s);
    return e == OK ? TOOL_FINE : tool_failure("gc");
}
