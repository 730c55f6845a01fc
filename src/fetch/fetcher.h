// SPDX-License-Identifier: MIT
// fetcher.h - what the files of this room share.
#pragma once

#include <curl/curl.h>

#include "networks.h"
#include "reeld/base/scoped.h"
#include "reeld/fetch.h"

struct fetcher {
    struct network *allowed;
    size_t allowed_count;
    const char *(*resolve)(void *context, const char *host);
    void *resolve_context;
};

// url.c: parsed once, checked, and given to libcurl as it was checked.
// ERR_BAD_INPUT.
must_check enum err url_parse(const struct fetcher *f, struct str text,
                              CURLU **ret);
DEFINE_SCOPED(curlu, CURLU *, curl_url_cleanup)

// A part of a URL; released with curl_free(). NULL: it is not there.
char *url_part(CURLU *url, CURLUPart part, unsigned flags);
static inline void scoped_release_curl(void *held)
{
    curl_free(*(void **)held);
}
