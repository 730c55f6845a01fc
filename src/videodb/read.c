// SPDX-License-Identifier: MIT
// read.c - members of what clients send.
#include "reeld/videodb/read.h"

const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

enum err read_text(const json_t *object, const char *name, enum text_form form,
                   size_t most_bytes, struct str *ret)
{
    const json_t *value = member(object, name);
    if (!value)
        return OK;
    if (!json_is_string(value))
        return fail(ERR_BAD_INPUT, "%s must be a text", name);
    struct str text = {json_string_value(value), json_string_length(value)};
    const char *fault = text_fault(text, form, most_bytes);
    if (fault)
        return fail(ERR_BAD_INPUT, "%s %s (at most %zu bytes)", name, fault,
                    most_bytes);
    *ret = text;
    return OK;
}

enum err read_seconds(const json_t *object, const char *name, int64_t *ret_us)
{
    const json_t *value = member(object, name);
    if (!value || json_seconds(value, ret_us))
        return OK;
    return fail(ERR_BAD_INPUT, "%s must be a number of seconds, from 0 on",
                name);
}

enum err read_bool(const json_t *object, const char *name, bool *ret)
{
    const json_t *value = member(object, name);
    if (!value)
        return OK;
    if (!json_is_boolean(value))
        return fail(ERR_BAD_INPUT, "%s must be true or false", name);
    *ret = json_is_true(value);
    return OK;
}

bool is_number(const json_t *object, const char *name, int64_t value)
{
    const json_t *said = member(object, name);
    if (!said)
        return true;
    int64_t us = -1;
    return json_seconds(said, &us) && us == value * 1000000;
}

enum err read_list(const json_t *object, const char *name, size_t most,
                   const json_t **ret)
{
    const json_t *value = member(object, name);
    if (!value)
        return OK;
    if (!json_is_array(value))
        return fail(ERR_BAD_INPUT, "%s must be a list", name);
    if (json_array_size(value) > most)
        return fail(ERR_BAD_INPUT, "%s has more than %zu entries", name, most);
    *ret = value;
    return OK;
}

enum err read_range(const json_t *pair, int64_t *ret_start_us,
                    int64_t *ret_end_us)
{
    const json_t *start = json_array_get(pair, 0);
    const json_t *end = json_array_get(pair, 1);
    int64_t start_us = 0, end_us = INT64_MAX;
    if (json_array_size(pair) != 2 || !json_seconds(start, &start_us) ||
        (!json_is_null(end) && !json_seconds(end, &end_us)))
        return fail(ERR_BAD_INPUT,
                    "a range is [start, end] in seconds, from 0 on");
    *ret_start_us = start_us;
    *ret_end_us = end_us;
    return OK;
}
