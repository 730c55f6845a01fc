// SPDX-License-Identifier: MIT
// base64.c - text forms of bytes: hexadecimal, base64url, base64 (hash.h).
#include <string.h>

#include "reeld/base/hash.h"

static const char hex_digits[] = "0123456789abcdef";

void digest_hex(const struct digest *d, char text[static HASH_HEX_BYTES])
{
    for (size_t i = 0; i < HASH_BYTES; i++) {
        text[2 * i] = hex_digits[d->bytes[i] >> 4];
        text[2 * i + 1] = hex_digits[d->bytes[i] & 15];
    }
    text[HASH_HEX_BYTES - 1] = '\0';
}

// Lower case only: one spelling a value.
static int hex_value(char c)
{
    const char *at = memchr(hex_digits, c, sizeof(hex_digits) - 1);
    return at ? (int)(at - hex_digits) : -1;
}

enum err digest_from_hex(struct str text, struct digest *ret)
{
    if (text.len != HASH_HEX_BYTES - 1)
        return fail(ERR_BAD_INPUT, "not 64 hexadecimal digits");
    struct digest d;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        int high = hex_value(text.ptr[2 * i]);
        int low = hex_value(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return fail(ERR_BAD_INPUT, "not 64 hexadecimal digits");
        d.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret = d;
    return OK;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char url_alphabet[] = LETTERS "-_";
static const char plain_alphabet[] = LETTERS "+/";

// Without padding; returns the end.
static char *encode(const char *alphabet, const void *bytes, size_t len,
                    char *to)
{
    const uint8_t *from = bytes;
    uint32_t held = 0; // bits read and not written yet, in the low `count`
    int count = 0;
    for (size_t i = 0; i < len; i++) {
        held = held << 8 | from[i];
        for (count += 8; count >= 6; count -= 6)
            *to++ = alphabet[held >> (count - 6) & 63];
    }
    if (count > 0)
        *to++ = alphabet[held << (6 - count) & 63];
    *to = '\0';
    return to;
}

void base64url(const void *bytes, size_t len, char *to)
{
    encode(url_alphabet, bytes, len, to);
}

void base64(const void *bytes, size_t len, char *to)
{
    char *end = encode(plain_alphabet, bytes, len, to);
    while ((end - to) % 4 != 0)
        *end++ = '=';
    *end = '\0';
}

static enum err decode(struct str text, const char *alphabet, void *to,
                       size_t to_bytes, size_t *ret_len)
{
    if (text.len % 4 == 1)
        return fail(ERR_BAD_INPUT, "base64 of an impossible length");
    if (text.len / 4 * 3 + text.len % 4 * 3 / 4 > to_bytes)
        return fail(ERR_BAD_INPUT, "base64 of more than %zu bytes", to_bytes);
    uint8_t *out = to;
    size_t len = 0;
    uint32_t held = 0;
    int count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = memchr(alphabet, text.ptr[i], 64);
        if (!at)
            return fail(ERR_BAD_INPUT, "a character that is not base64");
        held = held << 6 | (uint32_t)(at - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[len++] = (uint8_t)(held >> count);
        }
    }
    if (held & ((1u << count) - 1))
        return fail(ERR_BAD_INPUT, "base64 with stray bits at the end");
    *ret_len = len;
    return OK;
}

enum err base64url_decode(struct str text, void *to, size_t to_bytes,
                          size_t *ret_len)
{
    return decode(text, url_alphabet, to, to_bytes, ret_len);
}

enum err base64_decode(struct str text, void *to, size_t to_bytes,
                       size_t *ret_len)
{
    if (text.len % 4 != 0)
        return fail(ERR_BAD_INPUT, "base64 without its padding");
    for (int pads = 0; pads < 2 && str_ends(text, STR("=")); pads++)
        text.len--;
    return decode(text, plain_alphabet, to, to_bytes, ret_len);
}
