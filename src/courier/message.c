// SPDX-License-Identifier: MIT
// message.c - the body and the headers of a call to a webhook.
#include "reeld/courier/message.h"

#include <inttypes.h>
#include <stdio.h>

#include "reeld/base/clock.h"
#include "reeld/base/hash.h"

enum { SIGNED_BYTES_MAX = MESSAGE_BODY_BYTES_MAX + 256 };

void message_done(struct message *m)
{
    buf_done(&m->body);
}

const char *message_id(const struct delivery *d)
{
    return d->body ? d->webhook.id.text : d->event.id;
}

// Type and time need no escapes, the data are JSON already.
static enum err write_body(const struct delivery *d, struct buf *to)
{
    const struct event *e = &d->event;
    char when[CLOCK_TEXT_BYTES];
    clock_format(e->created_us, when);
    buf_init(to, MESSAGE_BODY_BYTES_MAX);
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

enum err message_compose(const struct delivery *d, int64_t now_us,
                         struct message *m)
{
    int64_t now_s = now_us / 1000000;
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
