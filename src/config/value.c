// SPDX-License-Identifier: MIT
// value.c - reads the values of settings, type by type.
#include "value.h"

#include <stdlib.h>

#include "reeld/base/math.h"
#include "reeld/config.h"

#define OFFSET_NUMBER(name)    offsetof(struct settings, name)
#define OFFSET_BYTES(name)     offsetof(struct settings, name##_bytes)
#define OFFSET_DURATION(name)  offsetof(struct settings, name##_us)
#define OFFSET_SWITCH(name)    offsetof(struct settings, name)
#define OFFSET_TEXT(name)      offsetof(struct settings, name)
#define OFFSET_CHOICE(name)    offsetof(struct settings, name)
#define OFFSET_WORD(name)      offsetof(struct settings, name)
#define OFFSET_DURATIONS(name) offsetof(struct settings, name##_us)
#define OFFSET_RATES(name)     offsetof(struct settings, name##_bps)
#define HEADING(text)
#define SETTING(type, name, fallback, least, most, unit, meaning)              \
    {TYPE_##type, #name, fallback, least,                                      \
     most,        unit,  meaning,  OFFSET_##type(name)},
const struct setting setting_table[SETTINGS] = {
#include "settings.def"
};

struct suffix {
    const char *text;
    int64_t factor;
};

static const struct suffix no_suffixes[] = {
    {"",   1},
    {NULL, 0}
};
static const struct suffix byte_suffixes[] = {
    {"",    1               },
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
    {NULL,  0               },
};
static const struct suffix duration_suffixes[] = {
    {"ms", 1000                    },
    {"s",  1000000                 },
    {"m",  INT64_C(60) * 1000000   },
    {"h",  INT64_C(3600) * 1000000 },
    {"d",  INT64_C(86400) * 1000000},
    {NULL, 0                       },
};
static const struct suffix rate_suffixes[] = {
    {"",   1      },
    {"k",  1000   },
    {"M",  1000000},
    {NULL, 0      }
};

// "20GiB": digits, then a suffix out of the table.
static bool parse_quantity(struct str text, const struct suffix *suffixes,
                           int64_t *ret)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' &&
           text.ptr[digits] <= '9')
        digits++;
    int64_t number = 0;
    struct str head = {text.ptr, digits};
    if (str_to_int(head, 0, INT64_MAX, &number) != OK)
        return false;
    struct str tail = str_skip(text, digits);
    for (const struct suffix *s = suffixes; s->text; s++)
        if (str_eq(tail, str_of(s->text)))
            return !mul_overflows(number, s->factor, ret);
    return false;
}

static const struct suffix *suffixes_of(enum setting_type type)
{
    switch (type) {
    case TYPE_BYTES:
        return byte_suffixes;
    case TYPE_DURATION:
    case TYPE_DURATIONS:
        return duration_suffixes;
    case TYPE_RATES:
        return rate_suffixes;
    case TYPE_NUMBER:
    case TYPE_SWITCH:
    case TYPE_TEXT:
    case TYPE_CHOICE:
    case TYPE_WORD:
        break;
    }
    return no_suffixes;
}

// A bound out of settings.def: a bad one is a slip in the program.
static int64_t bound(const char *text, const struct suffix *suffixes)
{
    int64_t value = 0;
    if (!parse_quantity(str_of(text), suffixes, &value))
        abort();
    return value;
}

static bool parse_bounded(const struct setting *s, struct str text,
                          int64_t *ret)
{
    const struct suffix *suffixes = suffixes_of(s->type);
    int64_t value = 0;
    if (!parse_quantity(text, suffixes, &value) ||
        value < bound(s->least, suffixes) || value > bound(s->most, suffixes))
        return false;
    *ret = value;
    return true;
}

// Where `word` stands among the words of `list`, or -1.
static int place_in(const char *list, struct str word)
{
    struct str rest = str_of(list);
    for (int place = 0; rest.ptr; place++)
        if (str_eq(str_cut(&rest, ' '), word))
            return place;
    return -1;
}

static bool parse_list(const struct setting *s, struct str text,
                       struct settings_list *ret)
{
    struct settings_list list = {0};
    uint32_t most = (uint32_t)bound(s->unit, no_suffixes);
    struct str rest = text;
    while (rest.ptr) {
        struct str word = str_cut(&rest, ' ');
        if (word.len == 0)
            continue; // several blanks in a row, or an empty list
        if (list.count == most ||
            !parse_bounded(s, word, &list.item[list.count]))
            return false;
        list.count++;
    }
    if (list.count == 0 && s->type == TYPE_RATES)
        return false;
    *ret = list;
    return true;
}

static bool parse_switch(struct str text, bool *ret)
{
    if (!str_eq(text, STR("on")) && !str_eq(text, STR("off")))
        return false;
    *ret = str_eq(text, STR("on"));
    return true;
}

static bool is_text_allowed(const struct setting *s, struct str text)
{
    int64_t len = (int64_t)text.len;
    return len >= bound(s->least, no_suffixes) &&
           len <= bound(s->most, no_suffixes) && str_is_printable(text);
}

bool value_parse(const struct setting *s, const char *text, void *to)
{
    struct str value = str_of(text);
    int64_t number = 0;
    switch (s->type) {
    case TYPE_NUMBER:
        if (!parse_bounded(s, value, &number))
            return false;
        *(int32_t *)to = (int32_t)number;
        return true;
    case TYPE_BYTES:
    case TYPE_DURATION:
        return parse_bounded(s, value, to);
    case TYPE_SWITCH:
        return parse_switch(value, to);
    case TYPE_TEXT:
        if (!is_text_allowed(s, value))
            return false;
        *(const char **)to = text;
        return true;
    case TYPE_CHOICE:
        if (place_in(s->unit, value) < 0)
            return false;
        *(int *)to = place_in(s->unit, value);
        return true;
    case TYPE_WORD:
        if (place_in(s->unit, value) < 0)
            return false;
        *(const char **)to = text;
        return true;
    case TYPE_DURATIONS:
    case TYPE_RATES:
        return parse_list(s, value, to);
    }
    return false;
}

void value_describe(const struct setting *s, struct buf *out)
{
    static const char byte_units[] = "(units KiB MiB GiB TiB)";
    static const char duration_units[] = "(units ms s m h d)";
    switch (s->type) {
    case TYPE_NUMBER:
        buf_printf(out, "%s to %s%s%s", s->least, s->most,
                   s->unit[0] ? " " : "", s->unit);
        return;
    case TYPE_BYTES:
        buf_printf(out, "%s to %s %s", s->least, s->most, byte_units);
        return;
    case TYPE_DURATION:
        buf_printf(out, "%s to %s %s", s->least, s->most, duration_units);
        return;
    case TYPE_SWITCH:
        buf_printf(out, "on or off");
        return;
    case TYPE_TEXT:
        buf_printf(out, "text of %s to %s bytes", s->least, s->most);
        return;
    case TYPE_CHOICE:
    case TYPE_WORD:
        buf_printf(out, "one of %s", s->unit);
        return;
    case TYPE_DURATIONS:
        buf_printf(out, "a list of 0 to %s, each %s to %s %s", s->unit,
                   s->least, s->most, duration_units);
        return;
    case TYPE_RATES:
        buf_printf(out, "a list of 1 to %s, each %s to %s (units k M)", s->unit,
                   s->least, s->most);
        return;
    }
}
