// SPDX-License-Identifier: MIT
// url.c - which URLs may be fetched at all.
//
// libcurl's own parser reads them, so that what is checked here is what it will
// do: it writes 127.0.0.1 for 2130706433, 0x7f.1 and 017700000001 alike.
#include <arpa/inet.h>
#include <string.h>

#include "fetcher.h"
#include "reeld/base/mem.h"

char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static enum err check_scheme(CURLU *url)
{
    scoped(curl) char *scheme = url_part(url, CURLUPART_SCHEME, 0);
    if (!scheme ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return fail(ERR_BAD_INPUT, "the URL must begin with http:// or "
                                   "https://");
    return OK;
}

static enum err check_credentials(CURLU *url)
{
    scoped(curl) char *user = url_part(url, CURLUPART_USER, 0);
    scoped(curl) char *password = url_part(url, CURLUPART_PASSWORD, 0);
    if (user || password)
        return fail(ERR_BAD_INPUT, "the URL must hold no name or password");
    return OK;
}

// Below 1024 live mail, shells and the like, which must not be talked to.
static enum err check_port(CURLU *url)
{
    scoped(curl) char *text = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int64_t port = 0;
    if (!text || str_to_int(str_of(text), 0, 65535, &port) != OK ||
        (port != 80 && port != 443 && port < 1024))
        return fail(ERR_BAD_INPUT, "the port must be 80, 443 or above 1023");
    return OK;
}

static bool read_address(const char *host, struct in6_addr *ret)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        *ret = network_map_v4(v4);
        return true;
    }
    char inner[INET6_ADDRSTRLEN];
    size_t len = strlen(host);
    if (len < 2 || host[0] != '[' || host[len - 1] != ']')
        return false;
    str_copy(inner, sizeof(inner), (struct str){host + 1, len - 2});
    return inet_pton(AF_INET6, inner, ret) == 1;
}

// A name says nothing yet: it is looked up when it is used, and may then have
// other addresses than now.
static enum err check_host(const struct fetcher *f, CURLU *url)
{
    scoped(curl) char *host = url_part(url, CURLUPART_HOST, 0);
    if (!host || !host[0])
        return fail(ERR_BAD_INPUT, "the URL must name a host");
    scoped(curl) char *zone = url_part(url, CURLUPART_ZONEID, 0);
    if (zone)
        return fail(ERR_BAD_INPUT, "the URL must not name a network interface");
    struct in6_addr address;
    if (read_address(host, &address) && !network_is_public(&address) &&
        !network_is_in(&address, f->allowed, f->allowed_count))
        return fail(ERR_BAD_INPUT, "%s is not a public address", host);
    return OK;
}

enum err url_parse(const struct fetcher *f, struct str text, CURLU **ret)
{
    if (text.len >= FETCH_URL_BYTES)
        return fail(ERR_BAD_INPUT, "a URL may have %d bytes at most",
                    FETCH_URL_BYTES - 1);
    if (!str_is_printable(text))
        return fail(ERR_BAD_INPUT, "the URL holds characters that none may");
    scoped(mem) char *terminated = str_dup(text);
    scoped(curlu) CURLU *url = curl_url();
    if (!url)
        abort(); // no memory for a few bytes
    CURLUcode code =
        curl_url_set(url, CURLUPART_URL, terminated, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return fail(ERR_BAD_INPUT, "this is no URL: %s",
                    curl_url_strerror(code));
    TRY(check_scheme(url));
    TRY(check_credentials(url));
    TRY(check_port(url));
    TRY(check_host(f, url));
    *ret = take(url);
    return OK;
}

enum err fetch_check_url(const struct fetcher *f, struct str url)
{
    scoped(curlu) CURLU *parsed = NULL;
    return url_parse(f, url, &parsed);
}

void fetch_url_filename(struct str url, char *to, size_t to_bytes)
{
    to[0] = '\0';
    scoped(curlu) CURLU *parsed = curl_url();
    scoped(mem) char *terminated = str_dup(url);
    if (!parsed || curl_url_set(parsed, CURLUPART_URL, terminated,
                                CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return;
    scoped(curl) char *path = url_part(parsed, CURLUPART_PATH, CURLU_URLDECODE);
    if (!path)
        return;
    struct str last = str_of(path);
    for (const char *c = path; *c; c++)
        if (*c == '/' || *c == '\\')
            last = str_of(c + 1);
    if (str_is_printable(last))
        str_copy(to, to_bytes, last);
}
