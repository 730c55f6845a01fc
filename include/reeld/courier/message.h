// SPDX-License-Identifier: MIT
// message.h - what a webhook is sent, as Standard Webhooks has it: webhook-id
// is the event's at each try, webhook-timestamp the try's, and
// webhook-signature HMAC-SHA256(secret, id "." timestamp "." body) in base64,
// one for each secret that still counts; none where there is no secret.
//
// Threads: one at a time a struct message.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/catalog/events.h"

enum {
    MESSAGE_BODY_BYTES_MAX = 1 << 20,
    MESSAGE_HEADER_BYTES = 512,
};

struct message {
    struct buf body;
    // Whole lines: "webhook-id: ...". signature "": there is none.
    char id[MESSAGE_HEADER_BYTES], timestamp[MESSAGE_HEADER_BYTES],
        signature[MESSAGE_HEADER_BYTES];
};

// In place, like struct buf: begins with {0}, and is released with
// message_done() in every case. ERR_TOO_LARGE: the body.
must_check enum err message_compose(const struct delivery *d, int64_t now_us,
                                    struct message *ret);
void message_done(struct message *m);
static inline void scoped_release_message(struct message *held)
{
    message_done(held);
}
// What the receiver knows it by: an event is told to many, an answer to one.
const char *message_id(const struct delivery *d);
