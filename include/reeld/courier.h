// SPDX-License-Identifier: MIT
// courier.h - what goes between reeld and other people's servers: pulls bring
// the bytes of assets, callbacks tell webhooks what happened.
//
// All of it is owed by rows in the catalog and survives a restart. A few
// threads of this room's own do the waiting.
//
// Threads: any; courier_start() and courier_stop() on main.
#pragma once

#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/catalog.h"
#include "reeld/fetch.h"
#include "reeld/store.h"

struct courier;

struct courier_options {
    int pulls;               // at once, >= 1
    int pull_attempts;       // then it is given up
    int pull_redirects;      // followed
    int64_t pull_timeout_us; // for one attempt
    int64_t pull_stall_us;   // nearly nothing comes
    int64_t upload_limit_bytes;
    int64_t keep_free_bytes; // as the store's
    int64_t retry_us;   // before the second attempt; doubled before each more
    int callbacks;      // at once, >= 1
    int callback_tries; // then it is given up
    int64_t callback_timeout_us; // of one
    // Before the second try, doubled before each more, up to the longest.
    int64_t callback_retry_us, callback_pause_us;
    int64_t event_history; // events that are kept
    // A probe is owed: look again. On a thread of this room.
    void (*uploaded)(void *context);
    void *context;
};

// All that is handed in outlives the courier.
must_check enum err courier_start(const struct courier_options *o,
                                  struct fetcher *f, struct store *s,
                                  struct catalog *c, struct courier **ret);
// Ends what is under way, to be gone on with after the next start. `uploaded`
// is not called after it; courier_look() may be, and does nothing then.
void courier_stop(struct courier *c);
void courier_free(struct courier *c); // after courier_stop()
// As fetch_check_url(), for what is to be pulled or called back.
must_check enum err courier_check_url(const struct courier *c, struct str url);
// There is something new to do in the catalog.
void courier_look(struct courier *c);
