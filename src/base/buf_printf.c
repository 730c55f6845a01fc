// SPDX-License-Identifier: MIT
// buf_printf.c - text by a format.
//
// A manifest is thousands of short texts and whole numbers, for each of which
// vsnprintf() sets up a stream first. Texts and decimals are written here; from
// the first directive on that is anything else, vsnprintf() does the rest.
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/buf.h"
#include "reeld/base/mem.h"
#include "reeld/base/number.h"

static_assert(sizeof(long) == 8 && sizeof(size_t) == 8, "what l and z are");

// %s %.*s %d %u, %ld %lu %zu, and numbers with up to nine digits like %06ld.
struct directive {
    char kind; // its last letter
    bool has_length, is_long;
    int digits; // zeros come first until there are so many
};

// `at` is behind a '%'. What is behind the directive; NULL: not one of ours.
static const char *read_directive(const char *at, struct directive *ret)
{
    *ret = (struct directive){0};
    if (at[0] == '.' && at[1] == '*') {
        ret->has_length = true;
        at += 2;
    } else if (at[0] == '0' && at[1] >= '1' && at[1] <= '9') {
        ret->digits = at[1] - '0';
        at += 2;
    }
    if (*at == 'l' || *at == 'z') {
        ret->is_long = true;
        at++;
    }
    ret->kind = *at;
    bool is_text = ret->kind == 's' && !ret->is_long && ret->digits == 0;
    bool is_number = (ret->kind == 'd' || ret->kind == 'u') && !ret->has_length;
    return is_text || is_number ? at + 1 : NULL;
}

static void put_number(struct buf *b, bool is_negative, uint64_t value,
                       int digits)
{
    char text[NUMBER_DIGITS_MAX + 1];
    char *end = text + sizeof text;
    int least = digits - is_negative; // the sign is one of them
    char *at = number_put(end, value, least > 1 ? least : 1);
    if (is_negative)
        *--at = '-';
    buf_add(b, at, (size_t)(end - at));
}

// Below 0 `most` is no limit; at 0 there need be no text, as of an empty str.
static void put_text(struct buf *b, const char *text, int most)
{
    if (most < 0)
        buf_text(b, text);
    else if (most > 0)
        buf_add(b, text, strnlen(text, (size_t)most));
}

static void put(struct buf *b, const struct directive *d, va_list *arguments)
{
    if (d->kind == 's') {
        int most = d->has_length ? va_arg(*arguments, int) : -1;
        put_text(b, va_arg(*arguments, const char *), most);
    } else if (d->kind == 'd') {
        int64_t v =
            d->is_long ? va_arg(*arguments, long) : va_arg(*arguments, int);
        put_number(b, v < 0, v < 0 ? -(uint64_t)v : (uint64_t)v, d->digits);
    } else {
        uint64_t v = d->is_long ? va_arg(*arguments, unsigned long)
                                : va_arg(*arguments, unsigned);
        put_number(b, false, v, d->digits);
    }
}

__attribute__((format(printf, 2, 0))) static void put_by_stdio(
    struct buf *b, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    assert(len >= 0);
    scoped(mem) char *text = mem_new(1, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    buf_add(b, text, (size_t)len);
}

__attribute__((format(printf, 2, 0))) static void print(struct buf *b,
                                                        const char *format,
                                                        va_list *arguments)
{
    for (const char *at = format;;) {
        const char *percent = strchrnul(at, '%');
        buf_add(b, at, (size_t)(percent - at));
        if (!*percent)
            return;
        struct directive d;
        at = read_directive(percent + 1, &d);
        if (!at) {
// The rest of a format that was checked as a whole.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            put_by_stdio(b, percent, *arguments);
#pragma GCC diagnostic pop
            return;
        }
        put(b, &d, arguments);
    }
}

void buf_printf(struct buf *b, const char *format, ...)
{
    size_t len = b->len;
    va_list arguments;
    va_start(arguments, format);
    print(b, format, &arguments);
    va_end(arguments);
    // What does not fit is not there at all.
    if (b->len > len && b->is_over) {
        b->len = len;
        b->bytes[len] = '\0';
    }
}
