// SPDX-License-Identifier: MIT
// uri.h - request targets taken apart: path, parts, query. Pure.
//
// Everything is decoded once, and what could be read in two ways is refused:
// threat-model section 6 (SEC-10).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/base/str.h"

enum { URI_PARTS_MAX = 64 };

struct uri {
    struct str path;  // raw, starts with '/'
    struct str query; // raw, behind '?'; empty if there is none
};

// Splits a request target in origin or absolute form (RFC 9112 section 3.2).
// ERR_BAD_INPUT: no path, or characters that no target may hold.
must_check enum err uri_split(struct str target, struct uri *ret);

// Is the path of this target `prefix`, or below it? As it came, nothing is
// decoded; `prefix` has no '/' at its end. Any target may be asked about.
bool uri_is_below(struct str target, struct str prefix);

struct uri_path {
    size_t count; // parts; 0 for "/"
    struct str part[URI_PARTS_MAX];
};

// Decodes each part of `path` once, into `to` (path.len bytes of room); the
// parts lie there one behind the other with a '/' between them. ERR_BAD_INPUT
// for parts with '/', '\', controls or bad UTF-8, for "." and "..", for broken
// escapes and for more than URI_PARTS_MAX parts.
must_check enum err uri_decode_path(struct str path, char *to,
                                    struct uri_path *ret);

// "a//b/" becomes "a/b", for clients that add slashes.
void uri_drop_empty_parts(struct uri_path *p);

struct uri_pair {
    struct str name, value;
};

// How many pairs uri_decode_query() may write at the most.
size_t uri_query_pairs(struct str query);
// Decodes "a=b&c=d" into `pairs`, the text into `to` (query.len bytes); '+' is
// a blank. ERR_BAD_INPUT for broken escapes, NUL and bad UTF-8.
must_check enum err uri_decode_query(struct str query, char *to,
                                     struct uri_pair *pairs, size_t *ret_count);
