// SPDX-License-Identifier: MIT
// reply.c - answers on their way, and errors as problem documents.
#include "reply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reeld/api/face.h"

enum { PROBLEM_DETAIL_BYTES = 640, BUSY_RETRY_S = 1 };

void reply_init(struct reply *p, struct str origin)
{
    memset(p, 0, sizeof(*p));
    buf_init(&p->body, REPLY_BYTES_MAX);
    str_copy(p->origin, sizeof(p->origin), origin);
}

void reply_done(struct reply *p)
{
    buf_done(&p->body);
}

static void begin(struct reply *p, int status, const char *type)
{
    buf_done(&p->body);
    buf_init(&p->body, REPLY_BYTES_MAX);
    p->status = status;
    p->type = type;
    p->cache = "no-store";
    p->retry_after_s = 0;
    p->asks_for_key = false;
    p->location[0] = p->link[0] = p->etag[0] = '\0';
}

struct json_out reply_json(struct reply *p, int status)
{
    begin(p, status, "application/json");
    return (struct json_out){.to = &p->body};
}

void reply_nothing(struct reply *p)
{
    begin(p, 204, NULL);
}

static void header(struct http_request *r, const char *name, const char *value)
{
    if (value && value[0])
        http_header(r, name, value);
}

void etag_of_halves(const struct digest *edits, struct str all,
                    char to[static REPLY_ETAG_BYTES])
{
    struct digest whole = hash_of(all.ptr, all.len);
    char first[HASH_HEX_BYTES], second[HASH_HEX_BYTES];
    digest_hex(edits, first);
    digest_hex(&whole, second);
    snprintf(to, REPLY_ETAG_BYTES, "\"%.*s-%.*s\"", ETAG_EDITS, first,
             ETAG_EDITS, second);
}

bool etag_is_named(struct str list, const char *etag)
{
    while (list.ptr) {
        struct str one = str_trim(str_cut(&list, ','));
        if (str_starts(one, STR("W/")))
            one = str_skip(one, 2);
        if (str_eq(one, STR("*")) || str_eq(one, str_of(etag)))
            return true;
    }
    return false;
}

void reply_send(struct http_request *r, struct reply *p)
{
    if (buf_end(&p->body) != OK)
        reply_problem(p, "internal", "The answer could not be put together.");
    header(r, "Cache-Control", p->cache);
    header(r, "Location", p->location);
    header(r, "Link", p->link);
    header(r, "ETag", p->etag);
    header(r, "Accept-Patch", p->accept_patch);
    if (p->asks_for_key)
        header(r, "WWW-Authenticate", "Bearer realm=\"reeld\"");
    if (p->retry_after_s > 0) {
        char seconds[24];
        snprintf(seconds, sizeof(seconds), "%" PRId64, p->retry_after_s);
        header(r, "Retry-After", seconds);
    }
    struct str wanted = http_request_header(r, "If-None-Match");
    bool is_read = str_eq(http_request_method(r), STR("GET"));
    if (is_read && p->status == 200 && p->etag[0] && wanted.len > 0 &&
        etag_is_named(wanted, p->etag))
        http_reply(r, 304, NULL, STR(""));
    else
        http_reply(r, p->status, p->type, buf_view(&p->body));
}

static struct json_out open_problem(struct reply *p, const char *code,
                                    const char *detail)
{
    const struct problem *kind = problem_find(code);
    begin(p, kind->status, "application/problem+json");
    struct json_out j = {.to = &p->body};
    json_open(&j, NULL, '{');
    char type[ORIGIN_BYTES + 64];
    snprintf(type, sizeof(type), "%s/problems/%s", p->origin, kind->code);
    json_text(&j, "type", type);
    json_text(&j, "title", kind->title);
    json_int(&j, "status", kind->status);
    json_text(&j, "detail", detail);
    json_text(&j, "code", kind->code);
    p->asks_for_key = kind->status == 401;
    if (kind->status == 503)
        p->retry_after_s = BUSY_RETRY_S;
    return j;
}

void reply_problem(struct reply *p, const char *code, const char *format, ...)
{
    char detail[PROBLEM_DETAIL_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    struct json_out j = open_problem(p, code, detail);
    json_close(&j, '}');
}

void reply_progress(struct reply *p, const char *code, const char *detail,
                    int64_t value, int places)
{
    struct json_out j = open_problem(p, code, detail);
    json_decimal(&j, "progress", value, places);
    json_close(&j, '}');
}

void reply_faults(struct reply *p, const struct faults *faults)
{
    char detail[PROBLEM_DETAIL_BYTES];
    snprintf(detail, sizeof(detail), "%s: %s", faults->fault[0].pointer,
             faults->fault[0].detail);
    struct json_out j = open_problem(p, "invalid_request", detail);
    json_open(&j, "errors", '[');
    for (uint32_t i = 0; i < faults->count; i++) {
        json_open(&j, NULL, '{');
        json_text(&j, "pointer", faults->fault[i].pointer);
        json_text(&j, "detail", faults->fault[i].detail);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

void reply_refusal(struct reply *p, const struct refusal *why)
{
    reply_problem(p, why->code, "%s", why->detail);
    if (why->retry_after_s > 0)
        p->retry_after_s = why->retry_after_s;
}

void reply_error_text(struct reply *p, enum err e, const char *text)
{
    struct refusal why = {0};
    refusal_of_text(&why, e, text);
    reply_refusal(p, &why);
}

void reply_error(struct reply *p, enum err e)
{
    // Copied: what the answer is made with may fail and replace it.
    char text[512];
    snprintf(text, sizeof(text), "%s", fail_text());
    reply_error_text(p, e, text);
}

void reply_not_found(struct reply *p, enum err e, const char *what)
{
    if (e == ERR_BAD_INPUT || e == ERR_NOT_FOUND)
        reply_problem(p, "not_found", "There is no such %s.", what);
    else
        reply_error(p, e);
}

void reply_not_made(struct reply *p, enum err e)
{
    if (e == ERR_UNSUPPORTED)
        reply_problem(p, "unsupported_media", "%s.", fail_text());
    else if (e == ERR_CONFLICT)
        reply_problem(p, "not_ready", "%s.", fail_text());
    else
        reply_not_found(p, e, "asset");
}

void reply_fields_error(struct reply *p, const struct fields *f, enum err e)
{
    if (f->faults.count > 0)
        reply_faults(p, &f->faults);
    else
        reply_error(p, e);
}
