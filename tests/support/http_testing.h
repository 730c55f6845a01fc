// SPDX-License-Identifier: MIT
// http_testing.h - a real server on a free port, and a client on plain sockets.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/buf.h"
#include "reeld/base/str.h"
#include "reeld/http.h"

// Options that suit tests: port 0, two threads, errors as "CODE: DETAIL\n".
struct http_options http_test_options(const struct http_route *routes,
                                      size_t count, void *context);
struct http_server *http_test_start(const struct http_options *o);
void http_test_stop(struct http_server *s); // within half a minute

// One connection. Every read fails the test after PATIENCE_S.
struct client {
    int fd;
    struct buf in; // received
    size_t at;     // of these, read
};
struct client client_open(const struct http_server *s);
void client_close(struct client *c);
void client_send(struct client *c, const char *text);
void client_send_bytes(struct client *c, const void *bytes, size_t len);
// Whether the server closes the connection; drops what comes before.
bool client_is_closed(struct client *c);

struct reply {
    int status;
    char head[4096]; // NUL terminated, with the status line
    struct str body; // valid until the client is closed or reads again
};
// Reads one reply. `has_body` false: for HEAD, whatever the length says.
struct reply client_read(struct client *c, bool has_body);
struct reply client_ask(struct client *c, const char *request);
// The value of a header of the reply; NULL if it is not there.
const char *reply_header(const struct reply *r, const char *name, char *to,
                         size_t to_bytes);
// A GET with one more header line ("" or "Range: bytes=0-1\r\n").
struct reply client_get(struct client *c, const char *path, const char *more);
