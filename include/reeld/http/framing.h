// SPDX-License-Identifier: MIT
// framing.h - is it beyond doubt where a request ends? Pure.
//
// libmicrohttpd 0.9.75 lets requests through that a proxy in front may cut in
// another place, so that a second one is smuggled in (threat-model F15,
// SEC-09).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/str.h"

enum { FRAMING_HEADERS_MAX = 100 };

struct framing { // start with all zero
    uint32_t headers, lengths, encodings, hosts;
    bool has_bad_name, has_bad_value, has_bad_length, has_bad_host;
    bool is_chunked;
    bool expects_continue;
    int64_t length; // of the body, where lengths > 0
};

void framing_add(struct framing *f, struct str name, struct str value);

// What is wrong, for the client; NULL if nothing is.
const char *framing_fault(const struct framing *f, bool is_http_1_0);

// A body follows the header.
bool framing_has_body(const struct framing *f);
