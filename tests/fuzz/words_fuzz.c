// SPDX-License-Identifier: MIT
// words_fuzz.c - the small languages of settings and requests: the first byte
// says which.
//
//   0  a URL to pull from      1  networks      2  rungs of the ladder
//   3  scopes of a key         4  Content-Digest
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/api.h"
#include "reeld/api/forms.h"
#include "reeld/base/mem.h"
#include "reeld/fetch.h"
#include "reeld/model/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is let through names a scheme that we speak, no credentials, and where
// it is an address, not one of our own.
static void check_url(struct str text)
{
    static struct fetcher *fetcher;
    static const struct fetch_options o = {.allow = ""};
    if (!fetcher && fetch_new(&o, &fetcher) != OK)
        abort();
    char name[64] = "";
    fetch_url_filename(text, name, sizeof name);
    assert(str_is_printable(str_of(name)) && !strchr(name, '/'));
    if (fetch_check_url(fetcher, text) != OK) {
        assert(strlen(fail_text()) > 0);
        return;
    }
    assert(text.len < FETCH_URL_BYTES);
    static const char *const own[] = {"127.0.0.1", "[::1]", "localhost:22",
                                      "10.0.0.1", "169.254.169.254"};
    if (!str_starts(text, STR("http://")))
        return; // libcurl takes one slash, or three, for two
    struct str host = str_skip(text, 7);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        size_t len = strlen(own[i]);
        bool is_whole =
            host.len == len || (host.len > len && host.ptr[len] == '/');
        assert(!is_whole || !str_starts(host, str_of(own[i])));
    }
}

// What is allowed is never more than the list says; loopback is not in it
// unless it was named.
static void check_networks(struct str text)
{
    scoped(mem) char *allow = str_dup(text);
    scoped(fetcher) struct fetcher *f = NULL;
    const struct fetch_options o = {.allow = allow};
    if (strlen(allow) != text.len || fetch_new(&o, &f) != OK)
        return;
    struct sockaddr_in public = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(0x08080808)};
    assert(fetch_may_reach(f, (const struct sockaddr *)&public));
    struct sockaddr_in loopback = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(0x7f000001)};
    assert(memchr(text.ptr, '/', text.len) || text.len > 0 ||
           !fetch_may_reach(f, (const struct sockaddr *)&loopback));
}

static void check_rungs(struct str text)
{
    struct ladder_wish wish = {0};
    if (ladder_parse_rungs(text, &wish) != OK)
        return;
    assert(wish.rungs > 0 && wish.rungs <= RUNGS_MAX);
    for (uint32_t i = 0; i < wish.rungs; i++) {
        assert(wish.rung[i].short_side >= 16 &&
               wish.rung[i].short_side <= 4320 && wish.rung[i].cap_bps > 0);
        assert(i == 0 || wish.rung[i].short_side < wish.rung[i - 1].short_side);
    }
}

static void check_scopes(struct str text)
{
    unsigned scopes = 0;
    if (api_parse_scopes(text, &scopes) == OK)
        assert(scopes > 0 && scopes <= 7);
}

static void check_digest(struct str text)
{
    struct digest digest;
    if (content_digest_parse(text, &digest) == OK)
        assert(memmem(text.ptr, text.len, "sha-256", 7));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct str text) = {
        check_url, check_networks, check_rungs, check_scopes, check_digest,
    };
    if (size == 0)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    checks[data[0] % (sizeof checks / sizeof *checks)](text);
    return 0;
}
