// SPDX-License-Identifier: MIT
// value.h - the table of settings and the text forms of their values.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"

enum setting_type {
    TYPE_NUMBER,
    TYPE_BYTES,
    TYPE_DURATION,
    TYPE_SWITCH,
    TYPE_TEXT,
    TYPE_CHOICE,
    TYPE_WORD,
    TYPE_DURATIONS,
    TYPE_RATES,
};

// One line of settings.def, which says what the columns mean.
struct setting {
    enum setting_type type;
    const char *name, *fallback, *least, *most, *unit, *meaning;
    size_t offset; // of the field in struct settings
};

#define HEADING(text)
#define SETTING(type, name, ...) SETTING_##name,
enum {
#include "settings.def"
    SETTINGS,
};
#undef HEADING
#undef SETTING

extern const struct setting setting_table[SETTINGS];

// Reads `text` into the field that `to` points at. Text and words are not
// copied: the field points at `text`. False: not allowed, the field is as it
// was.
must_check bool value_parse(const struct setting *s, const char *text,
                            void *to);

// What is allowed, for people: "1KiB to 1TiB (units KiB MiB GiB TiB)".
void value_describe(const struct setting *s, struct buf *out);
