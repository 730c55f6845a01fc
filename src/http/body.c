// SPDX-License-Identifier: MIT
// body.c - what comes behind the header: collected, or handed on as it comes.
#include "body.h"

#include <stdio.h>

#include "reeld/http/field.h"
#include "request.h"

// Keeps why, since the thread's sentence will be another one by the time that
// the handler asks.
static void note(struct body *b, enum err e)
{
    if (e == OK || b->error != OK)
        return;
    b->error = e;
    snprintf(b->error_text, sizeof b->error_text, "%s", fail_text());
}

static enum err on_field(void *context, struct str name, struct str value)
{
    struct http_request *r = context;
    return r->body.upload->field(r, name, value);
}

static enum err on_begin(void *context, struct str name, struct str filename)
{
    struct http_request *r = context;
    return r->body.upload->begin(r, name, filename);
}

static enum err on_data(void *context, const void *bytes, size_t len)
{
    struct http_request *r = context;
    return r->body.upload->data(r, bytes, len);
}

static enum err on_end(void *context)
{
    struct http_request *r = context;
    return r->body.upload->end(r);
}

static const struct multipart_calls multipart_calls = {on_field, on_begin,
                                                       on_data, on_end};

static enum err begin(struct http_request *r)
{
    struct body *b = &r->body;
    b->upload = r->is_collected ? NULL : r->match.route->upload;
    if (!b->upload) {
        b->kind = BODY_COLLECTED;
        int64_t own = r->face->json_limit_bytes;
        size_t limit =
            (size_t)(own > 0 ? own : r->server->options.json_limit_bytes);
        buf_init(&b->collected, limit);
        if (r->framing.lengths > 0 && (size_t)r->framing.length > limit)
            return fail(ERR_TOO_LARGE, "a body of more than %zu bytes", limit);
        return OK;
    }
    struct str type = http_request_header(r, "Content-Type");
    if (str_eq_nocase(field_media_type(type), STR("multipart/form-data"))) {
        b->kind = BODY_MULTIPART;
        return multipart_new(type, &multipart_calls, r, &b->multipart);
    }
    b->kind = BODY_RAW;
    return b->upload->begin(r, STR(""), STR(""));
}

void http_collect_body(struct http_request *r)
{
    r->is_collected = true;
}

void body_begin(struct http_request *r)
{
    note(&r->body, begin(r));
}

static enum err collect(struct buf *to, const void *bytes, size_t len)
{
    buf_add(to, bytes, len);
    enum err e = buf_end(to);
    if (e == ERR_TOO_LARGE)
        return fail(e, "a body of more than %zu bytes", to->limit);
    return e;
}

static enum err add(struct http_request *r, const void *bytes, size_t len)
{
    struct body *b = &r->body;
    switch (b->kind) {
    case BODY_NONE:
        return OK;
    case BODY_COLLECTED:
        return collect(&b->collected, bytes, len);
    case BODY_RAW:
        return b->upload->data(r, bytes, len);
    case BODY_MULTIPART:
        return multipart_add(b->multipart, bytes, len);
    }
    return OK;
}

void body_add(struct http_request *r, const void *bytes, size_t len)
{
    r->body.received += (int64_t)len;
    if (r->body.error == OK)
        note(&r->body, add(r, bytes, len));
}

void body_end(struct http_request *r)
{
    struct body *b = &r->body;
    if (b->error != OK)
        return;
    if (b->kind == BODY_RAW)
        note(b, b->upload->end(r));
    if (b->kind == BODY_MULTIPART)
        note(b, multipart_end(b->multipart));
}

void body_done(struct body *b)
{
    multipart_free(b->multipart);
    buf_done(&b->collected);
    b->multipart = NULL;
}
