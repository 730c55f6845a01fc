// SPDX-License-Identifier: MIT
// fetch.c - one question to another server, redirects and all.
//
// Each step of a redirect is a transfer of its own with a handle of its own, so
// that nothing that was said to one server is said to the next, and the URL of
// each is checked as the first was.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fetcher.h"
#include "reeld/base/buf.h"
#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

enum {
    CONNECT_MS = 15000,
    HEADER_BYTES_MAX = 256 << 10,  // of one answer, all of them
    REDIRECT_BYTES_MAX = 64 << 10, // of a page that only says where to go
    LEAST_BYTES_PER_S = 16,        // fewer are a stall
    RESOLVED_BYTES = 4096,
};

// ---- the fetcher -----------------------------------------------------------

enum err fetch_new(const struct fetch_options *o, struct fetcher **ret)
{
    // Counted by libcurl: as many cleanups as inits.
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(ERR_IO, "libcurl does not start");
    scoped(fetcher) struct fetcher *f = NEW(struct fetcher);
    f->resolve = o->resolve;
    f->resolve_context = o->resolve_context;
    TRY(networks_parse(str_of(o->allow), &f->allowed, &f->allowed_count));
    *ret = take(f);
    return OK;
}

void fetch_free(struct fetcher *f)
{
    if (!f)
        return;
    free(f->allowed);
    free(f);
    curl_global_cleanup();
}

bool fetch_may_reach(const struct fetcher *f, const struct sockaddr *address)
{
    struct in6_addr bits;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof(v4));
        bits = network_map_v4(v4.sin_addr);
        break;
    case AF_INET6:
        memcpy(&v6, address, sizeof(v6));
        bits = v6.sin6_addr;
        break;
    default:
        return false;
    }
    return network_is_public(&bits) ||
           network_is_in(&bits, f->allowed, f->allowed_count);
}

// ---- one transfer ----------------------------------------------------------

struct transfer {
    const struct fetcher *fetcher;
    const struct fetch_request *request;
    CURL *easy;
    struct curl_slist *headers, *resolved;
    char text[CURL_ERROR_SIZE];
    size_t header_bytes;
    int64_t body_bytes;
    bool was_refused;          // an address
    bool has_begun;            // the head was told
    bool is_unread;            // the body is none of ours: ended on purpose
    enum err failed;           // why a function of ours ended it
    char why[FETCH_URL_BYTES]; // and in words
};

static void transfer_done(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->resolved);
}
// In place, like struct buf.
static inline void scoped_release_transfer(struct transfer *held)
{
    transfer_done(held);
}

