// SPDX-License-Identifier: MIT
// id.h - names of things: a prefix, a dash, 26 characters of Crockford base32.
//
// The characters are a UUIDv7 (RFC 9562 section 5.7), lower case, so that ids
// sort by time of birth; a stream's come from a hash of its content instead.
//
// Threads: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/str.h"

enum {
    ID_BODY_LEN = 26,
    ID_TEXT_BYTES = 32, // longest prefix "img", dash, body, NUL
};

struct id {
    char text[ID_TEXT_BYTES]; // NUL terminated; safe in paths, SQL and JSON
};

// A fresh id, unique for practical purposes (74 random bits a millisecond).
struct id id_new(const char *prefix);

// The id whose body are the first 130 bits of `hash` (at least 17 bytes).
struct id id_from_hash(const char *prefix, const uint8_t *hash);

// Accepts only a prefix out of the fixed list m a img w s c j k u, a dash and
// 26 characters of the alphabet. ERR_BAD_INPUT otherwise.
must_check enum err id_parse(struct str text, struct id *ret);

bool id_has_prefix(const struct id *id, const char *prefix);
bool id_eq(const struct id *a, const struct id *b);
