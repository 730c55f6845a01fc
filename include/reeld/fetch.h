// SPDX-License-Identifier: MIT
// fetch.h - asking other people's servers: GET for pulls, POST for callbacks.
//
// Whoever names a URL must not reach through reeld what only reeld can reach.
// So: http and https alone, no credentials in the URL, ports 80, 443 and above
// 1023, no proxy, and addresses that are globally routed unicast. The address
// is checked where the connection is opened, on the very bytes given to
// connect(): no name, spelling, redirect or second look-up gets around it.
// (threat-model section 8, SEC-18)
//
// Threads: any. fetch_run() blocks: not on HTTP threads nor the crew.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

enum {
    FETCH_URL_BYTES = 2049, // longest URL and a NUL
    FETCH_FIELD_BYTES = 257,
};

struct fetcher;

struct fetch_options {
    // Networks that may be reached though they are not public, as CIDRs with
    // blanks between: "192.168.0.0/16 fd00::/8". "" or NULL: none.
    const char *allow;
    // Instead of the system's look-up: addresses of a host name with commas
    // between, NULL: the system's. For tests; may be NULL.
    const char *(*resolve)(void *context, const char *host);
    void *resolve_context;
};

// ERR_BAD_INPUT: `allow` is no list of CIDRs.
must_check enum err fetch_new(const struct fetch_options *o,
                              struct fetcher **ret);
void fetch_free(struct fetcher *f);
DEFINE_SCOPED(fetcher, struct fetcher *, fetch_free)

// ---- what may be reached ---------------------------------------------------

// ERR_BAD_INPUT with a sentence for people. Addresses that stand in the URL
// itself are looked at, in all their spellings; names only when they are used.
must_check enum err fetch_check_url(const struct fetcher *f, struct str url);
// Of AF_INET or AF_INET6; others may not.
bool fetch_may_reach(const struct fetcher *f, const struct sockaddr *address);
// The last part of the URL's path, decoded, for a file's name; "" if it has
// none that is printable.
void fetch_url_filename(struct str url, char *to, size_t to_bytes);

// ---- asking ----------------------------------------------------------------

// What the server said of the body that comes.
struct fetch_head {
    int status;                       // 200 or 206
    int64_t from;                     // the first byte that comes
    int64_t total_bytes;              // of the whole; -1: not known
    char etag[FETCH_FIELD_BYTES];     // strong or weak, as sent; "" none
    char modified[FETCH_FIELD_BYTES]; // Last-Modified; "" none
    char type[FETCH_FIELD_BYTES];     // Content-Type; "" none
};

struct fetch_request {
    const char *url;
    int redirects;      // followed at the most; each is checked as the first
    int64_t timeout_us; // for all of it
    int64_t stall_us;   // nearly nothing comes for so long: given up
    int64_t most_bytes; // of the body
    // GET: the bytes from `from` on, if the resource is as `if_range` (an ETag
    // or date; "" or NULL: whatever) says; else all of it.
    int64_t from;
    const char *if_range;
    // POST instead, when not NULL; `headers`: "Name: value", then NULL.
    const char *post;
    size_t post_len;
    const char *const *headers;
    // A 200 or 206: `head` once, then `data`; an error of theirs ends it and is
    // returned. Other answers are not read. NULL: nothing is read.
    enum err (*head)(void *context, const struct fetch_head *h);
    enum err (*data)(void *context, const void *bytes, size_t len);
    // Asked about once a second: true ends it with ERR_CONFLICT. May be NULL.
    bool (*is_cancelled)(void *context);
    void *context;
};

// *ret_status is the final answer's, 0: there was none. OK: the server answered
// and, when it is 200 or 206, all of its body was taken. ERR_BAD_INPUT: this
// may not be fetched, now or later. ERR_TOO_LARGE. ERR_UNSUPPORTED: the body is
// compressed or another part than was asked for. ERR_TIMEOUT, ERR_BUSY: the
// network's or that server's trouble; it may get better. The text is for
// whoever named the URL.
must_check enum err fetch_run(const struct fetcher *f,
                              const struct fetch_request *q, int *ret_status);

// "bytes 5-9/10" (RFC 9110 section 14.4). *ret_total_bytes -1: "*".
// ERR_BAD_INPUT.
must_check enum err fetch_parse_content_range(struct str value,
                                              int64_t *ret_from,
                                              int64_t *ret_total_bytes);
