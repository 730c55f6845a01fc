// SPDX-License-Identifier: MIT
// json_out.h - writes JSON into a buf; commas and escapes are its business.
//
// `name` is NULL for items of a list and for the outermost value.
//
// Threads: one at a time a struct json_out.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/str.h"

struct json_out {
    struct buf *to;
    bool needs_comma;
};

void json_open(struct json_out *j, const char *name, char bracket); // '{' '['
void json_close(struct json_out *j, char bracket);                  // '}' ']'
void json_str(struct json_out *j, const char *name, struct str text);
void json_text(struct json_out *j, const char *name, const char *text);
void json_int(struct json_out *j, const char *name, int64_t value);
void json_bool(struct json_out *j, const char *name, bool value);
void json_none(struct json_out *j, const char *name); // null
// `json` is JSON already and stands as it is.
void json_raw(struct json_out *j, const char *name, const char *json);
// value / 10^places, exact: 60095 with 3 places is 60.095.
void json_decimal(struct json_out *j, const char *name, int64_t value,
                  int places);
void json_time(struct json_out *j, const char *name, int64_t wall_us);
