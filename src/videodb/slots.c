// SPDX-License-Identifier: MIT
// slots.c - one-time upload addresses.
#include "reeld/videodb/slots.h"

#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/hash.h"

static const char below[] = "/videodb/upload/";

bool slots_token(struct str url, const char *origin, struct str *ret)
{
    struct str rest = url;
    if (!str_starts(rest, str_of(origin)))
        return false;
    rest = str_skip(rest, strlen(origin));
    if (!str_starts(rest, str_of(below)))
        return false;
    *ret = str_skip(rest, sizeof(below) - 1);
    return true;
}

void slots_write_url(const char *token, const char *origin, struct buf *to)
{
    buf_printf(to, "%s%s%s", origin, below, token);
}

enum err slots_open(struct catalog *c, const struct id *key, int64_t life_us,
                    int64_t most, char token[static SLOT_TOKEN_BYTES])
{
    uint8_t secret[16];
    char text[SLOT_TOKEN_BYTES];
    random_bytes(secret, sizeof(secret));
    base64url(secret, sizeof(secret), text);
    struct digest hash = hash_of(text, sizeof(text) - 1);
    TRY(catalog_open_parcel(c, &hash, key, clock_wall_us() + life_us, most));
    memcpy(token, text, sizeof(text));
    return OK;
}

enum err slots_find(struct catalog *c, struct str token,
                    struct digest *ret_hash, struct parcel_fact *ret)
{
    enum err e = ERR_NOT_FOUND;
    struct digest hash = hash_of(token.ptr, token.len);
    if (token.len == SLOT_TOKEN_BYTES - 1)
        e = catalog_parcel(c, &hash, ret);
    if (e == ERR_NOT_FOUND)
        return fail(e, "This upload address is not known, or not any more: ask "
                       "for another one.");
    *ret_hash = hash;
    return e;
}

enum err slots_find_held(struct catalog *c, struct str token,
                         struct digest *ret_hash, struct parcel_fact *ret)
{
    struct parcel_fact found;
    TRY(slots_find(c, token, ret_hash, &found));
    if (!found.is_held)
        return fail(ERR_CONFLICT, "Nothing has been uploaded to this address.");
    *ret = found;
    return OK;
}
