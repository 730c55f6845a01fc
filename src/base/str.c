// SPDX-License-Identifier: MIT
// str.c - borrowed text: comparing, cutting, reading numbers, checking UTF-8.
#include "reeld/base/str.h"

#include <string.h>

#include "reeld/base/math.h"
#include "reeld/base/mem.h"

struct str str_of(const char *text)
{
    if (!text)
        return (struct str){NULL, 0};
    return (struct str){text, strlen(text)};
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len &&
           str_eq((struct str){s.ptr, prefix.len}, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           str_eq(str_skip(s, s.len - suffix.len), suffix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_skip(struct str s, size_t bytes)
{
    if (bytes == 0)
        return s;
    if (bytes > s.len)
        bytes = s.len;
    return (struct str){s.len ? s.ptr + bytes : s.ptr, s.len - bytes};
}

struct str str_cut(struct str *rest, char separator)
{
    struct str whole = *rest;
    const char *at = whole.len ? memchr(whole.ptr, separator, whole.len) : NULL;
    if (!at) {
        *rest = (struct str){NULL, 0};
        return whole;
    }
    size_t before = (size_t)(at - whole.ptr);
    *rest = (struct str){at + 1, whole.len - before - 1};
    return (struct str){whole.ptr, before};
}

char *str_dup(struct str s)
{
    char *copy = mem_new(s.len + 1, 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

void str_copy(char *to, size_t to_bytes, struct str s)
{
    if (to_bytes == 0)
        return;
    size_t len = s.len;
    if (len > to_bytes - 1) {
        len = to_bytes - 1;
        // The first byte that is left out must not continue a character.
        while (len > 0 && ((uint8_t)s.ptr[len] & 0xC0) == 0x80)
            len--;
    }
    if (len > 0)
        memcpy(to, s.ptr, len);
    to[len] = '\0';
}

enum err str_to_int(struct str s, int64_t least, int64_t most, int64_t *ret)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-' && least < 0;
    struct str digits = is_negative ? str_skip(s, 1) : s;
    if (digits.len == 0)
        return fail(ERR_BAD_INPUT, "not a number");
    int64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        if (c < '0' || c > '9')
            return fail(ERR_BAD_INPUT, "not a number");
        // Counted down for negative numbers, so that INT64_MIN fits.
        int digit = is_negative ? '0' - c : c - '0';
        if (mul_overflows(value, 10, &value) ||
            add_overflows(value, digit, &value))
            return fail(ERR_BAD_INPUT, "the number is out of range");
    }
    if (value < least || value > most)
        return fail(ERR_BAD_INPUT, "the number is out of range");
    *ret = value;
    return OK;
}

// Reads one character at `s` (not empty): its bytes, or 0 if it is malformed.
// RFC 3629 section 4 lists the forms.
static size_t utf8_next(struct str s, uint32_t *ret)
{
    uint8_t first = (uint8_t)s.ptr[0];
    size_t len = first < 0x80             ? 1
                 : (first & 0xE0) == 0xC0 ? 2
                 : (first & 0xF0) == 0xE0 ? 3
                 : (first & 0xF8) == 0xF0 ? 4
                                          : 0;
    if (len == 0 || len > s.len)
        return 0;
    uint32_t point = len == 1 ? first : first & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        uint8_t byte = (uint8_t)s.ptr[i];
        if ((byte & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (byte & 0x3Fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[len] || point > 0x10FFFF ||
        (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    *ret = point;
    return len;
}

bool str_is_utf8(struct str s)
{
    while (s.len > 0) {
        uint32_t point = 0;
        size_t len = utf8_next(s, &point);
        if (len == 0 || point == 0)
            return false;
        s = str_skip(s, len);
    }
    return true;
}

bool str_is_printable(struct str s)
{
    while (s.len > 0) {
        uint32_t point = 0;
        size_t len = utf8_next(s, &point);
        if (len == 0 || point < 0x20 || (point >= 0x7F && point <= 0x9F))
            return false;
        s = str_skip(s, len);
    }
    return true;
}
