// SPDX-License-Identifier: MIT
// deliver.c - one try to tell a webhook of one event, as Standard Webhooks has
// it: webhook-id is the event's at each try, webhook-timestamp the try's, and
// webhook-signature HMAC-SHA256(secret, id "." timestamp "." body) in base64,
// one for each secret that still counts; none where there is no secret.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "courier.h"
#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/base/hash.h"
#include "reeld/base/log.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/events.h"

enum {
    BODY_BYTES_MAX = 1 << 20,
    SIGNED_BYTES_MAX = BODY_BYTES_MAX + 256,
    HEADER_BYTES = 512,
    STATUS_GONE = 410,
    LEASE_EXTRA_US = 5000000,
};

struct message {
    struct buf body;
    char id[HEADER_BYTES], timestamp[HEADER_BYTES], signature[HEADER_BYTES];
};

static void message_done(struct message *m)
{
    buf_done(&m->body);
}
// In place, like struct buf.
static inline void scoped_release_message(struct message *held)
{
    message_done(held);
}

// Events are told to many, an answer to one alone.
static const char *message_id(const struct delivery *d)
{
    return d->body ? d->webhook.id.text : d->event.id;
}

// Type and time need no escapes, the data are JSON already.
static enum err write_body(const struct delivery *d, struct buf *to)
{
    const struct event *e = &d->event;
    char when[CLOCK_TEXT_BYTES];
    clock_format(e->created_us, when);
    buf_init(to, BODY_BYTES_MAX);
    if (d->body) {
        buf_text(to, d->body);
        return buf_end(to);
    }
    buf_printf(to, "{\"type\":\"%s\",\"timestamp\":\"%s\",\"data\":%s}",
               e->type, when, e->data);
    return buf_end(to);
}

static enum err sign(const struct digest *secret, const struct delivery *d,
                     int64_t now_s, const struct buf *body, struct buf *to)
{
    scoped(buf) struct buf text;
    buf_init(&text, SIGNED_BYTES_MAX);
    buf_printf(&text, "%s.%" PRId64 ".", message_id(d), now_s);
    buf_str(&text, buf_view(body));
    TRY(buf_end(&text));
    struct digest mac = hmac_of(secret->bytes, text.bytes, text.len);
    char coded[HASH_BASE64_BYTES];
    base64(mac.bytes, sizeof(mac.bytes), coded);
    buf_printf(to, " v1,%s", coded);
    return buf_end(to);
}

static enum err compose(const struct delivery *d, struct message *m)
{
    int64_t now_us = clock_wall_us(), now_s = now_us / 1000000;
    TRY(write_body(d, &m->body));
    snprintf(m->id, sizeof(m->id), "webhook-id: %s", message_id(d));
    snprintf(m->timestamp, sizeof(m->timestamp), "webhook-timestamp: %" PRId64,
             now_s);
    if (!d->is_signed)
        return OK;
    scoped(buf) struct buf signatures;
    buf_init(&signatures, sizeof(m->signature) - 32);
    TRY(sign(&d->webhook.secret, d, now_s, &m->body, &signatures));
    if (d->webhook.old_until_us > now_us)
        TRY(sign(&d->webhook.old_secret, d, now_s, &m->body, &signatures));
    snprintf(m->signature, sizeof(m->signature), "webhook-signature:%s",
             (const char *)signatures.bytes);
    return OK;
}

static bool is_stopping(void *context)
{
    struct courier *c = context;
    return atomic_load(&c->is_stopping);
}

static enum err post(struct courier *c, const struct delivery *d,
                     int *ret_status)
{
    scoped(message) struct message m = {0};
    TRY(compose(d, &m));
    const char *const headers[] = {"Content-Type: application/json", m.id,
                                   m.timestamp,
                                   d->is_signed ? m.signature : NULL, NULL};
    struct fetch_request q = {
        .url = d->webhook.url,
        .timeout_us = c->options.callback_timeout_us,
        .stall_us = c->options.callback_timeout_us,
        .most_bytes = BODY_BYTES_MAX,
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

// The pauses double up to the last, so that all of them together come to about
// a day with the defaults: 30 s, 1 min, ... 4.2 h, 6 h.
static int64_t pause_us(const struct courier *c, uint32_t attempts)
{
    enum { DOUBLINGS_MAX = 30 };
    int64_t pause = c->options.callback_retry_us;
    for (uint32_t i = 1; i < attempts && i < DOUBLINGS_MAX; i++)
        pause = min_i64(2 * pause, c->options.callback_pause_us);
    return pause;
}

static void settle(struct courier *c, const struct delivery *d, enum err e,
                   int status, const char *why)
{
    struct delivery_result r = {.status = status};
    r.is_gone = status == STATUS_GONE;
    if (e == OK) {
        r.state = DELIVERY_DELIVERED;
    } else {
        bool is_last = (int)d->attempts >= c->options.callback_tries;
        r.error = why;
        r.state = is_last || r.is_gone ? DELIVERY_FAILED : DELIVERY_WAITING;
        r.next_us = clock_wall_us() + pause_us(c, d->attempts);
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
