// SPDX-License-Identifier: MIT
// forms.h - small texts out of headers. Pure.
//
// Threads: any.
#pragma once

#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"

// "rk_{26 characters}_{43 of base64url}": the id has the prefix "k-". The form
// alone. ERR_BAD_INPUT.
must_check enum err key_parse(struct str text, struct id *ret_id,
                              uint8_t ret_secret[static HASH_BYTES]);

// "sha-256=:BASE64:" among the members of a Content-Digest (RFC 9530).
// ERR_NOT_FOUND when it names other algorithms only, ERR_BAD_INPUT.
must_check enum err content_digest_parse(struct str value, struct digest *ret);
