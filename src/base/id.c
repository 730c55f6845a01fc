// SPDX-License-Identifier: MIT
// id.c - names of things: writing and reading their text.
#include "reeld/base/id.h"

#include <assert.h>
#include <string.h>

#include "reeld/base/clock.h"
#include "reeld/base/hash.h"

enum { UUID_BYTES = 16, BITS_A_CHARACTER = 5 };

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

// Writes the first 130 bits of `bits` behind the prefix.
static struct id id_write(const char *prefix, const uint8_t *bits)
{
    struct id id = {{0}};
    size_t len = strlen(prefix);
    assert(len + 1 + ID_BODY_LEN < ID_TEXT_BYTES);
    memcpy(id.text, prefix, len);
    id.text[len++] = '-';
    unsigned held = 0; // bits read and not written yet, in the low `count`
    int count = 0;
    for (int i = 0; i < ID_BODY_LEN; i++) {
        if (count < BITS_A_CHARACTER) {
            held = held << 8 | *bits++;
            count += 8;
        }
        count -= BITS_A_CHARACTER;
        id.text[len++] = alphabet[held >> count & 31u];
    }
    return id;
}

struct id id_new(const char *prefix)
{
    // RFC 9562 section 5.7: 48 bits of milliseconds, version, random bits.
    uint8_t uuid[UUID_BYTES];
    random_bytes(uuid, sizeof(uuid));
    uint64_t now_ms = (uint64_t)(clock_wall_us() / 1000);
    for (int i = 0; i < 6; i++)
        uuid[i] = (uint8_t)(now_ms >> (8 * (5 - i)));
    uuid[6] = (uint8_t)(0x70 | (uuid[6] & 0x0F));
    uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3F));

    // 128 bits fill 26 characters from the right: two zero bits go in front.
    uint8_t shifted[UUID_BYTES + 1];
    shifted[0] = uuid[0] >> 2;
    for (int i = 1; i < UUID_BYTES; i++)
        shifted[i] = (uint8_t)(uuid[i - 1] << 6 | uuid[i] >> 2);
    shifted[UUID_BYTES] = (uint8_t)(uuid[UUID_BYTES - 1] << 6);
    return id_write(prefix, shifted);
}

struct id id_from_hash(const char *prefix, const uint8_t *hash)
{
    return id_write(prefix, hash);
}

static bool is_known_prefix(struct str prefix)
{
    static const char *const prefixes[] = {"m", "a", "img", "w", "s",
                                           "c", "j", "k",   "u"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
        if (str_eq(prefix, str_of(prefixes[i])))
            return true;
    return false;
}

enum err id_parse(struct str text, struct id *ret)
{
    struct str body = text;
    struct str prefix = str_cut(&body, '-');
    if (!is_known_prefix(prefix) || body.len != ID_BODY_LEN)
        return fail(ERR_BAD_INPUT, "not an id");
    for (size_t i = 0; i < body.len; i++)
        if (!memchr(alphabet, body.ptr[i], sizeof(alphabet) - 1))
            return fail(ERR_BAD_INPUT, "not an id");
    struct id id = {{0}};
    memcpy(id.text, text.ptr, text.len);
    *ret = id;
    return OK;
}

bool id_has_prefix(const struct id *id, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(id->text, prefix, len) == 0 && id->text[len] == '-';
}

bool id_eq(const struct id *a, const struct id *b)
{
    return strcmp(a->text, b->text) == 0;
}
