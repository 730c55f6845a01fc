// SPDX-License-Identifier: MIT
// deliver.c - one try to tell a webhook of one event, and what becomes of it.
#include "courier.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/str.h"
#include "reeld/courier/backoff.h"
#include "reeld/courier/message.h"

enum { STATUS_GONE = 410, LEASE_EXTRA_US = 5000000 };

static bool is_stopping(void *context)
{
    struct courier *c = context;
    return atomic_load(&c->is_stopping);
}

static enum err post(struct courier *c, const struct delivery *d,
                     int *ret_status)
{
    scoped(message) struct message m = {0};
    TRY(message_compose(d, clock_wall_us(), &m));
    const char *const headers[] = {"Content-Type: application/json", m.id,
                                   m.timestamp,
                                   d->is_signed ? m.signature : NULL, NULL};
    struct fetch_request q = {
        .url = d->webhook.url,
        .timeout_us = c->options.callback_timeout_us,
        .stall_us = c->options.callback_timeout_us,
        .most_bytes = MESSAGE_BODY_BYTES_MAX,
        .post = (const char *)m.body.bytes,
        .post_len = m.body.len,
        .headers = headers,
        .is_cancelled = is_stopping,
        .context = c,
    };
    TRY(fetch_run(c->fetcher, &q, ret_status));
    if (*ret_status < 200 || *ret_status > 299)
        return fail(ERR_BUSY, "it answers with status %d", *ret_status);
    return OK;
}

static void settle(struct courier *c, const struct delivery *d, enum err e,
                   int status, const char *why)
{
    // All pauses together come to about a day with the defaults: 30 s, 1 min,
    // ... 4.2 h, 6 h.
    int64_t pause_us = backoff_us(c->options.callback_retry_us,
                                  c->options.callback_pause_us, d->attempts);
    struct delivery_result r = {.status = status};
    r.is_gone = status == STATUS_GONE;
    if (e == OK) {
        r.state = DELIVERY_DELIVERED;
    } else {
        bool is_last = (int)d->attempts >= c->options.callback_tries;
        r.error = why;
        r.state = is_last || r.is_gone ? DELIVERY_FAILED : DELIVERY_WAITING;
        r.next_us = clock_wall_us() + pause_us;
        log_info("webhook.failed id=%s event=%s attempt=%u status=%d",
                 d->webhook.id.text, message_id(d), d->attempts, status);
    }
    if (r.is_gone)
        log_warn("webhook.disabled id=%s why=\"it answers 410\"",
                 d->webhook.id.text);
    e = catalog_settle_delivery(c->catalog, d->number, &r);
    // Not there: the webhook was removed meanwhile. Else it is told again.
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn("webhook.not_settled error=%s", err_name(e));
}

bool deliver_one(struct courier *c)
{
    struct delivery d = {0};
    enum err e = catalog_claim_delivery(
        c->catalog, c->options.callback_timeout_us + LEASE_EXTRA_US, &d);
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn("webhook.not_claimed error=%s", err_name(e));
    if (e != OK)
        return false;
    int status = 0;
    e = post(c, &d, &status);
    char why[WEBHOOK_ERROR_BYTES];
    str_copy(why, sizeof(why), str_of(e == OK ? "" : fail_text()));
    // Cut short by the end of the daemon: its lease runs out by itself, and a
    // try that may have come through is made again.
    if (e != ERR_CONFLICT)
        settle(c, &d, e, status, why);
    delivery_done(&d);
    return true;
}
