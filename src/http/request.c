// SPDX-License-Identifier: MIT
// request.c - what a handler may ask of its request.
#include "request.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "reeld/http/etag.h"
#include "reeld/http/field.h"

enum { ID_MAX = 64 };

void *http_request_context(const struct http_request *r)
{
    return r->face->context;
}

unsigned http_request_flags(const struct http_request *r)
{
    return r->match.route ? r->match.route->flags : 0;
}

struct str http_request_method(const struct http_request *r)
{
    return r->method;
}

bool http_request_is_head(const struct http_request *r)
{
    return r->is_head;
}

struct str http_request_path(const struct http_request *r)
{
    return r->uri.path;
}

struct str http_request_part(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->match.params; i++)
        if (str_eq(r->match.param[i].name, str_of(name)))
            return r->match.param[i].value;
    return STR("");
}

bool http_request_query(const struct http_request *r, const char *name,
                        struct str *ret)
{
    for (size_t i = 0; i < r->pairs; i++)
        if (str_eq(r->pair[i].name, str_of(name))) {
            *ret = r->pair[i].value;
            return true;
        }
    return false;
}

void http_request_each_query(const struct http_request *r,
                             bool (*each)(void *context, struct str name,
                                          struct str value),
                             void *context)
{
    for (size_t i = 0; i < r->pairs; i++)
        if (!each(context, r->pair[i].name, r->pair[i].value))
            return;
}

struct str http_request_query_text(const struct http_request *r)
{
    return r->uri.query.len > 0 ? r->uri.query : STR("");
}

struct str http_request_header(const struct http_request *r, const char *name)
{
    const char *value = NULL;
    size_t len = 0;
    MHD_lookup_connection_value_n(r->mhd, MHD_HEADER_KIND, name, strlen(name),
                                  &value, &len);
    return value ? (struct str){value, len} : STR("");
}

struct str http_request_body(const struct http_request *r)
{
    struct str body = buf_view(&r->body.collected);
    return body.len > 0 ? body : STR("");
}

enum err http_body_error(const struct http_request *r, const char **ret_text)
{
    *ret_text = r->body.error_text;
    return r->body.error;
}

int64_t http_request_content_length(const struct http_request *r)
{
    return r->framing.lengths > 0 ? r->framing.length : -1;
}

struct str http_request_origin(const struct http_request *r)
{
    struct str host = http_request_header(r, MHD_HTTP_HEADER_HOST);
    if (host.len == 0)
        host = str_of(r->server->listen_text);
    struct str proto = http_request_header(r, "X-Forwarded-Proto");
    struct str scheme =
        str_eq_nocase(proto, STR("https")) ? STR("https://") : STR("http://");
    char *text = arena_get(r->arena, scheme.len + host.len);
    memcpy(text, scheme.ptr, scheme.len);
    memcpy(text + scheme.len, host.ptr, host.len);
    return (struct str){text, scheme.len + host.len};
}

// A client's own id is kept if it can stand in a log line and a header as it
// is.
static bool is_id(struct str s)
{
    return s.len <= ID_MAX && field_is_token(s);
}

// SplitMix64: no two of a loop are the same; a secret they are not.
static uint64_t next_id(struct loop *loop)
{
    uint64_t x = loop->next_id += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void request_make_id(struct http_request *r)
{
    struct str sent = http_request_header(r, "X-Request-Id");
    if (is_id(sent)) {
        str_copy(r->id, sizeof r->id, sent);
        return;
    }
    uint64_t x = next_id(r->loop);
    for (int i = 0; i < 13; i++, x >>= 5)
        r->id[i] = "0123456789abcdefghjkmnpqrstvwxyz"[x & 31];
    r->id[13] = '\0';
}

struct str http_request_id(const struct http_request *r)
{
    return str_of(r->id);
}

struct str http_request_peer(const struct http_request *r)
{
    const struct sockaddr *address =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    char *text = arena_get(r->arena, INET6_ADDRSTRLEN);
    const char *written = NULL;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        written = inet_ntop(AF_INET, &v4.sin_addr, text, INET6_ADDRSTRLEN);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        written = inet_ntop(AF_INET6, &v6.sin6_addr, text, INET6_ADDRSTRLEN);
    }
    struct str peer = written ? str_of(written) : STR("local");
    bool is_mapped = str_starts(peer, STR("::ffff:")) &&
                     memchr(peer.ptr, '.', peer.len) != NULL;
    return is_mapped ? str_skip(peer, 7) : peer;
}

void http_request_set_state(struct http_request *r, void *state,
                            void (*release)(void *state))
{
    r->own = state;
    r->release = release;
}

void *http_request_state(const struct http_request *r)
{
    return r->own;
}

bool http_request_accepts_gzip(const struct http_request *r)
{
    return field_accepts_gzip(
        http_request_header(r, MHD_HTTP_HEADER_ACCEPT_ENCODING));
}

void http_on_gone(struct http_request *r, void (*gone)(void *state))
{
    r->gone = gone;
}

struct http_ticket *http_park(struct http_request *r, int64_t deadline_us,
                              void (*then)(struct http_request *r,
                                           bool is_late))
{
    assert(r->state == REQUEST_HANDLING && !r->response);
    if (r->is_early)
        return NULL;
    r->then = then;
    r->slot.mhd = r->mhd;
    r->slot.loop = r->loop;
    r->slot.fd = r->entry->fd;
    r->slot.deadline_us = deadline_us;
    r->slot.gone = r->gone;
    r->slot.state = r->own;
    struct http_ticket *t = park_wait(r->server->park, &r->slot);
    if (t)
        r->state = REQUEST_PARKED;
    return t;
}
