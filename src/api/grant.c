// SPDX-License-Identifier: MIT
// grant.c - writes and checks grants; pure.
#include "reeld/api/grant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void grant_keys_rotate(struct grant_keys *k, int64_t now_s, int64_t life_max_s)
{
    struct grant_key fresh = {.kid = 1, .born_s = now_s};
    if (k->count > 0) {
        fresh.kid = k->key[0].kid % GRANT_KID_MAX + 1;
        k->key[1] = k->key[0];
        k->key[1].until_s = now_s + life_max_s;
    }
    random_bytes(fresh.key, sizeof(fresh.key));
    k->key[0] = fresh;
    k->count = k->count > 0 ? GRANT_KEYS_MAX : 1;
}

static enum err parse_number(struct str text, int64_t most, int64_t *ret)
{
    if (text.len > 1 && text.ptr[0] == '0')
        return fail(ERR_BAD_INPUT, "a number with a leading zero");
    return str_to_int(text, 0, most, ret);
}

enum err grant_parse(struct str text, struct grant *ret)
{
    if (text.len >= GRANT_TEXT_BYTES)
        return fail(ERR_BAD_INPUT, "a grant is not that long");
    struct str rest = text;
    int64_t kid = 0;
    TRY(parse_number(str_cut(&rest, '.'), GRANT_KID_MAX, &kid));
    struct grant grant = {.kid = (uint32_t)kid};
    TRY(parse_number(str_cut(&rest, '.'), GRANT_EXP_MAX, &grant.exp_s));
    size_t len = 0;
    TRY(base64url_decode(rest, grant.mac.bytes, sizeof(grant.mac.bytes), &len));
    if (len != HASH_BYTES)
        return fail(ERR_BAD_INPUT, "a mac is 32 bytes");
    *ret = grant;
    return OK;
}

static struct digest sign(const struct grant_key *key, const struct id *id,
                          int64_t epoch, int64_t exp_s)
{
    char text[160];
    int len = snprintf(text, sizeof(text),
                       "reeld-grant-1\n%" PRIu32 "\n%" PRId64 "\n%s\n%" PRId64,
                       key->kid, exp_s, id->text, epoch);
    return hmac_of(key->key, text, (size_t)len);
}

void grant_write(const struct grant_keys *k, const struct id *id, int64_t epoch,
                 int64_t exp_s, char text[static GRANT_TEXT_BYTES])
{
    struct digest mac = sign(&k->key[0], id, epoch, exp_s);
    char spelled[HASH_BASE64URL_BYTES];
    base64url(mac.bytes, sizeof(mac.bytes), spelled);
    snprintf(text, GRANT_TEXT_BYTES, "%" PRIu32 ".%" PRId64 ".%s",
             k->key[0].kid, exp_s, spelled);
}

// A kid that does not exist is checked against the first key all the same, so
// that the time taken tells nothing.
enum err grant_check(const struct grant_keys *k, struct str text,
                     const struct id *id, int64_t epoch, int64_t now_s,
                     int64_t *ret_exp_s)
{
    struct grant grant = {0};
    TRY(grant_parse(text, &grant));
    const struct grant_key *key = NULL;
    for (uint32_t i = 0; i < k->count && !key; i++)
        if (k->key[i].kid == grant.kid)
            key = &k->key[i];
    bool is_live = key && (key->until_s == 0 || now_s < key->until_s);
    struct digest mac = sign(key ? key : &k->key[0], id, epoch, grant.exp_s);
    bool is_ours = secret_eq(mac.bytes, grant.mac.bytes, HASH_BYTES);
    if (!is_live || !is_ours || grant.exp_s <= now_s)
        return fail(ERR_BAD_INPUT, "not a live grant of %s", id->text);
    *ret_exp_s = grant.exp_s;
    return OK;
}
