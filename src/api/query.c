// SPDX-License-Identifier: MIT
// query.c - parameters behind the '?', pages of lists, short refusals.
#include "room.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct str api_url_base(const struct api *a, const struct http_request *r)
{
    const char *set = a->o.public_url;
    return set[0] ? str_of(set) : http_request_origin(r);
}

void call_keep(struct http_request *r, void *work,
               void (*free_work)(void *work))
{
    struct call *call = call_of(r);
    call->work = work;
    call->free_work = free_work;
}

void refuse(struct http_request *r, const char *code, const char *format, ...)
{
    char detail[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    reply_problem(&p, code, "%s", detail);
    reply_send(r, &p);
}

void refuse_error(struct http_request *r, enum err e)
{
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    reply_error(&p, e);
    reply_send(r, &p);
}

bool parameter_int(struct http_request *r, const char *name, int64_t least,
                   int64_t most, int64_t otherwise, int64_t *ret)
{
    struct str text;
    if (!http_request_query(r, name, &text)) {
        *ret = otherwise;
        return true;
    }
    if (str_to_int(text, least, most, ret) == OK)
        return true;
    refuse(r, "invalid_request",
           "?%s= is a whole number from %" PRId64 " to %" PRId64 ".", name,
           least, most);
    return false;
}

struct known {
    const char *const *names;
    struct str stranger; // NULL: all are known
};

static bool is_known(void *context, struct str name, struct str value)
{
    (void)value;
    struct known *k = context;
    for (size_t i = 0; k->names[i]; i++)
        if (str_eq(name, str_of(k->names[i])))
            return true;
    k->stranger = name.ptr ? name : STR("");
    return false;
}

bool parameters_are_known(struct http_request *r, const char *const *known)
{
    struct known k = {.names = known};
    http_request_each_query(r, is_known, &k);
    if (!k.stranger.ptr)
        return true;
    refuse(r, "invalid_request", "There is no parameter \"%.*s\" here.",
           STR_ARG(k.stranger));
    return false;
}

bool parameter_container(struct http_request *r, bool *ret_wants_ts)
{
    struct str value;
    *ret_wants_ts = false;
    if (!http_request_query(r, "container", &value))
        return true;
    *ret_wants_ts = str_eq(value, STR("ts"));
    if (*ret_wants_ts || str_eq(value, STR("cmaf")))
        return true;
    refuse(r, "invalid_request", "?container= is ts or cmaf.");
    return false;
}

bool parameter_page(struct http_request *r, struct page *ret)
{
    int64_t limit = 0;
    if (!parameter_int(r, "limit", 1, PAGE_LIMIT_MAX, PAGE_LIMIT, &limit))
        return false;
    ret->limit = (uint32_t)limit;
    ret->cursor = STR("");
    if (!http_request_query(r, "cursor", &ret->cursor))
        return true;
    // "default" is the one id without a body.
    struct id id;
    if (str_eq(ret->cursor, STR("default")) || id_parse(ret->cursor, &id) == OK)
        return true;
    refuse(r, "invalid_request", "This is not a cursor of this list.");
    return false;
}

void url_encode(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
        if (is_plain && c)
            buf_char(to, (char)c);
        else
            buf_printf(to, "%%%02X", c);
    }
}

static bool add_parameter(void *context, struct str name, struct str value)
{
    struct buf *to = context;
    if (str_eq(name, STR("cursor")))
        return true;
    url_encode(to, name);
    buf_char(to, '=');
    url_encode(to, value);
    buf_char(to, '&');
    return true;
}

// Too long a query loses the header; "next" in the body has it all the same.
static void link_next(struct http_request *r, struct reply *p,
                      const char *cursor)
{
    scoped(buf) struct buf text;
    buf_init(&text, sizeof(p->link) - 1);
    buf_printf(&text, "<%s%.*s?", p->origin, STR_ARG(http_request_path(r)));
    http_request_each_query(r, add_parameter, &text);
    buf_printf(&text, "cursor=%s>; rel=\"next\"", cursor);
    if (buf_end(&text) == OK)
        str_copy(p->link, sizeof(p->link), buf_view(&text));
}

struct json_out reply_list_begin(struct reply *p)
{
    struct json_out j = reply_json(p, 200);
    json_open(&j, NULL, '{');
    json_open(&j, "items", '[');
    return j;
}

void reply_list_end(struct http_request *r, struct reply *p, struct json_out *j,
                    const char *next)
{
    json_close(j, ']');
    if (next)
        json_text(j, "next", next);
    else
        json_none(j, "next");
    json_close(j, '}');
    if (next)
        link_next(r, p, next);
}
