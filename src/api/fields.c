// SPDX-License-Identifier: MIT
// fields.c - JSON objects from clients, checked field by field.
#include "reeld/api/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reeld/base/mem.h"

// RFC 6901 section 3: ~ and / inside a name are written ~0 and ~1.
static void write_pointer(char to[static FAULT_POINTER_BYTES], struct str name)
{
    char step[FAULT_POINTER_BYTES] = "/";
    size_t len = 1;
    for (size_t i = 0; i < name.len && len < sizeof(step) - 2; i++) {
        char c = name.ptr[i];
        if (c == '~' || c == '/') {
            step[len++] = '~';
            step[len++] = c == '~' ? '0' : '1';
        } else {
            step[len++] = c;
        }
    }
    str_copy(to, FAULT_POINTER_BYTES, (struct str){step, len});
}

void faults_add(struct faults *f, struct str name, const char *format, ...)
{
    if (f->count == FAULTS_MAX)
        return;
    struct fault *fault = &f->fault[f->count++];
    write_pointer(fault->pointer, name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->detail, sizeof(fault->detail), format, arguments);
    va_end(arguments);
}

enum err fields_parse(struct str body, struct fields *ret)
{
    ret->root = NULL;
    ret->faults.count = 0;
    ret->known_count = 0;
    return object_parse(body, &ret->root);
}

void fields_done(struct fields *f)
{
    json_decref(f->root);
    f->root = NULL;
}

// The value of that name; the name is known from now on. A null counts as a
// value, so that each getter refuses it in its own words.
static const json_t *value_of(struct fields *f, const char *name)
{
    assert(f->known_count < FIELDS_KNOWN_MAX);
    f->known[f->known_count++] = name;
    return json_object_get(f->root, name);
}

static bool is_control(char c, enum text_form form)
{
    if (form == TEXT_LINES && (c == '\n' || c == '\r' || c == '\t'))
        return false;
    return (unsigned char)c < 0x20 || c == 0x7f;
}

const char *text_fault(struct str text, enum text_form form, size_t most_bytes)
{
    if (text.len > most_bytes)
        return "is too long";
    if (!str_is_utf8(text))
        return "is not valid UTF-8";
    for (size_t i = 0; i < text.len; i++) {
        bool is_c1 = text.ptr[i] == '\xc2' && i + 1 < text.len &&
                     (unsigned char)text.ptr[i + 1] < 0xa0;
        if (is_control(text.ptr[i], form) || is_c1)
            return "holds a control character";
    }
    return NULL;
}

bool fields_text(struct fields *f, const char *name, enum text_form form,
                 size_t most_bytes, struct str *ret)
{
    const json_t *value = value_of(f, name);
    if (!value)
        return false;
    if (!json_is_string(value)) {
        faults_add(&f->faults, str_of(name), "must be a string");
        return false;
    }
    struct str text = {json_string_value(value), json_string_length(value)};
    const char *fault = text_fault(text, form, most_bytes);
    if (fault)
        faults_add(&f->faults, str_of(name), "%s (at most %zu bytes)", fault,
                   most_bytes);
    else
        *ret = text;
    return !fault;
}

bool fields_int(struct fields *f, const char *name, int64_t least, int64_t most,
                int64_t *ret)
{
    const json_t *value = value_of(f, name);
    if (!value)
        return false;
    int64_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= least && number <= most) {
        *ret = number;
        return true;
    }
    faults_add(&f->faults, str_of(name),
               "must be a whole number from %" PRId64 " to %" PRId64, least,
               most);
    return false;
}

bool fields_bool(struct fields *f, const char *name, bool *ret)
{
    const json_t *value = value_of(f, name);
    if (!value)
        return false;
    if (json_is_boolean(value)) {
        *ret = json_is_true(value);
        return true;
    }
    faults_add(&f->faults, str_of(name), "must be true or false");
    return false;
}

bool fields_object(struct fields *f, const char *name, const json_t **ret)
{
    const json_t *value = value_of(f, name);
    if (!value)
        return false;
    if (json_is_object(value)) {
        *ret = value;
        return true;
    }
    faults_add(&f->faults, str_of(name), "must be an object");
    return false;
}

bool fields_texts(struct fields *f, const char *name, size_t most,
                  void (*each)(void *context, struct str text), void *context)
{
    const json_t *value = value_of(f, name);
    if (!value)
        return false;
    bool is_fine = json_is_array(value) && json_array_size(value) <= most;
    for (size_t i = 0; is_fine && i < json_array_size(value); i++)
        is_fine = json_is_string(json_array_get(value, i));
    if (!is_fine) {
        faults_add(&f->faults, str_of(name),
                   "must be a list of at most %zu strings", most);
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        each(context,
             (struct str){json_string_value(item), json_string_length(item)});
    }
    return true;
}

bool fields_list(struct fields *f, const char *name, size_t most,
                 const json_t **ret)
{
    const json_t *value = value_of(f, name);
    size_t size = json_array_size(value);
    if (!json_is_array(value) || size == 0 || size > most) {
        faults_add(&f->faults, str_of(name), "must be a list of 1 to %zu",
                   most);
        return false;
    }
    *ret = value;
    return true;
}

bool fields_seconds(struct fields *f, const char *name, int64_t *ret_us)
{
    const json_t *value = value_of(f, name);
    if (!value || json_is_null(value))
        return false;
    bool is_good = json_seconds(value, ret_us);
    if (!is_good)
        faults_add(&f->faults, str_of(name),
                   "must be a number of seconds, from 0 on");
    return is_good;
}

const json_t *fields_any(struct fields *f, const char *name)
{
    return value_of(f, name);
}

bool fields_takes_null(struct fields *f, const char *name)
{
    return json_is_null(json_object_get(f->root, name)) && value_of(f, name);
}

static bool is_known(const struct fields *f, const char *name)
{
    for (uint32_t i = 0; i < f->known_count; i++)
        if (strcmp(f->known[i], name) == 0)
            return true;
    return false;
}

enum err fields_end(struct fields *f)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(f->root, name, value)
    {
        if (!is_known(f, name))
            faults_add(&f->faults, str_of(name), "there is no such field");
    }
    if (f->faults.count > 0)
        return fail(ERR_BAD_INPUT, "%s %s", f->faults.fault[0].pointer,
                    f->faults.fault[0].detail);
    return OK;
}

enum err object_text(const json_t *object, size_t most, char **ret_text)
{
    scoped(mem) char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return fail(ERR_BAD_INPUT, "this JSON cannot be written");
    if (strlen(text) > most)
        return fail(ERR_TOO_LARGE, "longer than %zu bytes as JSON", most);
    *ret_text = take(text);
    return OK;
}

// `patch` is at most FIELDS_DEPTH_MAX deep, and so is the recursion.
// NOLINTNEXTLINE(misc-no-recursion)
void object_merge(json_t *target, const json_t *patch)
{
    const char *name = NULL;
    json_t *value = NULL;
    // jansson's loop takes no const object; nothing of it is changed.
    json_object_foreach((json_t *)(uintptr_t)patch, name, value)
    {
        if (json_is_null(value)) {
            json_object_del(target, name);
            continue;
        }
        if (!json_is_object(value)) {
            json_object_set(target, name, value);
            continue;
        }
        json_t *inner = json_object_get(target, name);
        if (!json_is_object(inner)) {
            json_object_set_new(target, name, json_object());
            inner = json_object_get(target, name);
        }
        object_merge(inner, value);
    }
}
