// SPDX-License-Identifier: MIT
// read.h - what clients send, read leniently: null is absent, unknown members
// are nobody's business, and some names come in two spellings.
//
// ERR_BAD_INPUT with a sentence for the client where a member is of the wrong
// type or out of range; *ret is untouched where there is none.
//
// Threads: any.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "reeld/api/fields.h"
#include "reeld/base/err.h"
#include "reeld/base/str.h"

// NULL where it is absent or null, or `object` is not one.
const json_t *member(const json_t *object, const char *name);

must_check enum err read_text(const json_t *object, const char *name,
                              enum text_form form, size_t most_bytes,
                              struct str *ret);
must_check enum err read_seconds(const json_t *object, const char *name,
                                 int64_t *ret_us);
must_check enum err read_bool(const json_t *object, const char *name,
                              bool *ret);
// Is the member absent, or this number? For what cannot be done otherwise.
bool is_number(const json_t *object, const char *name, int64_t value);
// A list of at most `most`; absent: *ret stays.
must_check enum err read_list(const json_t *object, const char *name,
                              size_t most, const json_t **ret);
// [start, end], end null: to the end (INT64_MAX).
must_check enum err read_range(const json_t *pair, int64_t *ret_start_us,
                               int64_t *ret_end_us);
