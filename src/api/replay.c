// SPDX-License-Identifier: MIT
// replay.c - claims and kept answers of Idempotency-Key.
//
// What is kept is text: a line with the Location, then the body. A note is a
// line alone, kept under a status of its own.
#include "replay.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/log.h"

enum { REPLAY_KEY_MAX = 255, NOTE_STATUS = 102 };

// Lengths go in, so that no two lists of texts run together to the same bytes.
static void add(struct hash *h, struct str text)
{
    uint64_t len = text.len;
    hash_add(h, &len, sizeof(len));
    hash_add(h, text.ptr, text.len);
}

enum err replay_of(const struct http_request *r, const char *key_id,
                   const struct digest *body, struct replay *ret)
{
    memset(ret, 0, sizeof(*ret));
    struct str said = http_request_header(r, "Idempotency-Key");
    if (said.len == 0)
        return OK;
    bool is_fit = said.len <= REPLAY_KEY_MAX;
    for (size_t i = 0; is_fit && i < said.len; i++)
        is_fit = said.ptr[i] > ' ' && said.ptr[i] < 0x7f;
    if (!is_fit)
        return fail(ERR_BAD_INPUT,
                    "Idempotency-Key is 1 to %d visible characters",
                    REPLAY_KEY_MAX);
    scoped(hash) struct hash *key = hash_new();
    add(key, str_of(key_id));
    add(key, http_request_method(r));
    add(key, http_request_path(r));
    add(key, said);
    ret->key = hash_end(key);
    scoped(hash) struct hash *request = hash_new();
    add(request, http_request_query_text(r));
    hash_add(request, body->bytes, sizeof(body->bytes));
    ret->request = hash_end(request);
    ret->is_wanted = true;
    return OK;
}

static void give_kept(struct reply *p, const struct kept_answer *kept)
{
    struct str body = str_of(kept->body);
    struct str location = str_cut(&body, '\n');
    struct json_out j = reply_json(p, kept->status);
    buf_str(j.to, body);
    str_copy(p->location, sizeof(p->location), location);
    if (kept->status >= 400)
        p->type = "application/problem+json";
}

static bool is_note(const struct kept_answer *kept)
{
    return kept->status == NOTE_STATUS;
}

bool replay_begin(struct replay *y, struct claims *claims, struct catalog *c,
                  struct reply *p, char *note, size_t note_bytes)
{
    if (note)
        note[0] = '\0';
    if (!y->is_wanted)
        return true;
    if (!claims_try(claims, &y->key)) {
        reply_problem(p, "in_flight",
                      "The first request with this Idempotency-Key is still "
                      "under way.");
        return false;
    }
    y->is_owned = true;
    struct kept_answer kept = {0};
    enum err e = catalog_idempotency_begin(c, &y->key, &y->request, &kept);
    scoped(mem) char *body = kept.body;
    bool goes_on = e == ERR_CONFLICT || (e == OK && kept.status == 0) ||
                   (e == OK && is_note(&kept));
    if (e == OK && is_note(&kept) && note)
        str_copy(note, note_bytes, str_of(body));
    if (goes_on)
        return true;
    if (e == OK)
        give_kept(p, &kept);
    else if (e == ERR_BAD_INPUT)
        reply_problem(p, "idempotency_mismatch",
                      "This Idempotency-Key was used for another request.");
    else
        reply_error(p, e);
    replay_drop(y, claims);
    return false;
}

enum err replay_note(struct replay *y, struct catalog *c, const char *note)
{
    if (!y->is_owned)
        return OK;
    return catalog_idempotency_end(c, &y->key, NOTE_STATUS, note);
}

void replay_drop(struct replay *y, struct claims *claims)
{
    if (y->is_owned)
        claims_release(claims, &y->key);
    y->is_owned = false;
}

static enum err keep(const struct replay *y, struct catalog *c,
                     const struct reply *p)
{
    if (p->status >= 500)
        return catalog_idempotency_end(c, &y->key, 0, "");
    scoped(buf) struct buf text;
    buf_init(&text, REPLY_BYTES_MAX);
    buf_text(&text, p->location);
    buf_char(&text, '\n');
    buf_str(&text, buf_view(&p->body));
    TRY(buf_end(&text));
    return catalog_idempotency_end(c, &y->key, p->status,
                                   (const char *)text.bytes);
}

// What happened stands and the client gets its answer; if that is not kept, a
// repeat of the request is not known as one.
void replay_end(struct replay *y, struct claims *claims, struct catalog *c,
                const struct reply *p)
{
    if (!y->is_owned)
        return;
    enum err e = keep(y, c, p);
    if (e != OK)
        log_warn("replay.not_kept error=%s", err_name(e));
    replay_drop(y, claims);
}
