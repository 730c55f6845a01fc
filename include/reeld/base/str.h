// SPDX-License-Identifier: MIT
// str.h - borrowed text: a pointer and a length, no terminator promised.
//
// Threads: any; nothing here keeps state.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"

struct str {
    const char *ptr; // may be NULL only if len is 0
    size_t len;      // bytes
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
// For printf: printf("%.*s", STR_ARG(s)).
#define STR_ARG(s) (int)(s).len, (s).ptr

struct str str_of(const char *text); // NULL gives the empty string
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); // ASCII letters only
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s); // blanks and tabs at both ends
struct str str_skip(struct str s, size_t bytes);

// Cuts *rest at the first `separator`: returns what stands before it and
// leaves in *rest what stands behind it. Without one: returns all, *rest is
// empty with a NULL pointer, so that a loop `while (rest.ptr)` sees a trailing
// empty field.
struct str str_cut(struct str *rest, char separator);

// A heap copy with a terminator; release with free().
char *str_dup(struct str s);

// Copies into `to` with a terminator, cut at a UTF-8 boundary if too long.
void str_copy(char *to, size_t to_bytes, struct str s);

// Strict decimal: digits only (a leading '-' if least < 0), no blanks, no plus
// sign, in [least, most]. ERR_BAD_INPUT otherwise, naming no field: the caller
// knows it.
must_check enum err str_to_int(struct str s, int64_t least, int64_t most,
                               int64_t *ret);

// Valid UTF-8 without NUL (RFC 3629: no surrogates, no overlong forms).
bool str_is_utf8(struct str s);
// Like str_is_utf8(), and no control character (U+0000-1F, U+7F-9F).
bool str_is_printable(struct str s);
