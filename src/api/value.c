// SPDX-License-Identifier: MIT
// value.c - JSON from clients: parsed within bounds, seconds as microseconds.
#include "reeld/api/fields.h"

static const double seconds_max = 1e8; // three years

// jansson recurses as deep as the text nests, so that is looked at first. Only
// brackets outside of strings count; what is not JSON is jansson's to refuse.
static bool is_too_deep(struct str text)
{
    int depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_string) {
            i += c == '\\';
            is_string = c != '"';
        } else if (c == '"') {
            is_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > FIELDS_DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

enum err json_value_parse(struct str text, json_t **ret)
{
    if (is_too_deep(text))
        return fail(ERR_BAD_INPUT, "JSON nested deeper than %d",
                    FIELDS_DEPTH_MAX);
    json_error_t error;
    json_t *value = json_loadb(text.len ? text.ptr : "", text.len,
                               JSON_REJECT_DUPLICATES, &error);
    if (!value)
        return fail(ERR_BAD_INPUT, "not JSON: %s (line %d, column %d)",
                    error.text, error.line, error.column);
    *ret = value;
    return OK;
}

enum err object_parse(struct str text, json_t **ret_object)
{
    json_t *value = NULL;
    TRY(json_value_parse(text, &value));
    if (!json_is_object(value)) {
        json_decref(value);
        return fail(ERR_BAD_INPUT, "a JSON object is wanted");
    }
    *ret_object = value;
    return OK;
}

// JSON has no whole microseconds: the nearest one of a number of seconds.
bool json_seconds(const json_t *value, int64_t *ret_us)
{
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds >= 0 && seconds < seconds_max))
        return false;
    *ret_us = (int64_t)(seconds * 1e6 + 0.5);
    return true;
}
