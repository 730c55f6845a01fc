// SPDX-License-Identifier: MIT
// field.h - the syntax of header fields (RFC 9110 section 5). Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/base/str.h"

bool field_is_token(struct str s); // section 5.6.2, not empty
bool field_is_value(struct str s); // no controls but HTAB
bool field_is_host(struct str s);  // name or address, perhaps a port; or empty

// May the body be gzipped, by this Accept-Encoding?
bool field_accepts_gzip(struct str accept_encoding);

// What stands before the first ';' ("multipart/form-data").
struct str field_media_type(struct str value);

// Finds the parameter `name` of `value` ("a/b; name=x" or name="x"), unquoted
// into `to`. ERR_NOT_FOUND; ERR_BAD_INPUT when it is malformed or longer than
// `room`.
must_check enum err field_param(struct str value, struct str name, char *to,
                                size_t room, struct str *ret);