static void end_with(struct transfer *t, enum err e)
{
    t->failed = e;
    str_copy(t->why, sizeof(t->why), str_of(fail_text()));
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *a)
{
    struct transfer *t = context;
    if (purpose != CURLSOCKTYPE_IPCXN ||
        !fetch_may_reach(t->fetcher, &a->addr)) {
        t->was_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int64_t status_of(const struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_content(int64_t status)
{
    return status == 200 || status == 206;
}

static bool is_redirect(int64_t status)
{
    return status >= 300 && status < 400;
}

static void copy_header(const struct transfer *t, const char *name,
                        char to[static FETCH_FIELD_BYTES])
{
    struct curl_header *h;
    to[0] = '\0';
    if (curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
        strlen(h->value) < FETCH_FIELD_BYTES)
        str_copy(to, FETCH_FIELD_BYTES, str_of(h->value));
}

enum err fetch_parse_content_range(struct str value, int64_t *ret_from,
                                   int64_t *ret_total_bytes)
{
    struct str rest = value;
    int64_t from, to, total = -1;
    if (!str_eq_nocase(str_cut(&rest, ' '), STR("bytes")))
        return fail(ERR_BAD_INPUT, "a range that is not of bytes");
    TRY(str_to_int(str_cut(&rest, '-'), 0, INT64_MAX - 1, &from));
    TRY(str_to_int(str_cut(&rest, '/'), from, INT64_MAX - 1, &to));
    if (!str_eq(rest, STR("*")))
        TRY(str_to_int(rest, to + 1, INT64_MAX, &total));
    *ret_from = from;
    *ret_total_bytes = total;
    return OK;
}

static enum err read_head(const struct transfer *t, struct fetch_head *h)
{
    h->status = (int)status_of(t);
    h->total_bytes = -1;
    copy_header(t, "ETag", h->etag);
    copy_header(t, "Last-Modified", h->modified);
    copy_header(t, "Content-Type", h->type);
    char text[FETCH_FIELD_BYTES];
    copy_header(t, "Content-Encoding", text);
    if (text[0] && strcasecmp(text, "identity") != 0)
        return fail(ERR_UNSUPPORTED,
                    "the server sends it compressed though that was not asked "
                    "for");
    if (h->status == 206) {
        copy_header(t, "Content-Range", text);
        if (fetch_parse_content_range(str_of(text), &h->from,
                                      &h->total_bytes) != OK ||
            h->from != t->request->from)
            return fail(ERR_UNSUPPORTED,
                        "the server sends another part than was asked for");
        return OK;
    }
    curl_off_t length = -1;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    h->total_bytes = length;
    return OK;
}

static enum err begin(struct transfer *t)
{
    const struct fetch_request *q = t->request;
    t->has_begun = true;
    struct fetch_head head = {0};
    TRY(read_head(t, &head));
    if (head.total_bytes > q->most_bytes)
        return fail(ERR_TOO_LARGE, "it has %lld bytes, %lld are taken",
                    (long long)head.total_bytes, (long long)q->most_bytes);
    return q->head ? q->head(q->context, &head) : OK;
}

static enum err receive(struct transfer *t, const void *bytes, size_t len)
{
    const struct fetch_request *q = t->request;
    if (!t->has_begun)
        TRY(begin(t));
    t->body_bytes += (int64_t)len;
    if (t->body_bytes > q->most_bytes)
        return fail(ERR_TOO_LARGE, "it has more than %lld bytes",
                    (long long)q->most_bytes);
    return q->data(q->context, bytes, len);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t len = size * count;
    if (is_redirect(status_of(t)) && t->body_bytes < REDIRECT_BYTES_MAX) {
        // libcurl tells where to only once it was read to its end.
        t->body_bytes += (int64_t)len;
        return len;
    }
    if (!is_content(status_of(t)) || !t->request->data) {
        t->is_unread = true;
        return 0;
    }
    enum err e = receive(t, bytes, len);
    if (e == OK)
        return len;
    end_with(t, e);
    return 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    struct transfer *t = context;
    t->header_bytes += size * count;
    if (t->header_bytes <= HEADER_BYTES_MAX)
        return size * count;
    end_with(t, fail(ERR_TOO_LARGE, "its headers are too long"));
    return 0;
}

static int on_progress(void *context, curl_off_t down_all, curl_off_t down,
                       curl_off_t up_all, curl_off_t up)
{
    (void)down_all;
    (void)down;
    (void)up_all;
    (void)up;
    struct transfer *t = context;
    const struct fetch_request *q = t->request;
    if (!q->is_cancelled || !q->is_cancelled(q->context))
        return 0;
    end_with(t, fail(ERR_CONFLICT, "it was cancelled"));
    return 1;
}

// An option that this libcurl does not know would leave a hole: no transfer is
// begun then.
static enum err set(CURLcode code)
{
    if (code != CURLE_OK)
        return fail(ERR_IO, "libcurl: %s", curl_easy_strerror(code));
    return OK;
}
#define SET(option, value) TRY(set(curl_easy_setopt(t->easy, option, value)))

static enum err set_guards(struct transfer *t)
{
    // An empty proxy also means: not that of the environment (F25).
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    return OK;
}

static enum err set_limits(struct transfer *t, int64_t deadline_us)
{
    const struct fetch_request *q = t->request;
    int64_t left_ms = (deadline_us - clock_now_us()) / 1000;
    if (left_ms <= 0)
        return fail(ERR_TIMEOUT, "it took too long");
    SET(CURLOPT_TIMEOUT_MS, (long)left_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)min_i64(left_ms, CONNECT_MS));
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)LEAST_BYTES_PER_S);
    SET(CURLOPT_LOW_SPEED_TIME, (long)max_i64(q->stall_us / 1000000, 1));
    return OK;
}

static enum err set_functions(struct transfer *t)
{
    SET(CURLOPT_ERRORBUFFER, t->text);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    return OK;
}

static void add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (!longer)
        abort(); // no memory for a line
    *list = longer;
}

