// SPDX-License-Identifier: MIT
// fields.h - the JSON that clients send: checked once, here, by name.
//
// Each getter takes one field, checks it and notes what is wrong with it.
// fields_end() then refuses what nobody asked for, so that a misspelled name is
// never silently ignored. All faults are told at once.
//
// Threads: one at a time a struct fields.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

enum {
    FIELDS_DEPTH_MAX = 32,
    FIELDS_KNOWN_MAX = 16,
    FAULTS_MAX = 16,
    FAULT_POINTER_BYTES = 128,
    FAULT_DETAIL_BYTES = 160,
};

struct fault {
    char pointer[FAULT_POINTER_BYTES]; // RFC 6901: "/metadata"
    char detail[FAULT_DETAIL_BYTES];
};
struct faults {
    uint32_t count; // further ones are not kept
    struct fault fault[FAULTS_MAX];
};
// `name` becomes one step of the pointer, escaped.
void faults_add(struct faults *f, struct str name, const char *format, ...)
    printf_like(3, 4);

struct fields {
    json_t *root;
    struct faults faults;
    uint32_t known_count; // names that were asked for: all others are refused
    const char *known[FIELDS_KNOWN_MAX];
};

// ERR_BAD_INPUT: not JSON (UTF-8, no duplicate names, at most FIELDS_DEPTH_MAX
// deep), or not an object. Release with fields_done() in every case.
must_check enum err fields_parse(struct str body, struct fields *ret);
void fields_done(struct fields *f);
static inline void scoped_release_fields(struct fields *held)
{
    fields_done(held);
}

// False: it is not there (or it was at fault). What they give lives as long as
// the struct fields. `name` is a literal.
enum text_form { TEXT_LINE, TEXT_LINES }; // TEXT_LINES: with \n, \r, \t
bool fields_text(struct fields *f, const char *name, enum text_form form,
                 size_t most_bytes, struct str *ret);
bool fields_int(struct fields *f, const char *name, int64_t least, int64_t most,
                int64_t *ret);
bool fields_bool(struct fields *f, const char *name, bool *ret);
bool fields_object(struct fields *f, const char *name, const json_t **ret);
// Calls `each` for each text of a list of at most `most`.
bool fields_texts(struct fields *f, const char *name, size_t most,
                  void (*each)(void *context, struct str text), void *context);
// A list of 1 to `most`, whatever is in it.
bool fields_list(struct fields *f, const char *name, size_t most,
                 const json_t **ret);
// Seconds, to the nearest microsecond, as a number from 0 on; null is as if it
// were not there.
bool fields_seconds(struct fields *f, const char *name, int64_t *ret_us);
// Takes the field, whatever it is; NULL: it is not there.
const json_t *fields_any(struct fields *f, const char *name);
// Takes the field, where it is null; else it is still to be asked for.
bool fields_takes_null(struct fields *f, const char *name);
// ERR_BAD_INPUT when there was any fault or a name is left over.
must_check enum err fields_end(struct fields *f);

// The rule for texts from outside, wherever they come from (queries, multipart
// fields): NULL if fine, else what is wrong.
const char *text_fault(struct str text, enum text_form form, size_t most_bytes);

// A JSON object as compact text with sorted names, ERR_TOO_LARGE past `most`.
must_check enum err object_text(const json_t *object, size_t most,
                                char **ret_text);
// An object or a list, as deep as fields_parse() takes it. Release with
// json_decref().
must_check enum err json_value_parse(struct str text, json_t **ret);
// A number of seconds from 0 on, under three years. False: it is not.
bool json_seconds(const json_t *value, int64_t *ret_us);
must_check enum err object_parse(struct str text, json_t **ret_object);
// RFC 7396: what `patch` says is laid over `target`, which is changed. Both are
// objects.
void object_merge(json_t *target, const json_t *patch);
