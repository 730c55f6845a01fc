// SPDX-License-Identifier: MIT
// text_fuzz.c - the small readers of base: numbers, ids, base64, UTF-8.
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/log.h"
#include "reeld/base/str.h"

enum { DECODED_BYTES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_number(struct str text)
{
    int64_t value = 0;
    if (str_to_int(text, INT64_MIN, INT64_MAX, &value) != OK)
        return;
    char again[32];
    int len = snprintf(again, sizeof(again), "%lld", (long long)value);
    // The same digits, but for zeros in front.
    assert(len > 0 && str_ends(text, str_of(value < 0 ? again + 1 : again)));
}

static void check_id(struct str text)
{
    struct id id;
    if (id_parse(text, &id) != OK)
        return;
    assert(str_eq(text, str_of(id.text)));
    assert(!strchr(id.text, '/') && !strchr(id.text, '.'));
}

// One spelling a value: what can be read is written the same.
static void check_base64(struct str text)
{
    uint8_t bytes[DECODED_BYTES];
    size_t len = 0;
    if (base64url_decode(text, bytes, sizeof(bytes), &len) == OK) {
        char again[DECODED_BYTES * 2];
        base64url(bytes, len, again);
        assert(str_eq(text, str_of(again)));
    }
    if (base64_decode(text, bytes, sizeof(bytes), &len) == OK)
        assert(len <= sizeof(bytes) && text.len == (len + 2) / 3 * 4);
    struct digest digest;
    if (digest_from_hex(text, &digest) == OK) {
        char again[HASH_HEX_BYTES];
        digest_hex(&digest, again);
        assert(str_eq(text, str_of(again)));
    }
}

static void check_text(struct str text)
{
    char copy[16];
    str_copy(copy, sizeof(copy), text);
    if (str_is_utf8(text))
        assert(str_is_utf8(str_of(copy)));
    if (str_is_printable(text))
        assert(str_is_utf8(text));
    char quoted[LOG_QUOTED_BYTES];
    log_quote(text, quoted);
    for (const char *c = quoted; *c; c++)
        assert((uint8_t)*c >= 0x20 && *c != 0x7F);
    size_t fields = 0;
    size_t bytes = 0;
    struct str rest = text;
    while (rest.ptr) {
        bytes += str_cut(&rest, ',').len;
        fields++;
    }
    assert(text.ptr == NULL || bytes + fields - 1 == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    check_number(text);
    check_id(text);
    check_base64(text);
    check_text(text);
    return 0;
}