static enum err set_question(struct transfer *t)
{
    const struct fetch_request *q = t->request;
    SET(CURLOPT_USERAGENT, "reeld/" REELD_VERSION);
    add_line(&t->headers, "Accept: */*");
    for (const char *const *h = q->headers; h && *h; h++)
        add_line(&t->headers, *h);
    if (q->post) {
        SET(CURLOPT_POSTFIELDS, q->post);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->post_len);
        add_line(&t->headers, "Expect:"); // do not wait for a 100
    } else {
        add_line(&t->headers, "Accept-Encoding: identity");
    }
    if (q->from > 0) {
        char text[FETCH_FIELD_BYTES + 16];
        snprintf(text, sizeof(text), "Range: bytes=%lld-", (long long)q->from);
        add_line(&t->headers, text);
        snprintf(text, sizeof(text), "If-Range: %s", q->if_range);
        if (q->if_range && q->if_range[0])
            add_line(&t->headers, text);
    }
    SET(CURLOPT_HTTPHEADER, t->headers);
    return OK;
}

// With a resolver of the owner's libcurl is told what it said; the addresses
// are checked all the same where they are connected to.
static enum err set_addresses(struct transfer *t, CURLU *url)
{
    const struct fetcher *f = t->fetcher;
    if (!f->resolve)
        return OK;
    scoped(curl) char *host = url_part(url, CURLUPART_HOST, 0);
    scoped(curl) char *port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const char *addresses = f->resolve(f->resolve_context, host);
    if (!addresses)
        return OK;
    char line[RESOLVED_BYTES];
    snprintf(line, sizeof(line), "%s:%s:%s", host, port, addresses);
    add_line(&t->resolved, line);
    SET(CURLOPT_RESOLVE, t->resolved);
    return OK;
}

static enum err prepare(struct transfer *t, CURLU *url, int64_t deadline_us)
{
    t->easy = curl_easy_init();
    if (!t->easy)
        return fail(ERR_IO, "libcurl gives no handle");
    TRY(set_guards(t));
    TRY(set_limits(t, deadline_us));
    TRY(set_functions(t));
    TRY(set_question(t));
    TRY(set_addresses(t, url));
    SET(CURLOPT_CURLU, url);
    return OK;
}

// ---- how it went -----------------------------------------------------------

static enum err kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
        return ERR_BAD_INPUT;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    default:
        return ERR_BUSY; // that server's trouble, or the network's
    }
}

static enum err verdict(struct transfer *t, CURLcode code)
{
    if (t->failed != OK)
        return fail(t->failed, "%s", t->why);
    if (t->is_unread)
        return OK;
    if (code == CURLE_COULDNT_CONNECT && t->was_refused)
        return fail(ERR_BAD_INPUT, "the host has no public address");
    if (code != CURLE_OK)
        return fail(kind_of(code), "%s",
                    t->text[0] ? t->text : curl_easy_strerror(code));
    // An empty body has no first byte to begin with.
    if (is_content(status_of(t)) && t->request->data && !t->has_begun)
        return begin(t);
    return OK;
}

// Where the answer sends us; NULL: it is the last one.
static char *next_url(const struct transfer *t)
{
    char *url = NULL;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
    return url ? mem_text(url) : NULL;
}

static enum err run_one(const struct fetcher *f, const struct fetch_request *q,
                        const char *text, int64_t deadline_us, int *ret_status,
                        char **ret_next)
{
    scoped(curlu) CURLU *url = NULL;
    TRY(url_parse(f, str_of(text), &url));
    scoped(transfer) struct transfer t = {.fetcher = f, .request = q};
    TRY(prepare(&t, url, deadline_us));
    CURLcode code = curl_easy_perform(t.easy);
    *ret_status = (int)status_of(&t);
    TRY(verdict(&t, code));
    *ret_next = next_url(&t);
    return OK;
}

enum err fetch_run(const struct fetcher *f, const struct fetch_request *q,
                   int *ret_status)
{
    int64_t deadline_us = clock_now_us() + q->timeout_us;
    scoped(mem) char *url = mem_text(q->url);
    *ret_status = 0;
    for (int step = 0;; step++) {
        scoped(mem) char *next = NULL;
        TRY(run_one(f, q, url, deadline_us, ret_status, &next));
        if (!next || q->redirects == 0)
            return OK;
        if (step == q->redirects)
            return fail(ERR_BAD_INPUT, "it is redirected more than %d times",
                        q->redirects);
        free(url);
        url = take(next);
    }
}
