// SPDX-License-Identifier: MIT
// etag.h - entity tags (RFC 9110 sections 8.8.3 and 13.1). Pure.
#pragma once

#include <stdbool.h>

#include "reeld/base/str.h"

// Is the strong tag `etag` ("..." with quotes) in `list`, the value of
// If-None-Match (weak comparison) or If-Match, If-Range (strong)? "*" names
// every tag. What cannot be read ends the list.
bool etag_in_list(struct str list, struct str etag, bool is_strong);
