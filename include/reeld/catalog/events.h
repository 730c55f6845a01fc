// SPDX-License-Identifier: MIT
// events.h - what happened; webhooks, which are told; what they are still owed.
//
// Events are written by triggers (sql/migrations/011, 012), in the
// transaction of the fact; so is what is owed.
//
// Threads: readers any; functions under "changes" not on HTTP threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"
#include "reeld/catalog.h"

enum {
    EVENT_ID_BYTES = 40,
    EVENT_TYPE_BYTES = 32,
    WEBHOOK_URL_BYTES = 2049,
    WEBHOOK_EVENTS_BYTES = 1025,
    WEBHOOK_ERROR_BYTES = 256,
};

// Every type that there is; NULL behind the last.
extern const char *const event_types[];

struct event {
    int64_t number; // grows; what clients go on behind
    char id[EVENT_ID_BYTES];
    char type[EVENT_TYPE_BYTES];
    int64_t created_us;
    char *data; // heap: a JSON object
};
// Calls `each` for up to `limit` events behind `after`, oldest first. `asset`
// NULL: of all. The event is lent.
must_check enum err catalog_events(
    struct catalog *c, const struct id *asset, int64_t after, uint32_t limit,
    void (*each)(void *context, const struct event *e), void *context);
must_check enum err catalog_last_event(struct catalog *c, int64_t *ret);

struct webhook {
    struct id id;
    char url[WEBHOOK_URL_BYTES];
    char events[WEBHOOK_EVENTS_BYTES]; // " asset.ready job.done "; "" all
    bool is_enabled;
    int64_t created_us;
    int64_t last_us; // of the last try; 0: none
    int last_status; // 0: no answer
    char last_error[WEBHOOK_ERROR_BYTES];
    struct digest secret, old_secret;
    int64_t old_until_us; // old_secret signs as well until then; 0: there is
                          // none
};
must_check enum err catalog_webhook(struct catalog *c, const struct id *id,
                                    struct webhook *ret); // ERR_NOT_FOUND
// A heap array.
must_check enum err catalog_list_webhooks(struct catalog *c,
                                          struct webhook **ret,
                                          size_t *ret_count);

struct delivery_fact {
    int64_t number;
    char event[EVENT_ID_BYTES], type[EVENT_TYPE_BYTES];
    char state[16]; // waiting delivered failed
    uint32_t attempts;
    int64_t next_us;
    int status;
    char error[WEBHOOK_ERROR_BYTES];
    int64_t changed_us;
};
// Newest first, behind `before` (0: from the beginning), at most `limit`.
must_check enum err catalog_list_deliveries(
    struct catalog *c, const struct id *webhook, int64_t before, uint32_t limit,
    struct delivery_fact *ret, uint32_t *ret_count, bool *ret_more);

// ---- changes ---------------------------------------------------------------

must_check enum err catalog_add_webhook(struct catalog *c,
                                        const struct webhook *w);
// url, events, is_enabled, secret; another secret makes the one before the old
// one, until `old_until_us`. ERR_NOT_FOUND.
must_check enum err catalog_change_webhook(struct catalog *c,
                                           const struct webhook *w);
must_check enum err catalog_remove_webhook(struct catalog *c,
                                           const struct id *id);

// Who is told that one asset is ready or rejected: a webhook that none of the
// calls above sees. It goes once it was told or is given up, and with the
// asset, but for a rejected one.
struct callback {
    const char *url;
    bool is_signed;
    struct digest secret; // all zero unless is_signed
};

// The answer to a request that is told to a URL instead of its client
// (VideoDB's call-backs): owed until the work, which an asset began, is over,
// then told in the same way, with a body of its own.
enum { ANSWER_ORIGIN_BYTES = 256 };
struct answer_owed {
    int64_t number;
    struct id webhook, work;
    char origin[ANSWER_ORIGIN_BYTES]; // before URLs in it
};
// ERR_BUSY: `most` are owed already.
must_check enum err catalog_owe_answer(struct catalog *c, const struct id *work,
                                       const char *origin, const char *url,
                                       int64_t most);
// The first behind `after` (0: of all) that has no body yet. ERR_NOT_FOUND.
must_check enum err catalog_next_answer(struct catalog *c, int64_t after,
                                        struct answer_owed *ret);
// Now it has. ERR_NOT_FOUND.
must_check enum err catalog_tell_answer(struct catalog *c,
                                        const struct id *webhook,
                                        struct str body);

struct delivery {
    int64_t number;
    uint32_t attempts; // with this one
    struct webhook webhook;
    bool is_signed;     // false: a callback without a secret
    char *body;         // heap: an answer, told as it is; NULL: the event
    struct event event; // release with delivery_done()
};
void delivery_done(struct delivery *d);
// In place, like struct buf.
static inline void scoped_release_delivery(struct delivery *held)
{
    delivery_done(held);
}
// The one that is due longest; nobody else gets it before `lease_us` from now.
// ERR_NOT_FOUND.
must_check enum err catalog_claim_delivery(struct catalog *c, int64_t lease_us,
                                           struct delivery *ret);
enum delivery_state { DELIVERY_WAITING, DELIVERY_DELIVERED, DELIVERY_FAILED };
struct delivery_result {
    enum delivery_state state;
    int64_t next_us; // WAITING: the next try
    int status;      // 0: no answer
    const char *error;
    bool is_gone; // the webhook is disabled
};
must_check enum err catalog_settle_delivery(struct catalog *c, int64_t number,
                                            const struct delivery_result *r);
// Forgets all but the last `keep` events, and what is still owed.
must_check enum err catalog_trim_events(struct catalog *c, int64_t keep);
