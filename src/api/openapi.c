// SPDX-License-Identifier: MIT
// openapi.c - serves src/api/openapi.json, which is part of the program.
#include "reeld/api/routes.h"
#include "room.h"

#include <stdio.h>

// Made by the Makefile: the file's bytes as numbers.
static const unsigned char document[] = {
#include "openapi.h"
};

struct str openapi_document(void)
{
    return (struct str){(const char *)document, sizeof(document)};
}

void openapi_get(struct http_request *r)
{
    struct str text = openapi_document();
    struct digest digest = hash_of(text.ptr, text.len);
    char hex[HASH_HEX_BYTES];
    digest_hex(&digest, hex);
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    struct json_out j = reply_json(&p, 200);
    buf_str(j.to, text);
    snprintf(p.etag, sizeof(p.etag), "\"%.32s\"", hex);
    p.cache = "public, no-cache";
    reply_send(r, &p);
}
