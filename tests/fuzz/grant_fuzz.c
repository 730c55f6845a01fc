// SPDX-License-Identifier: MIT
// grant_fuzz.c - grants and keys out of paths and headers: what is read is
// written the same, and nothing that we did not sign passes.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "reeld/api/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct grant grant;
    if (grant_parse(text, &grant) != OK)
        return 0;
    char mac[HASH_BASE64URL_BYTES], again[GRANT_TEXT_BYTES];
    base64url(grant.mac.bytes, HASH_BYTES, mac);
    int len = snprintf(again, sizeof(again), "%u.%lld.%s", grant.kid,
                       (long long)grant.exp_s, mac);
    assert(len > 0 && str_eq(text, str_of(again)));
    struct grant_keys keys = {.count = 1};
    memset(keys.key[0].key, 0x5a, HASH_BYTES);
    keys.key[0].kid = grant.kid;
    struct id id;
    int64_t exp_s = 0;
    if (id_parse(STR("m-01jd8zk3v5x2n9q4t7w0y1b6ce"), &id) == OK)
        assert(grant_check(&keys, text, &id, 0, 0, &exp_s) != OK);
    return 0;
}
