// SPDX-License-Identifier: MIT
// access.c - a line in the log for each answer.
//
// Paths may hold rights: of a part that the face calls secret, and of paths
// that no route knows, nothing is written; nor of queries, which may hold
// whole addresses.
#include "access.h"

#include <inttypes.h>

#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "request.h"
#include "server.h"

enum { PATH_BYTES = 1024 };

// "{id}" or "{rest...}": what stands in its place.
static void write_part(const struct http_request *r, struct str name,
                       struct buf *to)
{
    if (str_ends(name, STR("...")))
        name.len -= 3;
    const char *hidden = r->face->secret_part;
    if (hidden && str_eq(name, str_of(hidden))) {
        buf_text(to, "*");
        return;
    }
    for (size_t i = 0; i < r->match.params; i++)
        if (str_eq(r->match.param[i].name, name))
            buf_str(to, r->match.param[i].value);
}

static void write_route(const struct http_request *r, struct buf *to)
{
    struct str rest = str_of(r->match.route->pattern);
    while (rest.ptr) {
        buf_str(to, str_cut(&rest, '{'));
        if (rest.ptr)
            write_part(r, str_cut(&rest, '}'), to);
    }
}

static void write_unknown(const struct http_request *r, struct buf *to)
{
    struct str rest = r->uri.path;
    (void)str_cut(&rest, '/');
    buf_text(to, "/");
    if (rest.ptr)
        buf_str(to, str_cut(&rest, '/'));
    if (rest.ptr)
        buf_text(to, "/...");
}

void access_log(const struct http_request *r)
{
    bool is_wanted = r->server->options.logs_access;
    if (!is_wanted && log_get_level() < LOG_DEBUG)
        return;
    scoped(buf) struct buf path;
    char quoted[LOG_QUOTED_BYTES], method[LOG_QUOTED_BYTES];
    buf_init(&path, PATH_BYTES);
    if (r->match.route)
        write_route(r, &path);
    else
        write_unknown(r, &path);
    // What is too long for the line is cut.
    ignore(buf_end(&path));
    struct str peer = http_request_peer(r);
    log_line(is_wanted ? LOG_INFO : LOG_DEBUG,
             "http.answer status=%d method=%s path=%s bytes=%" PRId64
             " us=%" PRId64 " peer=%.*s",
             r->status, log_quote(r->is_head ? STR("HEAD") : r->method, method),
             log_quote(buf_view(&path), quoted), r->sent_bytes,
             clock_now_us() - r->began_us, STR_ARG(peer));
}
